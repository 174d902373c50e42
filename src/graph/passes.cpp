// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/passes.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace ballast::graph {
namespace {

// Those of 2048 channels; a padding to more stays one.
constexpr std::int64_t most_weights_of_a_shortcut = 1 << 22;

// How often each value is read.
std::vector<int> reads(const Graph& graph) {
  std::vector<int> count(graph.values.size());
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.inputs) ++count[static_cast<std::size_t>(id)];
  }
  ++count[static_cast<std::size_t>(graph.output)];
  return count;
}

// Nodes by the values that they give.
class Producers {
 public:
  explicit Producers(const Graph& graph) : nodes_(graph.values.size(), none) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) nodes_[static_cast<std::size_t>(graph.nodes[i].output)] = i;
  }

  const Node* of(const Graph& graph, ValueId id) const {
    const std::size_t node = nodes_[static_cast<std::size_t>(id)];
    return node == none ? nullptr : &graph.nodes[node];
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::vector<std::size_t> nodes_;
};

bool is_layer(const Node& node) {
  return std::holds_alternative<Convolution>(node.operation) || std::holds_alternative<Linear>(node.operation);
}

struct ScaleAndShift {
  std::vector<double> scale, shift;  // by output channel; no scales are ones
};

// Nodes that become part of the layer before them. They are passed in the order of the graph, and each layer's weights change
// once, however many nodes it takes in.
class Folding {
 public:
  explicit Folding(Graph& graph) : graph_(graph), producers_(graph), reads_(reads(graph)), stands_for_(graph.values.size()) {
    std::iota(stands_for_.begin(), stands_for_.end(), 0);
  }

  // The node's inputs as they are without the nodes taken in so far.
  void renew(Node& node) const {
    for (ValueId& id : node.inputs) id = stands_for_[static_cast<std::size_t>(id)];
  }

  // The layer that alone feeds the value, if nothing else reads the value.
  const Node* sole_layer_behind(ValueId id) const {
    const Node* node = producers_.of(graph_, id);
    return node && is_layer(*node) && reads_[static_cast<std::size_t>(id)] == 1 ? node : nullptr;
  }

  // The node, which alone reads the value, does so much to it, and the layer that gives the value does that from now on.
  void take_in(const Node& node, ValueId value, const ScaleAndShift& affine) {
    ScaleAndShift& all = folded_[value];
    if (all.shift.empty()) all = affine;
    else after(all, affine);
    stands_for_[static_cast<std::size_t>(node.output)] = value;
    reads_[static_cast<std::size_t>(value)] = reads_[static_cast<std::size_t>(node.output)];
  }

  void finish() {
    for (Node& node : graph_.nodes) {
      renew(node);
      const auto found = folded_.find(node.output);
      if (found != folded_.end()) rescale(node, found->second);
    }
    graph_.output = stands_for_[static_cast<std::size_t>(graph_.output)];
    remove_unused(graph_);
  }

 private:
  static void after(ScaleAndShift& first, const ScaleAndShift& second) {
    for (std::size_t c = 0; c < first.shift.size(); ++c) {
      const double factor = second.scale.empty() ? 1 : second.scale[c];
      if (!first.scale.empty()) first.scale[c] *= factor;
      first.shift[c] = first.shift[c] * factor + second.shift[c];
    }
    if (first.scale.empty()) first.scale = second.scale;
  }

  void rescale(Node& layer, const ScaleAndShift& affine) {
    const std::size_t channels = affine.shift.size();
    std::vector<float> bias(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const double old = layer.inputs.size() > 2 ? static_cast<double>(graph_.tensor(layer.inputs[2]).values[c]) : 0;
      bias[c] = static_cast<float>(old * (affine.scale.empty() ? 1 : affine.scale[c]) + affine.shift[c]);
    }
    layer.inputs.resize(3);
    layer.inputs[2] = graph_.add_constant(layer.name + ".folded_bias", {{static_cast<std::int64_t>(channels)}, std::move(bias)});
    if (affine.scale.empty()) return;
    Tensor weights = graph_.tensor(layer.inputs[1]);
    const std::size_t row = weights.values.size() / channels;
    for (std::size_t i = 0; i < weights.values.size(); ++i)
      weights.values[i] = static_cast<float>(static_cast<double>(weights.values[i]) * affine.scale[i / row]);
    layer.inputs[1] = graph_.add_constant(layer.name + ".folded_weight", std::move(weights));
  }

  Graph& graph_;
  const Producers producers_;
  std::vector<int> reads_;
  std::vector<ValueId> stands_for_;
  std::map<ValueId, ScaleAndShift> folded_;  // by the layer's output
};

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

bool rounds(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) {
    using Kind = Activation::Kind;
    const auto* activation = std::get_if<Activation>(&node.operation);
    return activation && (activation->kind == Kind::round || activation->kind == Kind::floor || activation->kind == Kind::ceil ||
                          activation->kind == Kind::quantise);
  });
}

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
  Folding folding(graph);
  for (Node& node : graph.nodes) {
    folding.renew(node);
    if (!std::holds_alternative<BatchNorm>(node.operation)) continue;
    const Node* layer = folding.sole_layer_behind(node.inputs[0]);
    if (!layer || (std::holds_alternative<Linear>(layer->operation) && graph.dims(layer->output).size() != 2)) continue;
    folding.take_in(node, node.inputs[0], affine_of(graph, node));
  }
  folding.finish();
}

void fold_biases(Graph& graph) {
  Folding folding(graph);
  for (Node& node : graph.nodes) {
    folding.renew(node);
    const auto* binary = std::get_if<Binary>(&node.operation);
    if (!binary || binary->kind != Binary::Kind::add) continue;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const ValueId computed = node.inputs[side], added = node.inputs[1 - side];
      if (graph.is_constant(computed) || !graph.is_constant(added)) continue;
      const Node* layer = folding.sole_layer_behind(computed);
      if (!layer || graph.dims(node.output) != graph.dims(computed)) continue;
      const bool channels_last = std::holds_alternative<Linear>(layer->operation);
      const auto vector = channel_vector(graph.tensor(added), graph.dims(computed), channels_last);
      if (!vector) continue;
      folding.take_in(node, computed, {{}, *vector});
      break;
    }
  }
  folding.finish();
}

void shortcuts_to_convolutions(Graph& graph) {
  const auto read_count = reads(graph);
  const Producers producers(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node node = graph.nodes[i];
    const auto* pad = std::get_if<Pad>(&node.operation);
    if (!pad || pad->value != 0 || pad->before.size() != 4 || pad->before[2] + pad->before[3] + pad->after[2] + pad->after[3] != 0)
      continue;
    // Behind the padding: slices that step through rows and columns from their first.
    Sides strides{1, 1};
    ValueId source = node.inputs[0];
    while (const Node* before = producers.of(graph, source)) {
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
    if (in * out > most_weights_of_a_shortcut) continue;
    Tensor weights{{out, in, 1, 1}, std::vector<float>(static_cast<std::size_t>(in * out))};
    for (std::int64_t c = 0; c < in; ++c) weights.values[static_cast<std::size_t>((c + pad->before[1]) * in + c)] = 1;
    const ValueId kernel = graph.add_constant(node.name + ".kernel", std::move(weights));
    Convolution conv;
    conv.strides = strides;
    graph.nodes[i] = {conv, node.name, {source, kernel}, node.output};
  }
  remove_unused(graph);
}

void simplify(Graph& graph) {
  recognise_operations(graph);
  fold_batch_norms(graph);
  fold_biases(graph);
  shortcuts_to_convolutions(graph);
}

}  // namespace ballast::graph
