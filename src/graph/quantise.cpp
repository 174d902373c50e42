// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/quantise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/graph/passes.hpp"

namespace ballast::graph {
namespace {

constexpr float largest_weight = 127;
constexpr float steps_above_zero = 255, steps_to_a_side = 127, middle = 128;
constexpr float least_step = 1e-15F;  // what is smaller is 0: products of two are still far from the least number
constexpr double most_off = 1e-4;     // of a step: what the rounding of 127 steps in single precision comes to, and a little more

bool is_layer_of_constants(const Graph& graph, const Node& node) {
  return (std::holds_alternative<Convolution>(node.operation) || std::holds_alternative<Linear>(node.operation)) &&
         graph.is_constant(node.inputs[1]) && !graph.is_constant(node.inputs[0]);
}

// What is to be rounded, and whose inputs become that.
class QuantisationPlan {
 public:
  explicit QuantisationPlan(const Graph& graph) : graph_(graph) {
    find_layers();
    for (const std::size_t i : layers_) read_rounded(graph.nodes[i].inputs[0], i);
    for (const std::size_t i : layers_) {
      if (std::holds_alternative<Convolution>(graph.nodes[i].operation)) round_sum_behind(i);
    }
  }

  // By value: the nodes that read it rounded.
  const std::map<ValueId, std::set<std::size_t>>& readers() const { return readers_; }
  const std::set<std::size_t>& layers() const { return layers_; }

 private:
  void find_layers() {
    std::set<ValueId> before_layers{graph_.input}, behind_layers{graph_.output};
    for (const Node& node : graph_.nodes) {
      const bool is_first = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return before_layers.count(id) > 0; });
      if (is_first && !is_layer_of_constants(graph_, node)) before_layers.insert(node.output);
    }
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
      if (behind_layers.count(node->output) && !is_layer_of_constants(graph_, *node))
        behind_layers.insert(node->inputs.begin(), node->inputs.end());
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (is_layer_of_constants(graph_, node) && !before_layers.count(node.inputs[0]) && !behind_layers.count(node.output))
        layers_.insert(i);
    }
  }

  std::vector<std::size_t> readers_of(ValueId id) const {
    std::vector<std::size_t> readers;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (std::count(graph_.nodes[i].inputs.begin(), graph_.nodes[i].inputs.end(), id)) readers.push_back(i);
    }
    return readers;
  }

  void read_rounded(ValueId id, std::size_t reader) { readers_[id].insert(reader); }

  // A sum right behind a convolution, and the activation behind that.
  void round_sum_behind(std::size_t convolution) {
    const ValueId sums = graph_.nodes[convolution].output;
    const auto readers = readers_of(sums);
    if (readers.size() != 1) return;
    const Node& sum = graph_.nodes[readers[0]];
    const auto* binary = std::get_if<Binary>(&sum.operation);
    if (!binary || binary->kind != Binary::Kind::add) return;
    const ValueId other = sum.inputs[0] == sums ? sum.inputs[1] : sum.inputs[0];
    if (graph_.is_constant(other) || other == graph_.input || other == sums || graph_.dims(other) != graph_.dims(sums)) return;
    ValueId end = sum.output;
    auto behind = readers_of(end);
    while (behind.size() == 1 && end != graph_.output && std::holds_alternative<Activation>(graph_.nodes[behind[0]].operation)) {
      end = graph_.nodes[behind[0]].output;
      behind = readers_of(end);
    }
    if (end == graph_.output) return;
    // Of two layers that are added, the later one adds the other's numbers to its own.
    for (const std::size_t layer : layers_) {
      if (layer > convolution && graph_.nodes[layer].output == other) return;
    }
    read_rounded(other, readers[0]);
    for (const std::size_t reader : behind) read_rounded(end, reader);
  }

  const Graph& graph_;
  std::set<std::size_t> layers_;
  std::map<ValueId, std::set<std::size_t>> readers_;
};

Tensor rounded_weights(const Tensor& weights) {
  Tensor result = weights;
  const std::size_t rows = static_cast<std::size_t>(weights.dims[0]), size = weights.values.size() / std::max<std::size_t>(rows, 1);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto own = std::span(result.values).subspan(row * size, size);
    float greatest = 0;
    for (const float value : own) {
      require(std::isfinite(value), "its weights hold a number that is not finite");
      greatest = std::max(greatest, std::abs(value));
    }
    const float step = greatest / largest_weight;
    for (float& value : own)
      value = step < least_step ? 0 : std::clamp(std::nearbyint(value / step), -largest_weight, largest_weight) * step;
  }
  return result;
}

