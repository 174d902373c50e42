// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/passes.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace ballast::graph {
namespace {

// How often each value is read.
std::vector<int> reads(const Graph& graph) {
  std::vector<int> count(graph.values.size());
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.inputs) ++count[static_cast<std::size_t>(id)];
  }
  ++count[static_cast<std::size_t>(graph.output)];
  return count;
}

Node* producer(Graph& graph, ValueId id) {
  for (Node& node : graph.nodes) {
    if (node.output == id) return &node;
  }
  return nullptr;
}

void replace_reads(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  if (graph.output == from) graph.output = to;
}

bool is_layer(const Node& node) {
  return std::holds_alternative<Convolution>(node.operation) || std::holds_alternative<Linear>(node.operation);
}

// The layer that alone feeds the value, if nothing else reads the value.
Node* sole_layer_behind(Graph& graph, ValueId id, const std::vector<int>& read_count) {
  Node* node = producer(graph, id);
  return node && is_layer(*node) && read_count[static_cast<std::size_t>(id)] == 1 ? node : nullptr;
}

// Weights and bias of a layer, scaled and shifted by output channel.
void rescale(Graph& graph, Node& layer, const std::vector<double>& scale, const std::vector<double>& shift) {
  Tensor weights = graph.tensor(layer.inputs[1]);
  const std::size_t channels = scale.size(), row = weights.values.size() / channels;
  std::vector<float> bias(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double old = layer.inputs.size() > 2 ? static_cast<double>(graph.tensor(layer.inputs[2]).values[c]) : 0;
    bias[c] = static_cast<float>(old * scale[c] + shift[c]);
    for (std::size_t i = 0; i < row; ++i) {
      float& weight = weights.values[c * row + i];
      weight = static_cast<float>(static_cast<double>(weight) * scale[c]);
    }
  }
  layer.inputs.resize(3);
  layer.inputs[1] = graph.add_constant(layer.name + ".folded_weight", std::move(weights));
  layer.inputs[2] = graph.add_constant(layer.name + ".folded_bias", {{static_cast<std::int64_t>(channels)}, std::move(bias)});
}

// The vector that a constant adds to each output channel of a layer, if it does no more than that.
std::optional<std::vector<double>> channel_vector(const Tensor& tensor, const Dims& out, bool channels_last) {
  const auto channels = static_cast<std::size_t>(channels_last ? out.back() : out[1]);
  Dims dims = tensor.dims;
  while (dims.size() < out.size()) dims.insert(dims.begin(), 1);
  if (dims.size() != out.size()) return {};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const bool is_channel = i == (channels_last ? out.size() - 1 : 1);
    if (!is_channel && dims[i] != 1) return {};
  }
  if (tensor.values.size() != channels && tensor.values.size() != 1) return {};
  std::vector<double> vector(channels);
  for (std::size_t i = 0; i < channels; ++i) vector[i] = static_cast<double>(tensor.values[tensor.values.size() == 1 ? 0 : i]);
  return vector;
}

}  // namespace

void remove_unused(Graph& graph) {
  std::set<ValueId> needed{graph.output};
  std::vector<Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!needed.count(node->output)) continue;
    needed.insert(node->inputs.begin(), node->inputs.end());
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
  needed.insert(graph.input);

  std::map<ValueId, ValueId> renumbered;
  std::vector<Value> values;
  for (const ValueId id : needed) {
    renumbered[id] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph.value(id)));
  }
  graph.values = std::move(values);
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.inputs) id = renumbered.at(id);
    node.output = renumbered.at(node.output);
  }
  graph.input = renumbered.at(graph.input);
  graph.output = renumbered.at(graph.output);
}

namespace {

struct ScaleAndShift {
  std::vector<double> scale, shift;
};

// What a batch normalisation does to each channel.
ScaleAndShift affine_of(const Graph& graph, const Node& node) {
  const auto& gamma = graph.tensor(node.inputs[1]).values;
  const auto& beta = graph.tensor(node.inputs[2]).values;
  const auto& mean = graph.tensor(node.inputs[3]).values;
  const auto& variance = graph.tensor(node.inputs[4]).values;
  const double epsilon = static_cast<double>(std::get<BatchNorm>(node.operation).epsilon);
  ScaleAndShift affine;
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    affine.scale.push_back(static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(variance[c]) + epsilon));
    affine.shift.push_back(static_cast<double>(beta[c]) - static_cast<double>(mean[c]) * affine.scale[c]);
  }
  return affine;
}

}  // namespace

