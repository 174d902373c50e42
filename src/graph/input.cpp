// SPDX-License-Identifier: Apache-2.0
//
// How images reach a network: their layout, and the normalisation it begins with.

#include <fmt/format.h>

#include <cmath>

#include "ballast/core/enum_names.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/passes.hpp"

namespace ballast::graph {
namespace {

constexpr EnumNames<InputLayout, 3> layout_names{{{{InputLayout::chw, "chw"}, {InputLayout::hwc, "hwc"}, {InputLayout::flat, "flat"}}}};

bool fits(const Dims& dims, const ImageShape& shape, InputLayout layout) {
  switch (layout) {
    case InputLayout::chw: return dims == Dims{batch, shape.channels, shape.height, shape.width};
    case InputLayout::hwc: return dims == Dims{batch, shape.height, shape.width, shape.channels};
    case InputLayout::flat: return dims.size() != 4 && elements(dims) == static_cast<std::int64_t>(shape.size());
  }
  return false;
}

// What a constant does to each channel, if it treats a channel's pixels alike.
std::optional<std::vector<double>> by_channel(const Tensor& tensor, const Dims& input, const ImageShape& shape, InputLayout layout) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  std::vector<double> values(channels);
  if (tensor.values.size() == 1) {
    values.assign(channels, static_cast<double>(tensor.values[0]));
    return values;
  }
  if (layout == InputLayout::flat || tensor.values.size() != channels) return {};
  const std::size_t axis_from_end = layout == InputLayout::chw ? 3 : 1;
  if (tensor.dims.size() < axis_from_end || tensor.dims.size() > input.size()) return {};
  if (tensor.dims[tensor.dims.size() - axis_from_end] != shape.channels) return {};
  for (std::size_t c = 0; c < channels; ++c) values[c] = static_cast<double>(tensor.values[c]);
  return values;
}

// The affine step that a node is, if it is one on the value it reads.
std::optional<std::vector<ChannelAffine>> affine_step(const Graph& graph, const Node& node, const ImageShape& shape, InputLayout layout) {
  std::vector<ChannelAffine> step(static_cast<std::size_t>(shape.channels));
  if (const auto* norm = std::get_if<BatchNorm>(&node.operation); norm && layout == InputLayout::chw) {
    const auto at = [&](std::size_t input, std::size_t c) { return static_cast<double>(graph.tensor(node.inputs[input]).values[c]); };
    for (std::size_t c = 0; c < step.size(); ++c) {
      const double scale = at(1, c) / std::sqrt(at(4, c) + static_cast<double>(norm->epsilon));
      step[c] = {scale, at(2, c) - at(3, c) * scale};
    }
    return step;
  }
  const auto* binary = std::get_if<Binary>(&node.operation);
  if (!binary || graph.dims(node.output) != graph.dims(graph.input)) return {};
  const bool constant_first = graph.is_constant(node.inputs[0]);
  const ValueId constant = node.inputs[constant_first ? 0 : 1];
  if (!graph.is_constant(constant)) return {};
  const auto values = by_channel(graph.tensor(constant), graph.dims(graph.input), shape, layout);
  if (!values) return {};
  for (std::size_t c = 0; c < step.size(); ++c) {
    const double value = (*values)[c];
    switch (binary->kind) {
      case Binary::Kind::add: step[c] = {1, value}; break;
      case Binary::Kind::subtract: step[c] = constant_first ? ChannelAffine{-1, value} : ChannelAffine{1, -value}; break;
      case Binary::Kind::multiply: step[c] = {value, 0}; break;
      case Binary::Kind::divide:
        if (constant_first) return {};
        step[c] = {1 / value, 0};
        break;
      default: return {};  // not affine
    }
  }
  return step;
}

}  // namespace

std::string_view to_string(InputLayout layout) { return layout_names.of(layout); }
std::optional<InputLayout> layout_named(std::string_view name) { return layout_names.value(name); }

InputLayout fit_layout(const Graph& graph, const ImageShape& shape, std::optional<InputLayout> wanted) {
  const Dims& dims = graph.dims(graph.input);
  for (const auto& [layout, name] : layout_names.entries) {
    if ((!wanted || wanted == layout) && fits(dims, shape, layout)) return layout;
  }
  throw InputError(fmt::format("the model takes {}, and the images are {} (channels x height x width){}", to_string(dims),
                               ballast::to_string(shape), wanted ? fmt::format(", read as {}", to_string(*wanted)) : ""));
}

std::vector<ChannelAffine> take_input_affine(Graph& graph, const ImageShape& shape, InputLayout layout) {
  std::vector<ChannelAffine> affine(static_cast<std::size_t>(shape.channels));
  std::vector<std::size_t> read_count(graph.values.size()), reader(graph.values.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].inputs) {
      ++read_count[static_cast<std::size_t>(id)];
      reader[static_cast<std::size_t>(id)] = i;
    }
  }
  std::vector<bool> taken(graph.nodes.size());
  while (read_count[static_cast<std::size_t>(graph.input)] == 1) {
    const std::size_t next = reader[static_cast<std::size_t>(graph.input)];
    const Node& node = graph.nodes[next];
    const auto step = affine_step(graph, node, shape, layout);
    if (!step || node.output == graph.output) break;
    for (std::size_t c = 0; c < affine.size(); ++c) {
      affine[c] = {affine[c].scale * (*step)[c].scale, affine[c].offset * (*step)[c].scale + (*step)[c].offset};
    }
    graph.input = node.output;
    taken[next] = true;
  }
  std::vector<Node> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!taken[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
  remove_unused(graph);
  return affine;
}

}  // namespace ballast::graph
