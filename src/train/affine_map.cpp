// SPDX-License-Identifier: Apache-2.0

#include "affine_map.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/pixel_shuffle.h>

#include <utility>

#include "../model/aten/without_onednn.hpp"

namespace ballast::train {
namespace {

using graph::ValueId;

struct Converter {
  const model::Network& network;
  const graph::Node& node;

  const graph::Dims& dims(ValueId id) const { return network.graph().dims(id); }
  bool is_constant(std::size_t i) const { return network.graph().is_constant(node.inputs[i]); }
  const at::Tensor& constant(std::size_t i) const { return network.constants().at(node.inputs[i]); }
  Sizes sizes(ValueId id) const { return {dims(id).begin() + 1, dims(id).end()}; }

  AffineMap map(std::variant<Scale, Convolve, Dense, Rearrange> linear, at::Tensor shift = {}, std::size_t from = 0) const {
    return {std::move(linear), sizes(node.inputs[from]), sizes(node.output), std::move(shift)};
  }

  // One value a channel, behind the dimension of the batch.
  at::Tensor by_channel(const at::Tensor& values) const {
    Sizes shape(dims(node.output).size() - 1, 1);
    shape[0] = -1;
    return values.reshape(shape);
  }

  bool is_image() const { return dims(node.inputs[0]).size() == 4; }

  std::optional<AffineMap> operator()(const graph::Convolution& conv) const {
    if (!is_image()) return {};
    return map(Convolve{constant(1), conv}, node.inputs.size() > 2 ? by_channel(constant(2)) : at::Tensor());
  }

  std::optional<AffineMap> operator()(const graph::Linear&) const {
    return map(Dense{constant(1)}, node.inputs.size() > 2 ? constant(2) : at::Tensor());
  }

  std::optional<AffineMap> operator()(const graph::BatchNorm& norm) const {
    const at::Tensor factors = constant(1) / (constant(4) + norm.epsilon).sqrt();
    return map(Scale{by_channel(factors)}, by_channel(constant(2) - constant(3) * factors));
  }

  std::optional<AffineMap> operator()(const graph::Binary& binary) const {
    using Kind = graph::Binary::Kind;
    if (!is_constant(0) && !is_constant(1)) return {};
    const std::size_t computed = is_constant(0) ? 1 : 0;
    if (dims(node.inputs[computed]) != dims(node.output)) return {};
    const at::Tensor& number = constant(1 - computed);
    switch (binary.kind) {
      case Kind::add: return map(Rearrange{}, number, computed);
      case Kind::subtract:
        return computed == 0 ? map(Rearrange{}, -number) : map(Scale{at::full({1}, -1, number.options())}, number, computed);
      case Kind::multiply: return map(Scale{number}, {}, computed);
      case Kind::divide:
        if (computed == 0) return map(Scale{number.reciprocal()});
        break;
      default: break;
    }
    return {};
  }

  // A convolution of each channel alone.
  AffineMap mean(graph::Convolution shape, const graph::Sides& window) const {
    shape.groups = dims(node.inputs[0])[1];
    const auto options = network.constants().begin()->second.options();
    const double part = 1 / static_cast<double>(window[0] * window[1]);
    return map(Convolve{at::full({shape.groups, 1, window[0], window[1]}, part, options), shape});
  }

  std::optional<AffineMap> operator()(const graph::Pool& pool) const {
    const bool whole = (pool.count_padding || pool.pads == graph::Sides{0, 0, 0, 0}) && !pool.ceil && pool.dilations == graph::Sides{1, 1};
    if (pool.kind == graph::Pool::Kind::max || !whole || !is_image()) return {};
    return mean({pool.strides, pool.pads}, pool.kernel);
  }

  std::optional<AffineMap> operator()(const graph::Reduce& reduce) const {
    const graph::Dims& from = dims(node.inputs[0]);
    if (reduce.kind != graph::Reduce::Kind::mean || from.size() != 4 || reduce.axes != std::vector<std::int64_t>{2, 3}) return {};
    return mean({}, {from[2], from[3]});
  }

  std::optional<AffineMap> operator()(const graph::Reshape&) const { return map(Rearrange{}); }

  template <typename Other>
  std::optional<AffineMap> operator()(const Other&) const {
    return {};
  }
};

at::Tensor padded(const at::Tensor& x, std::int64_t left, std::int64_t right, std::int64_t top, std::int64_t bottom) {
  const Sizes pads{left, right, top, bottom};
  return pads == Sizes(4, 0) ? x : at::constant_pad_nd(x, pads);
}

struct Apply {
  const at::Tensor& x;