void batch_norms_to_binaries(Graph& graph) {
  std::vector<Node> nodes;
  std::swap(nodes, graph.nodes);
  for (Node& node : nodes) {
    if (!std::holds_alternative<BatchNorm>(node.operation)) {
      graph.nodes.push_back(std::move(node));
      continue;
    }
    const auto affine = affine_of(graph, node);
    const Dims out = graph.dims(node.output);
    Dims dims(out.size(), 1);
    dims[1] = out[1];
    const ValueId scale = graph.add_constant(node.name + ".scale", {dims, {affine.scale.begin(), affine.scale.end()}});
    const ValueId shift = graph.add_constant(node.name + ".shift", {dims, {affine.shift.begin(), affine.shift.end()}});
    const ValueId scaled = graph.append(Binary{Binary::Kind::multiply}, node.name, {node.inputs[0], scale});
    graph.nodes.push_back({Binary{Binary::Kind::add}, node.name, {scaled, shift}, node.output});
  }
  remove_unused(graph);
}

void fold_batch_norms(Graph& graph) {
  auto read_count = reads(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node node = graph.nodes[i];
    if (!std::holds_alternative<BatchNorm>(node.operation)) continue;
    Node* layer = sole_layer_behind(graph, node.inputs[0], read_count);
    if (!layer || (std::holds_alternative<Linear>(layer->operation) && graph.dims(layer->output).size() != 2)) continue;
    const auto [scale, shift] = affine_of(graph, node);
    rescale(graph, *layer, scale, shift);
    replace_reads(graph, node.output, node.inputs[0]);
    std::swap(read_count[static_cast<std::size_t>(node.inputs[0])], read_count[static_cast<std::size_t>(node.output)]);
  }
  remove_unused(graph);
}

void fold_biases(Graph& graph) {
  auto read_count = reads(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node node = graph.nodes[i];
    const auto* binary = std::get_if<Binary>(&node.operation);
    if (!binary || binary->kind != Binary::Kind::add) continue;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const ValueId computed = node.inputs[side], added = node.inputs[1 - side];
      if (graph.is_constant(computed) || !graph.is_constant(added)) continue;
      Node* layer = sole_layer_behind(graph, computed, read_count);
      if (!layer || graph.dims(node.output) != graph.dims(computed)) continue;
      const bool channels_last = std::holds_alternative<Linear>(layer->operation);
      const auto vector = channel_vector(graph.tensor(added), graph.dims(computed), channels_last);
      if (!vector) continue;
      rescale(graph, *layer, std::vector<double>(vector->size(), 1), *vector);
      replace_reads(graph, node.output, computed);
      std::swap(read_count[static_cast<std::size_t>(computed)], read_count[static_cast<std::size_t>(node.output)]);
      break;
    }
  }
  remove_unused(graph);
}

void shortcuts_to_convolutions(Graph& graph) {
  const auto read_count = reads(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node node = graph.nodes[i];
    const auto* pad = std::get_if<Pad>(&node.operation);
    if (!pad || pad->value != 0 || pad->before.size() != 4 || pad->before[2] + pad->before[3] + pad->after[2] + pad->after[3] != 0)
      continue;
    // Behind the padding: slices that step through rows and columns from their first.
    std::array<std::int64_t, 2> strides{1, 1};
    ValueId source = node.inputs[0];
    while (const Node* before = producer(graph, source)) {
      const auto* slice = std::get_if<Slice>(&before->operation);
      const Dims &in = graph.dims(before->inputs[0]), &out = graph.dims(source);
      if (!slice || read_count[static_cast<std::size_t>(source)] != 1 || slice->starts != std::vector<std::int64_t>(4, 0) ||
          slice->steps[1] != 1 || in[1] != out[1]) {
        break;
      }
      const auto reaches_end = [&](std::size_t axis) { return out[axis] == (in[axis] + slice->steps[axis] - 1) / slice->steps[axis]; };
      if (!reaches_end(2) || !reaches_end(3)) break;
      strides[0] *= slice->steps[2];
      strides[1] *= slice->steps[3];
      source = before->inputs[0];
    }
    const std::int64_t in = graph.dims(source)[1], out = graph.dims(node.output)[1];
    Tensor weights{{out, in, 1, 1}, std::vector<float>(static_cast<std::size_t>(in * out))};
    for (std::int64_t c = 0; c < in; ++c) weights.values[static_cast<std::size_t>((c + pad->before[1]) * in + c)] = 1;
    const ValueId kernel = graph.add_constant(node.name + ".kernel", std::move(weights));
    Convolution conv;
    conv.strides = strides;
    graph.nodes[i] = {conv, node.name, {source, kernel}, node.output};
  }
  remove_unused(graph);
}

}  // namespace ballast::graph
