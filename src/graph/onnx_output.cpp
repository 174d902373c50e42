// SPDX-License-Identifier: Apache-2.0

#include "onnx_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

constexpr double even_chance = 0.5;

// What an output can be for a classifier, the most telling first.
enum class Head { scores, label, single_score };

std::optional<Head> head_of(const Graph& graph, const Output& output) {
  if (output.binding == nullptr || output.binding->constant || output.binding->view != View{}) return {};
  if (output.binding->is_label) return Head::label;
  const Dims& dims = graph.dims(output.binding->value);
  if (elements(dims) == 1) return Head::single_score;
  const auto wide = std::count_if(dims.begin() + 1, dims.end(), [](std::int64_t size) { return size != 1; });
  if (wide == 1) return Head::scores;
  return {};
}

std::string described(const Graph& graph, const Output& output) {
  if (output.binding == nullptr) return fmt::format("'{}' (which nothing gives)", output.name);
  if (output.binding->constant) return fmt::format("'{}' (constant)", output.name);
  if (output.binding->is_label) return fmt::format("'{}' (labels)", output.name);
  return fmt::format("'{}' ({})", output.name, to_string(graph.dims(output.binding->value)));
}

std::string listed(const Graph& graph, const std::vector<Output>& outputs) {
  std::vector<std::string> words;
  for (const Output& output : outputs) words.push_back(described(graph, output));
  return fmt::format("{}", fmt::join(words, ", "));
}

const Output& named(const Graph& graph, const std::vector<Output>& outputs, const std::string& name) {
  const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const Output& output) { return output.name == name; });
  require(found != outputs.end(), fmt::format("it has no output '{}'; it has {}", name, listed(graph, outputs)));
  return *found;
}

const Output& only_fitting(const Graph& graph, const std::vector<Output>& outputs) {
  if (outputs.size() == 1) return outputs[0];
  for (const Head head : {Head::scores, Head::label, Head::single_score}) {
    std::vector<Output> fitting;
    std::copy_if(outputs.begin(), outputs.end(), std::back_inserter(fitting),
                 [&](const Output& output) { return head_of(graph, output) == head; });
    require(fitting.size() <= 1,
            fmt::format("several of its outputs may be the classifier's: {}; say which by --output NAME", listed(graph, fitting)));
    if (!fitting.empty()) return *std::find_if(outputs.begin(), outputs.end(), [&](const Output& o) { return o.name == fitting[0].name; });
  }
  throw InputError(fmt::format("its outputs are {}; a classifier gives batch x classes", listed(graph, outputs)));
}

bool is_probability(const Graph& graph, ValueId value) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
    const auto* activation = std::get_if<Activation>(&node.operation);
    return node.output == value && activation != nullptr && activation->kind == Activation::Kind::sigmoid;
  });
}

// The value behind reshapes that stand between it and the output.
ValueId before_reshapes(const Graph& graph, ValueId value) {
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (node->output == value && std::holds_alternative<Reshape>(node->operation)) value = node->inputs[0];
  }
  return value;
}

// Two scores, the threshold and the network's: the second class is where its score is above.
ValueId two_scores(Graph& graph, ValueId score, std::optional<double> wanted) {
  const double threshold = wanted.value_or(is_probability(graph, before_reshapes(graph, score)) ? even_chance : 0);
  require(std::isfinite(threshold), fmt::format("--threshold {}: a finite number is needed", threshold));
  graph.reading["model_threshold"] = fmt::format("{}", threshold);
  const std::string name = graph.value(score).name;
  if (graph.dims(score) != Dims{batch, 1}) score = graph.append(Reshape{}, name + ".score", {score}, {batch, 1});
  const ValueId constant = graph.add_constant(name + ".threshold", {{1, 1}, {static_cast<float>(threshold)}});
  return graph.append(Concat{1}, name + ".scores", {constant, score});
}

}  // namespace

void take_output(Graph& graph, const std::vector<Output>& outputs, const OnnxOptions& options) {
  require(!outputs.empty(), "it has no output");
  const Output& output = !options.output.empty() ? named(graph, outputs, options.output)
                         : options.classifier    ? only_fitting(graph, outputs)
                                                 : outputs[0];
  require(output.binding != nullptr && !output.binding->constant,
          fmt::format("its output '{}' is not computed from its input", output.name));
  const Binding& taken = *output.binding;
  require(taken.view == View{}, fmt::format("its output '{}' is {}: the batch must come first, one row for each image", output.name,
                                            to_string(taken.view.in_file(graph.dims(taken.value)))));
  graph.output = output.binding->value;
  if (outputs.size() > 1) graph.reading["model_output"] = output.name;
  if (!options.classifier) return;
  const auto head = head_of(graph, output);
  require(head.has_value(), fmt::format("its output is {}; a classifier gives batch x classes", described(graph, output)));
  const bool single = head == Head::single_score;
  require(single || !options.threshold,
          fmt::format("--threshold is for one score an image, and its output is {}", described(graph, output)));
  if (single) graph.output = two_scores(graph, graph.output, options.threshold);
  graph.classes();
}

}  // namespace ballast::graph
