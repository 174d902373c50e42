// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/passes.hpp"

namespace ballast::graph {
namespace {

constexpr int smallest_factor = 2, largest_factor = 8;

// Gives out names that nothing else has.
class FreeNames {
 public:
  template <typename Named>
  explicit FreeNames(const std::vector<Named>& named) {
    for (const Named& entry : named) taken_.insert(entry.name);
  }
  std::string take(std::string name) {
    while (!taken_.insert(name).second) name = "next." + name;
    return name;
  }

 private:
  std::set<std::string> taken_;
};

// Values by channel as a constant that broadcasts over dims; a single number where all are the same.
Tensor channel_tensor(std::vector<float> values, const Dims& dims) {
  Dims shape(dims.size(), 1);
  if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end()) values.resize(1);
  shape[1] = static_cast<std::int64_t>(values.size());
  return {std::move(shape), std::move(values)};
}

ValueId append_binary(Graph& graph, ValueId from, const std::string& name, Binary::Kind kind, const std::vector<float>& values) {
  FreeNames names(graph.values);
  const std::string output = names.take(name);
  const ValueId constant = graph.add_constant(names.take(output + ".value"), channel_tensor(values, graph.dims(from)));
  return graph.append(Binary{kind}, output, {from, constant});
}

// Channels last is what the engines, too, take this shape for.
bool takes_channels_first(const Dims& dims) { return dims.size() == 4 && (dims[1] <= 4 || dims[3] > 4); }

}  // namespace

ValueId append_network(Graph& graph, ValueId from, const Graph& network) {
  const Dims &given = graph.dims(from), &taken = network.dims(network.input);
  require(given == taken, fmt::format("the network in front gives {}, and the one behind takes {}", to_string(given), to_string(taken)));
  FreeNames value_names(graph.values), node_names(graph.nodes);
  std::vector<ValueId> numbers;
  for (const Value& value : network.values) {
    if (static_cast<ValueId>(numbers.size()) == network.input) {
      numbers.push_back(from);
      continue;
    }
    numbers.push_back(static_cast<ValueId>(graph.values.size()));
    graph.values.push_back(value);
    graph.values.back().name = value_names.take(value.name);
  }
  for (Node node : network.nodes) {
    for (ValueId& id : node.inputs) id = numbers[static_cast<std::size_t>(id)];
    node.output = numbers[static_cast<std::size_t>(node.output)];
    node.name = node_names.take(node.name);
    graph.nodes.push_back(std::move(node));
  }
  return numbers[static_cast<std::size_t>(network.output)];
}

ValueId append_affine(Graph& graph, ValueId from, const std::string& name, std::span<const ChannelAffine> channels) {
  const Dims& dims = graph.dims(from);
  require(channels.size() == 1 || static_cast<std::int64_t>(channels.size()) == dims.at(1),
          fmt::format("{} scales and offsets by channel for {}: one for all channels, or one for each", channels.size(), to_string(dims)));
  std::vector<float> scales, offsets;
  for (const auto& [scale, offset] : channels) {
    require(std::isfinite(scale) && std::isfinite(offset), fmt::format("scale {} and offset {}: finite numbers are needed", scale, offset));
    scales.push_back(static_cast<float>(scale));
    offsets.push_back(static_cast<float>(offset));
  }
  const auto all = [](const std::vector<float>& values, float value) {
    return std::all_of(values.begin(), values.end(), [&](float own) { return own == value; });
  };
  if (!all(scales, 1)) from = append_binary(graph, from, name + ".scale", Binary::Kind::multiply, scales);
  if (!all(offsets, 0)) from = append_binary(graph, from, name + ".offset", Binary::Kind::add, offsets);
  return from;
}

Graph join(Graph first, const Graph& second, const std::string& what) {
  first.output = append_network(first, first.output, second);
  first.metadata = second.metadata;
  std::string& composed = first.metadata["ballast.composed"];
  composed = composed.empty() ? what : what + "; " + composed;
  remove_unused(first);
  return first;
}

Graph average_pool_in_front(const Graph& model, int factor) {
  require(factor >= smallest_factor && factor <= largest_factor,
          fmt::format("a pool of {0} x {0}: factors of {1} to {2} are allowed", factor, smallest_factor, largest_factor));
  const Dims& dims = model.dims(model.input);
  require(
      takes_channels_first(dims),
      fmt::format("the model takes {}; a pool needs images with the channels first: batch x channels x height x width", to_string(dims)));
  Graph front;
  const ValueId large = front.add_input(model.value(model.input).name, {batch, dims[1], dims[2] * factor, dims[3] * factor});
  const Pool pool{Pool::Kind::average, {factor, factor}, {factor, factor}};
  front.output = front.append(pool, fmt::format("pool{}", factor), {large});
  return join(std::move(front), model, fmt::format("average pool of {0} x {0} in front", factor));
}

Graph affine_in_front(const Graph& model, std::span<const ChannelAffine> channels) {
  Graph graph;
  const ValueId input = graph.add_input(model.value(model.input).name, model.dims(model.input));
  graph.output = append_network(graph, append_affine(graph, input, "rescaled", channels), model);
  graph.metadata = model.metadata;
  remove_unused(graph);
  return graph;
}

Graph affine_behind(Graph model, std::span<const ChannelAffine> channels) {
  model.output = append_affine(model, model.output, "rescaled_output", channels);
  return model;
}

}  // namespace ballast::graph
