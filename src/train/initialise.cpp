// SPDX-License-Identifier: Apache-2.0

#include "initialise.hpp"

#include <cmath>

#include "ballast/noise/stream.hpp"
#include "draws.hpp"

namespace ballast::train {
namespace {

void fill(graph::Graph& graph, graph::ValueId id, double deviation, std::uint64_t seed) {
  graph::Tensor tensor = graph.tensor(id);
  std::vector<std::uint32_t> words(2 * tensor.values.size());
  noise::fill_words({seed, noise::Purpose::initialisation, static_cast<std::uint32_t>(id)}, 0, 0, 0, words);
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    tensor.values[i] = static_cast<float>(deviation) * normal(words[2 * i], words[2 * i + 1]);
  }
  graph.value(id).constant = std::make_shared<const graph::Tensor>(std::move(tensor));
}

}  // namespace

void initialise(graph::Graph& graph, std::uint64_t seed) {
  for (const graph::Node& node : graph.nodes) {
    if (const auto* conv = std::get_if<graph::Convolution>(&node.operation)) {
      const graph::Dims& weights = graph.dims(node.inputs[1]);
      const auto fan_out = static_cast<double>(weights[0] / conv->groups * weights[2] * weights[3]);
      fill(graph, node.inputs[1], std::sqrt(2 / fan_out), seed);
    } else if (std::holds_alternative<graph::Linear>(node.operation)) {
      fill(graph, node.inputs[1], std::sqrt(2 / static_cast<double>(graph.dims(node.inputs[1])[1])), seed);
    } else {
      continue;
    }
    if (node.inputs.size() > 2) fill(graph, node.inputs[2], 0, seed);
  }
}

}  // namespace ballast::train
