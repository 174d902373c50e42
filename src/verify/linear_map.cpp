// SPDX-License-Identifier: Apache-2.0

#include "linear_map.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/col2im.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/zeros.h>

#include "../model/aten/without_onednn.hpp"
#include "matrix_product.hpp"

namespace ballast::verify {
namespace {

// Sizes behind a leading dimension of rows.
Sizes with_rows(std::int64_t rows, const Sizes& sizes) {
  Sizes all{rows};
  all.insert(all.end(), sizes.begin(), sizes.end());
  return all;
}

at::Tensor reshaped(const at::Tensor& x, const Sizes& sizes) { return x.reshape(with_rows(x.size(0), sizes)); }

// Cuts or zero-extends the last two dimensions: element (top, left) becomes the first.
at::Tensor cropped(const at::Tensor& a, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  if (top == 0 && left == 0 && a.size(2) == height && a.size(3) == width) return a;
  const Sizes pads{-left, width + left - a.size(3), -top, height + top - a.size(2)};
  return at::constant_pad_nd(a, pads, 0);
}

struct Apply {
  const LinearMap& map;
  const at::Tensor& x;

  at::Tensor operator()(const Rearrange&) const { return reshaped(x, map.out); }

  at::Tensor operator()(const Convolve& conv) const {
    const Sizes order{conv.pads[1], conv.pads[3], conv.pads[0], conv.pads[2]}, none{0, 0};
    return at::conv2d(at::constant_pad_nd(x, order, 0), conv.weights, {}, conv.strides, none, conv.dilations, conv.groups);
  }

  at::Tensor operator()(const Dense& dense) const { return x.matmul(dense.weights.t()); }
  at::Tensor operator()(const Scale& scale) const { return x * scale.factors; }

  at::Tensor operator()(const Permute& permute) const {
    Sizes order{0};
    for (const std::int64_t from : permute.order) order.push_back(from + 1);
    return x.permute(order).contiguous();
  }

  at::Tensor operator()(const Embed& embed) const {
    Sizes pads;
    for (std::size_t i = map.in.size(); i-- > 0;) pads.insert(pads.end(), {embed.before[i], map.out[i] - map.in[i] - embed.before[i]});
    return at::constant_pad_nd(x, pads, 0);
  }

  at::Tensor operator()(const Take& take) const {
    at::Tensor y = x;
    for (std::size_t i = 0; i < map.out.size(); ++i) {
      const std::int64_t end = take.starts[i] + (map.out[i] - 1) * take.steps[i] + 1;
      y = y.slice(static_cast<std::int64_t>(i) + 1, take.starts[i], end, take.steps[i]);
    }
    return y.contiguous();
  }

  at::Tensor operator()(const Average& average) const {
    Sizes axes;
    for (const std::int64_t axis : average.axes) axes.push_back(axis + 1);
    return reshaped(x.mean(axes, true), map.out);
  }

  at::Tensor operator()(const Expand&) const { return x.expand(with_rows(x.size(0), map.out)).contiguous(); }
};

struct Adjoint {
  const LinearMap& map;
  const at::Tensor& a;

  at::Tensor operator()(const Rearrange&) const { return reshaped(a, map.in); }

  at::Tensor operator()(const Convolve& conv) const { return cropped(spread(conv, a), conv.pads[0], conv.pads[1], map.in[1], map.in[2]); }

  at::Tensor operator()(const Dense& dense) const {
    return reshaped(matrix_product(a.reshape({-1, map.out.back()}), dense.weights).reshape({a.size(0), -1}), map.in);
  }
  at::Tensor operator()(const Scale& scale) const { return a * scale.factors; }

  at::Tensor operator()(const Permute& permute) const {
    Sizes order(permute.order.size() + 1, 0);
    for (std::size_t i = 0; i < permute.order.size(); ++i) {
      order[static_cast<std::size_t>(permute.order[i]) + 1] = static_cast<std::int64_t>(i) + 1;
    }
    return a.permute(order).contiguous();
  }

  at::Tensor operator()(const Embed& embed) const {
    at::Tensor b = a;
    for (std::size_t i = 0; i < map.in.size(); ++i) b = b.narrow(static_cast<std::int64_t>(i) + 1, embed.before[i], map.in[i]);
    return b.contiguous();
  }

  at::Tensor operator()(const Take& take) const {
    at::Tensor b = at::zeros(with_rows(a.size(0), map.in), a.options());
    at::Tensor view = b;
    for (std::size_t i = 0; i < map.out.size(); ++i) {
      const std::int64_t end = take.starts[i] + (map.out[i] - 1) * take.steps[i] + 1;
      view = view.slice(static_cast<std::int64_t>(i) + 1, take.starts[i], end, take.steps[i]);
    }
    view.copy_(a);
    return b;
  }

  at::Tensor operator()(const Average& average) const {
    Sizes kept = map.in;
    for (const std::int64_t axis : average.axes) kept[static_cast<std::size_t>(axis)] = 1;
    const double count = static_cast<double>(elements(map.in)) / static_cast<double>(elements(map.out));
    return (reshaped(a, kept) / count).expand(with_rows(a.size(0), map.in)).contiguous();
  }