// Nothing for the values of one row that are no multiples of one step.
std::optional<float> step_of(std::span<const float> row) {
  std::set<float> sizes;
  for (const float value : row) {
    if (!std::isfinite(value)) return {};
    sizes.insert(std::abs(value));
    if (sizes.size() > static_cast<std::size_t>(largest_weight) + 1) return {};
  }
  const double greatest = static_cast<double>(*sizes.rbegin());
  if (greatest == 0) return 1.0f;
  for (int count = 1; count <= static_cast<int>(largest_weight); ++count) {
    const double step = greatest / count;
    const bool fits = std::all_of(sizes.begin(), sizes.end(), [&](float value) {
      const double steps = static_cast<double>(value) / step;
      return std::abs(steps - std::nearbyint(steps)) <= most_off;
    });
    if (fits) return static_cast<float>(step);
  }
  return {};
}

}  // namespace

std::vector<ValueId> values_to_quantise(const Graph& graph) {
  std::vector<ValueId> values;
  const QuantisationPlan plan(graph);
  for (const auto& [id, readers] : plan.readers()) values.push_back(id);
  return values;
}

Graph extremes_of(const Graph& graph, std::span<const ValueId> values) {
  Graph result = graph;
  std::vector<ValueId> extremes;
  for (const ValueId id : values) {
    const std::string name = graph.value(id).name;
    const ValueId flat = result.append(Reshape{}, name + ".flat", {id}, {batch, elements(graph.dims(id))});
    for (const auto kind : {Reduce::Kind::min, Reduce::Kind::max})
      extremes.push_back(result.append(Reduce{{1}, true, kind}, name + ".extreme", {flat}));
  }
  result.output = result.append(Concat{1}, "extremes", extremes);
  remove_unused(result);
  return result;
}

Graph quantised(const Graph& graph, std::span<const Extremes> extremes) {
  const QuantisationPlan plan(graph);
  require(plan.readers().size() == extremes.size(), "as many extremes are needed as there are values to quantise");
  Graph result = graph;
  result.nodes.clear();
  std::map<ValueId, Activation> roundings;
  std::size_t next = 0;
  for (const auto& [id, readers] : plan.readers()) {
    const auto [least, greatest] = extremes[next++];
    require(std::isfinite(least) && std::isfinite(greatest),
            fmt::format("value '{}' reaches from {} to {}: it cannot be quantised", graph.value(id).name, least, greatest));
    const bool is_signed = least < 0;
    const float step = is_signed ? std::max(-least, greatest) / steps_to_a_side : greatest / steps_above_zero;
    roundings[id] = {Activation::Kind::quantise, step < least_step ? 1 : step, is_signed ? middle : 0};
  }

  std::map<ValueId, ValueId> rounded;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node node = graph.nodes[i];
    for (ValueId& id : node.inputs) {
      const auto found = plan.readers().find(id);
      if (found != plan.readers().end() && found->second.count(i)) id = rounded.at(id);
    }
    if (plan.layers().count(i)) {
      try {
        node.inputs[1] = result.add_constant(node.name + ".quantised_weight", rounded_weights(graph.tensor(node.inputs[1])));
      } catch (const InputError& error) {
        throw InputError(fmt::format("{} node '{}': {}", name_of(node.operation), node.name, error.what()));
      }
    }
    const ValueId output = node.output;
    result.nodes.push_back(std::move(node));
    if (const auto found = roundings.find(output); found != roundings.end())
      rounded[output] = result.append(found->second, graph.value(output).name + ".quantised", {output});
  }
  remove_unused(result);
  return result;
}

std::optional<WholeWeights> whole_weights(const Tensor& weights) {
  if (weights.dims.size() < 2 || weights.values.empty()) return {};
  WholeWeights whole;
  const std::size_t rows = static_cast<std::size_t>(weights.dims[0]), size = weights.values.size() / rows;
  if (size == 0) return {};
  for (std::size_t row = 0; row < rows; ++row) {
    const auto own = std::span(weights.values).subspan(row * size, size);
    const auto step = step_of(own);
    if (!step) return {};
    whole.steps.push_back(*step);
    for (const float value : own) whole.numbers.push_back(static_cast<std::int8_t>(std::nearbyint(value / *step)));
  }
  return whole;
}

}  // namespace ballast::graph
