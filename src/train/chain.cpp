// SPDX-License-Identifier: Apache-2.0

#include "chain.hpp"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::train {
namespace {

[[noreturn]] void refuse_of_wong(const graph::Node& node, std::string_view why) {
  throw InputError(fmt::format(
      "{} node '{}': {}; the recipe wong takes sequences of Conv, Linear, AveragePool, Reshape, Relu and additions and multiplications of "
      "constants",
      graph::name_of(node.operation), node.name, why));
}

bool is_relu(const graph::Node& node) {
  const auto* activation = std::get_if<graph::Activation>(&node.operation);
  return activation && activation->kind == graph::Activation::Kind::relu;
}

Sizes sizes_of(const model::Network& network, graph::ValueId id) {
  const graph::Dims& dims = network.graph().dims(id);
  return {dims.begin() + 1, dims.end()};
}

// The only computed value that a node reads has to be the one before it.
void require_next(const graph::Graph& graph, const graph::Node& node, graph::ValueId before) {
  for (const graph::ValueId id : node.inputs) {
    if (!graph.is_constant(id) && id != before) refuse_of_wong(node, "it reads more than the value before it");
  }
}

AffineMap map_of(const model::Network& network, const graph::Node& node) {
  if (std::holds_alternative<graph::BatchNorm>(node.operation)) refuse_of_wong(node, "its statistics mix the images of a batch");
  auto map = affine_map(network, node);
  if (!map) refuse_of_wong(node, "its margins cannot be bounded");
  return *std::move(map);
}

// images x vectors as one dimension and back again.
template <typename Function>
at::Tensor each(const at::Tensor& x, Function function) {
  return function(x.flatten(0, 1)).unflatten(0, {x.size(0), x.size(1)});
}

}  // namespace

std::vector<Chain> chains_of(const model::Network& network) {
  const graph::Graph& graph = network.graph();
  graph::ValueId before = graph.input;
  const Sizes input = sizes_of(network, before);
  std::vector<Chain> chains{{input, input, {}}};
  for (const graph::Node& node : graph.nodes) {
    require_next(graph, node, before);
    before = node.output;
    const Sizes out = sizes_of(network, before);
    if (is_relu(node)) {
      chains.push_back({out, out, {}});
    } else {
      chains.back().maps.push_back(map_of(network, node));
      chains.back().out = out;
    }
  }
  require(before == graph.output, "the recipe wong takes networks whose output is their last value");
  return chains;
}

at::Tensor run(const Chain& chain, at::Tensor x) {
  for (const AffineMap& map : chain.maps) {
    x = apply(map, x);
    if (map.shift.defined()) x = x + map.shift;
  }
  return x;
}

at::Tensor apply(const Chain& chain, const at::Tensor& x) {
  return each(x, [&](at::Tensor flat) {
    for (const AffineMap& map : chain.maps) flat = apply(map, flat);
    return flat;
  });
}

at::Tensor apply_adjoint(const Chain& chain, const at::Tensor& y) {
  return each(y, [&](at::Tensor flat) {
    for (auto map = chain.maps.rbegin(); map != chain.maps.rend(); ++map) flat = apply_adjoint(*map, flat);
    return flat;
  });
}

}  // namespace ballast::train
