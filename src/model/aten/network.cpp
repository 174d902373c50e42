// SPDX-License-Identifier: Apache-2.0

#include "network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool3d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/div.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/fmod.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/logical_xor.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/max_pool3d.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/prod.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/round.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/graph/elementwise.hpp"
#include "without_onednn.hpp"

namespace ballast::model {

using graph::ValueId;

namespace {

constexpr double most_exact_softplus = 1e3;  // above it, it is the identity: long after e^-x has no bit left
constexpr double running_momentum = 0.1;     // weight of the newest batch in the running statistics

using graph::Sides;

Sides first_half(const Sides& pads) { return {pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2)}; }
Sides second_half(const Sides& pads) { return {pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2), pads.end()}; }
bool is_symmetric(const Sides& pads) { return first_half(pads) == second_half(pads); }
bool are_all(const Sides& sides, std::int64_t value) {
  return std::all_of(sides.begin(), sides.end(), [&](std::int64_t own) { return own == value; });
}

// Padding in the order that ATen wants: last dimension first.
at::Tensor padded(const at::Tensor& x, const Sides& pads, float value) {
  if (are_all(pads, 0)) return x;
  std::vector<std::int64_t> order;
  for (std::size_t i = pads.size() / 2; i-- > 0;) order.insert(order.end(), {pads[i], pads[i + pads.size() / 2]});
  return at::constant_pad_nd(x, order, value);
}

// The value of one tensor with the gradient of another, whose value is taken off: steps have no slope of their own, and an attack that
// finds none would look like robustness.
at::Tensor with_gradient_of(const at::Tensor& value, const at::Tensor& slope) {
  if (!at::GradMode::is_enabled() || !slope.requires_grad()) return value;
  return value.detach() + (slope - slope.detach());
}

// No slope, and still a part of what gradients are taken of.
at::Tensor without_slope(const at::Tensor& value, const at::Tensor& x) { return with_gradient_of(value.to(x.dtype()), x * 0); }

