// SPDX-License-Identifier: Apache-2.0

#include "network.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/div.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ballast/core/errors.hpp"

namespace ballast::model {

using graph::ValueId;

namespace {

constexpr double running_momentum = 0.1;  // weight of the newest batch in the running statistics

bool is_symmetric(const std::array<std::int64_t, 4>& pads) { return pads[0] == pads[2] && pads[1] == pads[3]; }

// Padding in the order that ATen wants: last dimension first.
at::Tensor padded(const at::Tensor& x, const std::array<std::int64_t, 4>& pads, float value) {
  if (pads == std::array<std::int64_t, 4>{}) return x;
  const std::vector<std::int64_t> order{pads[1], pads[3], pads[0], pads[2]};
  return at::constant_pad_nd(x, order, value);
}

// The layers whose constants are trained, and which of their inputs these are.
std::vector<ValueId> trained_inputs(const graph::Graph& graph, const graph::Node& node) {
  if (std::holds_alternative<graph::Convolution>(node.operation) || std::holds_alternative<graph::Linear>(node.operation)) {
    return {node.inputs.begin() + 1, node.inputs.end()};
  }
  if (std::holds_alternative<graph::BatchNorm>(node.operation) || std::holds_alternative<graph::GroupNorm>(node.operation)) {
    return {node.inputs[1], node.inputs[2]};
  }
  if (std::holds_alternative<graph::Binary>(node.operation)) {
    std::vector<ValueId> constants;
    for (const ValueId id : node.inputs) {
      if (graph.is_constant(id) && graph.dims(id).size() == 1) constants.push_back(id);
    }
    return constants;
  }
  return {};
}

// Whether only constants of the network's first steps (its normalisation) stand between it and the input.
bool reads_input(const graph::Graph& graph, const graph::Node& node) {
  return std::count(node.inputs.begin(), node.inputs.end(), graph.input) > 0;
}

}  // namespace

// Runs one node after another; an operation is one function.
struct Forward {
  Network& network;
  bool training;
  const graph::Node* node = nullptr;
  std::map<ValueId, at::Tensor> values{};

  const at::Tensor& in(std::size_t i) const {
    const ValueId id = node->inputs[i];
    const auto found = values.find(id);
    return found != values.end() ? found->second : network.constants_.at(id);
  }
  at::Tensor optional(std::size_t i) const { return node->inputs.size() > i ? in(i) : at::Tensor(); }

  std::vector<std::int64_t> sizes(ValueId id) const {
    std::vector<std::int64_t> dims = network.graph_.dims(id);
    dims[0] = values.at(network.graph_.input).size(0);
    return dims;
  }

  at::Tensor operator()(const graph::Convolution& conv) const {
    const std::vector<std::int64_t> strides(conv.strides.begin(), conv.strides.end()),
        dilations(conv.dilations.begin(), conv.dilations.end());
    const bool symmetric = is_symmetric(conv.pads);
    const std::vector<std::int64_t> padding =
        symmetric ? std::vector<std::int64_t>{conv.pads[0], conv.pads[1]} : std::vector<std::int64_t>{0, 0};
    return at::conv2d(symmetric ? in(0) : padded(in(0), conv.pads, 0), in(1), optional(2), at::IntArrayRef(strides),
                      at::IntArrayRef(padding), at::IntArrayRef(dilations), conv.groups);
  }

  at::Tensor operator()(const graph::Linear&) const { return at::linear(in(0), in(1), optional(2)); }
  at::Tensor operator()(const graph::MatMul&) const { return at::matmul(in(0), in(1)); }

  at::Tensor operator()(const graph::BatchNorm& norm) const {
    return at::batch_norm(in(0), in(1), in(2), in(3), in(4), training, running_momentum, norm.epsilon, false);
  }

  at::Tensor operator()(const graph::GroupNorm& norm) const {
    return at::group_norm(in(0), norm.groups, in(1), in(2), norm.epsilon, false);
  }

  at::Tensor operator()(const graph::Activation& activation) const {
    using Kind = graph::Activation::Kind;
    switch (activation.kind) {
      case Kind::relu: {
        at::Tensor x = in(0);
        return network.overwritten_.count(node->inputs[0]) ? at::relu_(x) : at::relu(x);
      }
      case Kind::clip: return at::clamp(in(0), activation.alpha, activation.beta);
      case Kind::leaky_relu: return at::leaky_relu(in(0), activation.alpha);
      case Kind::elu: return at::elu(in(0), activation.alpha);
      case Kind::sigmoid: return at::sigmoid(in(0));
      case Kind::tanh: return at::tanh(in(0));
      case Kind::gelu: return at::gelu(in(0));
      case Kind::hard_swish: return at::hardswish(in(0));
    }
    return {};
  }

  at::Tensor operator()(const graph::Binary& binary) const {
    using Kind = graph::Binary::Kind;
    switch (binary.kind) {
      case Kind::add: return at::add(in(0), in(1));
      case Kind::subtract: return at::sub(in(0), in(1));
      case Kind::multiply: return at::mul(in(0), in(1));
      case Kind::divide: return at::div(in(0), in(1));
    }
    return {};
  }

  at::Tensor operator()(const graph::Pool& pool) const {
    const std::vector<std::int64_t> kernel(pool.kernel.begin(), pool.kernel.end()), strides(pool.strides.begin(), pool.strides.end());
    const std::vector<std::int64_t> none{0, 0};
    if (pool.kind == graph::Pool::Kind::max) {
      return at::max_pool2d(padded(in(0), pool.pads, -std::numeric_limits<float>::infinity()), kernel, strides, none);
    }
    if (pool.count_padding) return at::avg_pool2d(padded(in(0), pool.pads, 0), kernel, strides, none);
    require(is_symmetric(pool.pads) && 2 * pool.pads[0] <= pool.kernel[0] && 2 * pool.pads[1] <= pool.kernel[1],
            fmt::format("AveragePool node '{}': this padding is not supported by the ATen engine", node->name));
    const std::vector<std::int64_t> padding{pool.pads[0], pool.pads[1]};
    return at::avg_pool2d(in(0), kernel, strides, padding, false, false);
  }

