// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/graph.hpp"

#include <fmt/format.h>

#include <set>

#include "ballast/core/errors.hpp"

namespace ballast::graph {

std::int64_t elements(const Dims& dims) {
  std::int64_t count = 1;
  for (const std::int64_t size : dims) count *= size == batch ? 1 : size;
  return count;
}

std::string to_string(const Dims& dims) {
  std::string text;
  for (const std::int64_t size : dims) {
    if (!text.empty()) text += " x ";
    text += size == batch ? "batch" : std::to_string(size);
  }
  return text.empty() ? "scalar" : text;
}

ValueId Graph::add_input(std::string name, Dims dims) {
  values.push_back({std::move(name), std::move(dims), nullptr});
  return input = static_cast<ValueId>(values.size()) - 1;
}

ValueId Graph::add_constant(std::string name, Tensor tensor) {
  Dims dims = tensor.dims;
  values.push_back({std::move(name), std::move(dims), std::make_shared<const Tensor>(std::move(tensor))});
  return static_cast<ValueId>(values.size()) - 1;
}

ValueId Graph::append(Operation operation, std::string name, std::vector<ValueId> inputs, Dims output_dims) {
  std::vector<Dims> input_dims;
  for (const ValueId id : inputs) input_dims.push_back(dims(id));
  try {
    output_dims = infer_dims(operation, input_dims, output_dims);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{} node '{}': {}", name_of(operation), name, error.what()));
  }
  values.push_back({name, std::move(output_dims), nullptr});
  const auto result = static_cast<ValueId>(values.size()) - 1;
  nodes.push_back({std::move(operation), std::move(name), std::move(inputs), result});
  return result;
}

int Graph::classes() const {
  const Dims& out = dims(output);
  require(elements(out) >= 2 && elements(out) <= 1'000'000 && out[0] == batch,
          fmt::format("the network's output is {}; a classifier gives batch x classes", to_string(out)));
  return static_cast<int>(elements(out));
}

std::int64_t multiply_adds(const Graph& graph, const Node& node) {
  const std::int64_t outputs = elements(graph.dims(node.output));
  if (std::holds_alternative<Convolution>(node.operation)) {
    const Dims& weights = graph.dims(node.inputs[1]);
    return outputs * weights[1] * weights[2] * weights[3];
  }
  if (std::holds_alternative<Linear>(node.operation) || std::holds_alternative<MatMul>(node.operation)) {
    return outputs * graph.dims(node.inputs[0]).back();
  }
  return 0;
}

Cost cost(const Graph& graph) {
  Cost total;
  std::set<ValueId> counted;
  for (const Node& node : graph.nodes) {
    total.multiply_adds += multiply_adds(graph, node);
    for (const ValueId id : node.inputs) {
      if (graph.is_constant(id) && counted.insert(id).second) total.parameters += elements(graph.dims(id));
    }
  }
  return total;
}

}  // namespace ballast::graph