// The layers whose constants are trained, and which of their inputs these are.
std::vector<ValueId> trained_inputs(const graph::Graph& graph, const graph::Node& node) {
  if (std::holds_alternative<graph::Convolution>(node.operation) || std::holds_alternative<graph::Linear>(node.operation)) {
    return {node.inputs.begin() + 1, node.inputs.end()};
  }
  if (std::holds_alternative<graph::TransposedConvolution>(node.operation) || std::holds_alternative<graph::LayerNorm>(node.operation)) {
    return {node.inputs.begin() + 1, node.inputs.end()};
  }
  if (std::holds_alternative<graph::BatchNorm>(node.operation) || std::holds_alternative<graph::GroupNorm>(node.operation)) {
    return {node.inputs[1], node.inputs[2]};
  }
  if (const auto* binary = std::get_if<graph::Binary>(&node.operation); binary && !graph::is_question(*binary)) {
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
  const Network& network;
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
    const bool symmetric = is_symmetric(conv.pads);
    const at::Tensor x = symmetric ? in(0) : padded(in(0), conv.pads, 0);
    const Sides padding = symmetric ? first_half(conv.pads) : Sides(conv.strides.size(), 0);
    return at::convolution(x, in(1), optional(2), conv.strides, padding, conv.dilations, false, Sides(conv.strides.size(), 0), conv.groups);
  }

  // Pads that differ are cut off afterwards.
  at::Tensor operator()(const graph::TransposedConvolution& conv) const {
    const Sides none(conv.strides.size(), 0);
    at::Tensor y = at::convolution(in(0), in(1), optional(2), conv.strides, none, conv.dilations, true, conv.added, conv.groups);
    for (std::size_t i = 0; i < none.size(); ++i) {
      const auto dimension = static_cast<std::int64_t>(i) + 2;
      y = y.narrow(dimension, conv.pads[i], y.size(dimension) - conv.pads[i] - conv.pads[i + none.size()]);
    }
    return y;
  }

  at::Tensor operator()(const graph::Linear&) const { return at::linear(in(0), in(1), optional(2)); }
  at::Tensor operator()(const graph::MatMul&) const { return at::matmul(in(0), in(1)); }

  at::Tensor operator()(const graph::Attention& attention) const {
    at::Tensor scores = at::matmul(in(0), in(1).transpose(-1, -2)) * attention.scale;
    if (node->inputs.size() > 3) scores = scores + in(3);
    return at::matmul(at::softmax(scores, -1), in(2));
  }

  at::Tensor operator()(const graph::LayerNorm& norm) const {
    const at::Tensor x = in(0);
    const std::vector<std::int64_t> own(x.sizes().begin() + norm.axis, x.sizes().end());
    if (norm.centred) return at::layer_norm(x, own, in(1), optional(2), norm.epsilon, false);
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = norm.axis; axis < x.dim(); ++axis) axes.push_back(axis);
    const at::Tensor scaled = x * (x * x).mean(axes, true).add(norm.epsilon).rsqrt() * in(1);
    return node->inputs.size() > 2 ? scaled + in(2) : scaled;
  }

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
      case Kind::gelu_tanh: return at::gelu(in(0), "tanh");
      case Kind::hard_swish: return at::hardswish(in(0));
      case Kind::swish: return in(0) * at::sigmoid(in(0) * activation.alpha);
      case Kind::hard_sigmoid: return at::clamp(in(0) * activation.alpha + activation.beta, 0, 1);
      case Kind::softplus: return at::softplus(in(0), 1, most_exact_softplus);
      case Kind::softsign: return in(0) / (in(0).abs() + 1);
      case Kind::selu: return at::elu(in(0), activation.alpha, activation.beta);
      case Kind::celu: return at::elu(in(0), activation.alpha, 1, 1 / static_cast<double>(activation.alpha));
      case Kind::thresholded_relu: return at::where(in(0) <= activation.alpha, at::zeros_like(in(0)), in(0));
      case Kind::mish: return in(0) * at::tanh(at::softplus(in(0), 1, most_exact_softplus));
      case Kind::power: return at::pow(in(0), activation.alpha);
      case Kind::exp: return at::exp(in(0));
      case Kind::log: return at::log(in(0));
      case Kind::sqrt: return at::sqrt(in(0));
      case Kind::reciprocal: return at::reciprocal(in(0));
      case Kind::erf: return at::erf(in(0));
      case Kind::sin: return at::sin(in(0));
      case Kind::cos: return at::cos(in(0));
      case Kind::abs: return at::abs(in(0));
      case Kind::negative: return at::neg(in(0));
      case Kind::sign: return with_gradient_of(at::where(in(0).isnan(), in(0), at::sign(in(0))), at::clamp(in(0), -1, 1));
      case Kind::round: return with_gradient_of(at::round(in(0)), in(0));
      case Kind::floor: return with_gradient_of(at::floor(in(0)), in(0));
      case Kind::ceil: return with_gradient_of(at::ceil(in(0)), in(0));
      case Kind::quantise: {
        const float least = -activation.beta, greatest = 255 - activation.beta;
        return with_gradient_of(at::clamp(at::round(in(0) / activation.alpha), least, greatest) * activation.alpha,
                                at::clamp(in(0), least * activation.alpha, greatest * activation.alpha));
      }
      case Kind::logical_not: return without_slope(in(0) == 0, in(0));
      case Kind::is_nan: return without_slope(in(0).isnan(), in(0));
    }
    return {};
  }

  at::Tensor operator()(const graph::Binary& binary) const {
    using Kind = graph::Binary::Kind;
    const at::Tensor &a = in(0), &b = in(1);
    const auto question = [&](const at::Tensor& answer) { return without_slope(answer.to(a.dtype()), a + b); };
    switch (binary.kind) {
      case Kind::add: return at::add(a, b);
      case Kind::subtract: return at::sub(a, b);
      case Kind::multiply: return at::mul(a, b);
      case Kind::divide: return at::div(a, b);
      case Kind::power: return at::pow(a, b);
      case Kind::minimum: return at::minimum(a, b);
      case Kind::maximum: return at::maximum(a, b);
      case Kind::remainder: return at::fmod(a, b);
      case Kind::prelu: return at::where(a < 0, a * b, a);
      case Kind::less: return question(a < b);
      case Kind::less_or_equal: return question(a <= b);
      case Kind::greater: return question(a > b);
      case Kind::greater_or_equal: return question(a >= b);
      case Kind::equal: return question(a == b);
      case Kind::logical_and: return question(at::logical_and(a, b));
      case Kind::logical_or: return question(at::logical_or(a, b));
      case Kind::logical_xor: return question(at::logical_xor(a, b));
    }
    return {};
  }

  at::Tensor operator()(const graph::Select&) const { return at::where(in(0) != 0, in(1), in(2)); }

  // Beyond the padding, nothing counts. What counts is pooled beside the input where windows differ in it.
  at::Tensor operator()(const graph::Pool& pool) const {
    const at::Tensor x = in(0);
    const auto& out = network.graph_.dims(node->output);
    const std::size_t directions = pool.kernel.size();
    Sides inside = pool.pads, beyond(2 * directions, 0);
    for (std::size_t i = 0; i < directions; ++i) {
      const std::int64_t span = (pool.kernel[i] - 1) * pool.dilations[i] + 1;
      const std::int64_t reached = (out[i + 2] - 1) * pool.strides[i] + span - x.size(static_cast<std::int64_t>(i) + 2) - pool.pads[i];
      beyond[i + directions] = std::max<std::int64_t>(reached - pool.pads[i + directions], 0);
    }
    if (pool.kind == graph::Pool::Kind::max) {
      for (std::size_t i = 0; i < inside.size(); ++i) inside[i] += beyond[i];
      const at::Tensor wide = padded(x, inside, -std::numeric_limits<float>::infinity());
      const Sides none(directions, 0);
      return directions == 2 ? at::max_pool2d(wide, pool.kernel, pool.strides, none, pool.dilations)
                             : at::max_pool3d(wide, pool.kernel, pool.strides, none, pool.dilations);
    }
    const at::Tensor sum = window_sums(pool, padded(padded(x, inside, 0), beyond, 0));
    at::Tensor ones = at::ones_like(x.slice(0, 0, 1).slice(1, 0, 1)).detach();
    ones = padded(padded(ones, inside, pool.count_padding ? 1 : 0), beyond, 0);
    return sum / window_sums(pool, ones);
  }

  // Sums over windows of what is already padded.
  at::Tensor window_sums(const graph::Pool& pool, const at::Tensor& x) const {
    const Sides none(pool.kernel.size(), 0);
    if (are_all(pool.dilations, 1)) {
      return pool.kernel.size() == 2 ? at::avg_pool2d(x, pool.kernel, pool.strides, none, false, true, 1)
                                     : at::avg_pool3d(x, pool.kernel, pool.strides, none, false, true, 1);
    }
    Sides taps{x.size(1), 1};
    taps.insert(taps.end(), pool.kernel.begin(), pool.kernel.end());
    return at::convolution(x, at::ones(taps, x.options()), {}, pool.strides, none, pool.dilations, false, none, x.size(1));
  }

  at::Tensor operator()(const graph::Resize& resize) const {
    const auto& out = network.graph_.dims(node->output);
    const std::vector<std::int64_t> side{out[2], out[3]};
    if (resize.kind == graph::Resize::Kind::nearest) return at::upsample_nearest2d(in(0), side);
    return at::upsample_bilinear2d(in(0), side, false);
  }

  at::Tensor operator()(const graph::Reduce& reduce) const {
    using Kind = graph::Reduce::Kind;
    const at::IntArrayRef axes(reduce.axes);
    if (axes.empty()) return in(0);
    switch (reduce.kind) {
      case Kind::mean: return at::mean(in(0), axes, reduce.keep);
      case Kind::sum: return at::sum(in(0), axes, reduce.keep);
      case Kind::max: return at::amax(in(0), axes, reduce.keep);
      case Kind::min: return at::amin(in(0), axes, reduce.keep);
      case Kind::product: break;
    }
    at::Tensor result = in(0);
    for (std::size_t i = reduce.axes.size(); i-- > 0;) result = at::prod(result, reduce.axes[i], reduce.keep);  // axes are in order
    return result;
  }

  at::Tensor operator()(const graph::Blend& blend) const {
    return at::matmul(in(0).transpose(blend.axis, -1), in(1).t()).transpose(blend.axis, -1);
  }

  at::Tensor operator()(const graph::Gather& gather) const {
    return at::index_select(in(0), gather.axis, network.indices_.at(node->output));
  }

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

  at::Tensor operator()(const graph::Softmax& softmax) const {
    return softmax.log ? at::log_softmax(in(0), softmax.axis) : at::softmax(in(0), softmax.axis);
  }
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
    if (const auto* gather = std::get_if<graph::Gather>(&node.operation)) {
      indices_[node.output] = at::tensor(gather->indices, at::TensorOptions(at::kLong)).to(options.device());
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

at::Tensor Network::forward(const at::Tensor& x, bool training) const {
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