  at::Tensor operator()(const graph::Resize& resize) const {
    const auto& out = network.graph_.dims(node->output);
    const std::vector<std::int64_t> side{out[2], out[3]};
    if (resize.kind == graph::Resize::Kind::nearest) return at::upsample_nearest2d(in(0), side);
    return at::upsample_bilinear2d(in(0), side, false);
  }

  at::Tensor operator()(const graph::ReduceMean& mean) const { return at::mean(in(0), at::IntArrayRef(mean.axes), mean.keep); }
  at::Tensor operator()(const graph::Reshape&) const { return in(0).reshape(sizes(node->output)); }
  at::Tensor operator()(const graph::Transpose& transpose) const { return in(0).permute(transpose.order); }

  at::Tensor operator()(const graph::Pad& pad) const {
    std::vector<std::int64_t> order;
    for (std::size_t i = pad.before.size(); i-- > 1;) order.insert(order.end(), {pad.before[i], pad.after[i]});
    return at::constant_pad_nd(in(0), order, pad.value);
  }

  at::Tensor operator()(const graph::Slice& slice) const {
    at::Tensor x = in(0);
    const auto& out = network.graph_.dims(node->output);
    for (std::size_t i = 1; i < out.size(); ++i) {
      x = at::slice(x, static_cast<std::int64_t>(i), slice.starts[i], slice.starts[i] + (out[i] - 1) * slice.steps[i] + 1, slice.steps[i]);
    }
    return x;
  }

  at::Tensor operator()(const graph::Concat& concat) const {
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      at::Tensor part = in(i);
      if (network.graph_.is_constant(node->inputs[i])) {
        auto wide = network.graph_.dims(node->inputs[i]);
        wide[0] = values.at(network.graph_.input).size(0);
        part = part.expand(wide);
      }
      parts.push_back(part);
    }
    return at::cat(parts, concat.axis);
  }

  at::Tensor operator()(const graph::Softmax& softmax) const { return at::softmax(in(0), softmax.axis); }
};

Network::Network(graph::Graph graph, const at::TensorOptions& options) : graph_(std::move(graph)) {
  find_uses();
  for (const graph::Node& node : graph_.nodes) {
    for (const ValueId id : node.inputs) {
      if (!graph_.is_constant(id) || constants_.count(id)) continue;
      const graph::Tensor& tensor = graph_.tensor(id);
      at::Tensor copy = at::from_blob(const_cast<float*>(tensor.values.data()), at::IntArrayRef(tensor.dims), at::TensorOptions(at::kFloat))
                            .to(options, false, true);
      if (copy.dim() == 4) copy = copy.contiguous(at::MemoryFormat::ChannelsLast);
      constants_[id] = copy;
    }
    if (reads_input(graph_, node) && std::holds_alternative<graph::Binary>(node.operation)) continue;
    for (const ValueId id : trained_inputs(graph_, node)) {
      if (!std::count(parameters_.begin(), parameters_.end(), id)) parameters_.push_back(id);
    }
  }
}

// A ReLU may work in place where no gradient needs what it overwrites: behind layers and sums, whose gradients come from their inputs.
void Network::find_uses() {
  std::map<ValueId, int> readers;
  std::map<ValueId, const graph::Node*> makers;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const graph::Node& node = graph_.nodes[i];
    for (const ValueId id : node.inputs) ++readers[id], last_use_[id] = i;
    makers[node.output] = &node;
  }
  for (const graph::Node& node : graph_.nodes) {
    const auto* activation = std::get_if<graph::Activation>(&node.operation);
    if (!activation || activation->kind != graph::Activation::Kind::relu) continue;
    const ValueId id = node.inputs[0];
    const auto made = makers.find(id);
    if (made == makers.end() || readers[id] != 1 || id == graph_.output) continue;
    const graph::Operation& maker = made->second->operation;
    const auto* binary = std::get_if<graph::Binary>(&maker);
    if (std::holds_alternative<graph::Convolution>(maker) || std::holds_alternative<graph::BatchNorm>(maker) ||
        std::holds_alternative<graph::Linear>(maker) || (binary && binary->kind == graph::Binary::Kind::add)) {
      overwritten_.insert(id);
    }
  }
}

at::Tensor Network::forward(const at::Tensor& x, bool training) {
  Forward run{*this, training};
  run.values[graph_.input] = x;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const graph::Node& node = graph_.nodes[i];
    run.node = &node;
    run.values[node.output] = std::visit(run, node.operation);
    for (const ValueId id : node.inputs) {
      if (last_use_.at(id) == i && id != graph_.output && id != graph_.input) run.values.erase(id);
    }
  }
  return run.values.at(graph_.output).flatten(1);
}

std::vector<at::Tensor> Network::parameters() const {
  std::vector<at::Tensor> tensors;
  for (const ValueId id : parameters_) tensors.push_back(constants_.at(id));
  return tensors;
}

void Network::require_gradients() {
  for (const ValueId id : parameters_) constants_.at(id).requires_grad_(true);
}

graph::Graph Network::with_current_values() const {
  graph::Graph graph = graph_;
  for (const auto& [id, tensor] : constants_) {
    const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    const float* values = plain.data_ptr<float>();
    graph.value(id).constant = std::make_shared<const graph::Tensor>(graph::Tensor{graph.dims(id), {values, values + plain.numel()}});
  }
  return graph;
}

}  // namespace ballast::model