  at::Tensor operator()(const Scale& scale) const { return x * scale.factors; }
  at::Tensor operator()(const Convolve& conv) const {
    const auto& [strides, pads, dilations, groups] = conv.shape;
    if (pads[0] == pads[2] && pads[1] == pads[3]) {
      const Sizes both{pads[0], pads[1]};
      return at::conv2d(x, conv.weights, {}, strides, both, dilations, groups);
    }
    const Sizes none{0, 0};
    return at::conv2d(padded(x, pads[1], pads[3], pads[0], pads[2]), conv.weights, {}, strides, none, dilations, groups);
  }
  at::Tensor operator()(const Dense& dense) const { return product(x, dense.weights); }
  at::Tensor operator()(const Rearrange&) const { return x; }
};

// What conv_transpose2d without padding gives, by a convolution: output pixel s q + r takes only the taps s m + r, so each r is a channel
// of its own. LibTorch's convolutions are many times faster than its transposed ones on a processor.
at::Tensor transposed_by_phase(const at::Tensor& y, const at::Tensor& weights, std::int64_t stride) {
  const std::int64_t down = (weights.size(2) + stride - 1) / stride, right = (weights.size(3) + stride - 1) / stride;
  const Sizes by_phase{weights.size(0), weights.size(1), down, stride, right, stride}, pads{down - 1, right - 1}, ones{1, 1};
  const at::Tensor taps = padded(weights, 0, right * stride - weights.size(3), 0, down * stride - weights.size(2));
  const at::Tensor phases = taps.reshape(by_phase).flip({2, 4}).permute({1, 3, 5, 0, 2, 4}).flatten(0, 2);
  return at::pixel_shuffle(at::conv2d(y, phases, {}, ones, pads), stride);
}

at::Tensor transposed(const Convolve& conv, const at::Tensor& y) {
  const auto& [strides, pads, dilations, groups] = conv.shape;
  const bool plain = groups == 1 && strides[0] == strides[1] && dilations == graph::Sides{1, 1};
  if (plain) return transposed_by_phase(y, conv.weights, strides[0]);
  const Sizes none{0, 0};
  return at::conv_transpose2d(y, conv.weights, {}, strides, none, none, groups, dilations);
}

struct ApplyAdjoint {
  const at::Tensor& y;
  const Sizes& in;

  at::Tensor operator()(const Scale& scale) const { return y * scale.factors; }
  // Pixels that no window reaches get zeros, and those of the padding are cut off.
  at::Tensor operator()(const Convolve& conv) const {
    const auto& pads = conv.shape.pads;
    const at::Tensor full = transposed(conv, y);
    return padded(full, -pads[1], in[2] + pads[1] - full.size(3), -pads[0], in[1] + pads[0] - full.size(2));
  }
  at::Tensor operator()(const Dense& dense) const { return product(y, dense.weights.t().contiguous()); }
  at::Tensor operator()(const Rearrange&) const { return y; }
};

// A mean over height and width may have dropped these dimensions.
at::Tensor with_image(const AffineMap& map, const at::Tensor& y) {
  return std::holds_alternative<Convolve>(map.linear) && map.out.size() == 1 ? y.unsqueeze(2).unsqueeze(3) : y;
}

}  // namespace

std::optional<AffineMap> affine_map(const model::Network& network, const graph::Node& node) {
  return std::visit(Converter{network, node}, node.operation);
}

at::Tensor apply(const AffineMap& map, const at::Tensor& x) { return std::visit(Apply{x}, map.linear).reshape(many(x.size(0), map.out)); }

at::Tensor apply_adjoint(const AffineMap& map, const at::Tensor& y) {
  const at::Tensor image = with_image(map, y);
  return std::visit(ApplyAdjoint{image, map.in}, map.linear).reshape(many(y.size(0), map.in));
}

at::Tensor product(const at::Tensor& x, const at::Tensor& matrix) {
  const at::Tensor pixels = x.reshape({-1, x.size(-1), 1, 1});
  Sizes sizes(x.sizes().begin(), x.sizes().end());
  sizes.back() = matrix.size(0);
  return at::conv2d(pixels, matrix.unsqueeze(2).unsqueeze(3)).view(sizes);
}

Sizes many(std::int64_t count, const Sizes& sizes) {
  Sizes all{count};
  all.insert(all.end(), sizes.begin(), sizes.end());
  return all;
}

}  // namespace ballast::train