  at::Tensor operator()(const Expand&) const {
    Sizes repeated;
    for (std::size_t i = 0; i < map.in.size(); ++i) {
      if (map.in[i] != map.out[i]) repeated.push_back(static_cast<std::int64_t>(i) + 1);
    }
    return repeated.empty() ? a : a.sum(repeated, true);
  }
};

// Whether factors differ along one dimension of a value at most; that dimension's sizes(), or size 1.
bool varies_only_along(const at::Tensor& factors, std::int64_t axis) { return factors.numel() == factors.size(axis); }

// One factor for each index along an axis of so many.
at::Tensor factors_along(const at::Tensor& factors, std::int64_t count) { return factors.reshape({-1}).expand({count}); }

// Factors that come before a convolution, by input channel, as its weights (out, in / groups, ...) are multiplied by them.
at::Tensor by_input_channel(const at::Tensor& factors, const Convolve& conv) {
  const std::int64_t in = conv.weights.size(1), out = conv.weights.size(0);
  return factors_along(factors, in * conv.groups)
      .reshape({conv.groups, 1, in})
      .expand({conv.groups, out / conv.groups, in})
      .reshape({out, in, 1, 1});
}

std::optional<LinearMap::Kind> scaled_after(const Scale& scale, const LinearMap& inner) {
  if (const auto* conv = std::get_if<Convolve>(&inner.kind); conv && varies_only_along(scale.factors, 0)) {
    Convolve result = *conv;
    result.weights = conv->weights * factors_along(scale.factors, inner.out[0]).reshape({-1, 1, 1, 1});
    return result;
  }
  const auto last = static_cast<std::int64_t>(inner.out.size()) - 1;
  if (const auto* dense = std::get_if<Dense>(&inner.kind); dense && varies_only_along(scale.factors, last)) {
    return Dense{dense->weights * factors_along(scale.factors, inner.out.back()).reshape({-1, 1})};
  }
  if (const auto* first = std::get_if<Scale>(&inner.kind)) return Scale{scale.factors * first->factors};
  return {};
}

std::optional<LinearMap::Kind> scaled_before(const LinearMap& outer, const Scale& scale) {
  if (const auto* conv = std::get_if<Convolve>(&outer.kind); conv && varies_only_along(scale.factors, 0)) {
    Convolve result = *conv;
    result.weights = conv->weights * by_input_channel(scale.factors, *conv);
    return result;
  }
  const auto last = static_cast<std::int64_t>(outer.in.size()) - 1;
  if (const auto* dense = std::get_if<Dense>(&outer.kind); dense && varies_only_along(scale.factors, last)) {
    return Dense{dense->weights * factors_along(scale.factors, outer.in.back())};
  }
  return {};
}

bool is_identity(const LinearMap& map) { return std::holds_alternative<Rearrange>(map.kind) && map.in == map.out; }

}  // namespace

std::int64_t elements(const Sizes& sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return count;
}

at::Tensor apply(const LinearMap& map, const at::Tensor& x) { return std::visit(Apply{map, x}, map.kind); }

at::Tensor apply_adjoint(const LinearMap& map, const at::Tensor& a) { return std::visit(Adjoint{map, a}, map.kind); }

// One matrix product for all rows, then each window is added to where it came from.
at::Tensor spread(const Convolve& map, const at::Tensor& a) {
  const std::int64_t rows = a.size(0), out = a.size(1), height = a.size(2), width = a.size(3), groups = map.groups;
  const std::int64_t in = map.weights.size(1) * groups, kernel_height = map.weights.size(2), kernel_width = map.weights.size(3);
  const at::Tensor weights = map.weights.reshape({groups, out / groups, -1}).transpose(1, 2);
  const at::Tensor by_channel = a.transpose(0, 1).reshape({groups, out / groups, rows * height * width});
  const at::Tensor products = groups == 1 ? matrix_product(weights[0], by_channel[0]) : at::bmm(weights, by_channel);
  const at::Tensor windows = products.reshape({in * kernel_height * kernel_width, rows, height * width}).transpose(0, 1).contiguous();
  const Sizes kernel{kernel_height, kernel_width}, none{0, 0};
  const Sizes extent{(height - 1) * map.strides[0] + (kernel_height - 1) * map.dilations[0] + 1,
                     (width - 1) * map.strides[1] + (kernel_width - 1) * map.dilations[1] + 1};
  return at::col2im(windows, extent, kernel, map.dilations, none, map.strides);
}

LinearMap magnitude(const LinearMap& map) {
  LinearMap result = map;
  if (auto* conv = std::get_if<Convolve>(&result.kind)) conv->weights = conv->weights.abs();
  if (auto* dense = std::get_if<Dense>(&result.kind)) dense->weights = dense->weights.abs();
  if (auto* scale = std::get_if<Scale>(&result.kind)) scale->factors = scale->factors.abs();
  return result;
}

std::optional<LinearMap> composed(const LinearMap& outer, const LinearMap& inner) {
  if (is_identity(outer)) return inner;
  if (is_identity(inner)) return outer;
  std::optional<LinearMap::Kind> kind;
  if (std::holds_alternative<Rearrange>(outer.kind) && std::holds_alternative<Rearrange>(inner.kind)) kind = Rearrange{};
  if (const auto* scale = std::get_if<Scale>(&outer.kind)) kind = scaled_after(*scale, inner);
  if (const auto* scale = std::get_if<Scale>(&inner.kind); scale && !kind) kind = scaled_before(outer, *scale);
  if (!kind) return {};
  return LinearMap{inner.in, outer.out, *kind};
}

}  // namespace ballast::verify
