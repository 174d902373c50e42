// SPDX-License-Identifier: Apache-2.0

#include "coefficients.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <variant>

namespace ballast::verify {
namespace {

// A window of more than this part of the map is not worth its bookkeeping.
constexpr double largest_window = 0.5;

std::int64_t least(const at::Tensor& integers) { return integers.min().item<std::int64_t>(); }
std::int64_t greatest(const at::Tensor& integers) { return integers.max().item<std::int64_t>(); }

// Where each row's window lies in a map of this width, as indices into height * width: rows x (window height * window width).
at::Tensor positions(const Coefficients& rows, std::int64_t first_row, std::int64_t first_column, std::int64_t width) {
  const at::Tensor y = (rows.top - first_row).unsqueeze(1) + at::arange(rows.a.size(2), at::kLong);
  const at::Tensor x = (rows.left - first_column).unsqueeze(1) + at::arange(rows.a.size(3), at::kLong);
  return (y.unsqueeze(2) * width + x.unsqueeze(1)).flatten(1);
}

// The part of the plane that all windows and the map lie in.
struct Frame {
  std::int64_t top, left, bottom, right;  // the last two exclusive
  std::int64_t height() const { return bottom - top; }
  std::int64_t width() const { return right - left; }
};

Frame frame_of(const Coefficients& rows, std::int64_t height, std::int64_t width) {
  return {std::min<std::int64_t>(0, least(rows.top)), std::min<std::int64_t>(0, least(rows.left)),
          std::max(height, greatest(rows.top) + rows.a.size(2)), std::max(width, greatest(rows.left) + rows.a.size(3))};
}

bool lies_inside(const Coefficients& rows, std::int64_t height, std::int64_t width) {
  const Frame frame = frame_of(rows, height, width);
  return frame.height() == height && frame.width() == width;
}

// Rows of a convolution's output as rows of its input. What falls into the padding is made zero.
Coefficients spread_windows(const LinearMap& map, const Convolve& conv, const Coefficients& rows) {
  const std::int64_t height = map.in[1], width = map.in[2];
  Coefficients result{spread(conv, rows.a), rows.top * conv.strides[0] - conv.pads[0], rows.left * conv.strides[1] - conv.pads[1]};
  if (!lies_inside(result, height, width)) result.a = result.a * seen(result, at::ones({1, height, width}, at::kDouble));
  const double part = static_cast<double>(result.a.size(2) * result.a.size(3)) / static_cast<double>(height * width);
  return part > largest_window ? whole(result, map.in) : result;
}

// A window widened by zeros.
Coefficients widened(const Coefficients& rows, std::int64_t above, std::int64_t before, std::int64_t height, std::int64_t width) {
  const Sizes pads{before, width - before - rows.a.size(3), above, height - above - rows.a.size(2)};
  return {at::constant_pad_nd(rows.a, pads, 0), rows.top - above, rows.left - before};
}

// Two windows whose distance is the same in all rows become one size at one place.
Coefficients sum_of_windows(const Coefficients& first, const Coefficients& second, std::int64_t down, std::int64_t right) {
  const std::int64_t above = std::max<std::int64_t>(0, -down), before = std::max<std::int64_t>(0, -right);
  const std::int64_t height = std::max(above + first.a.size(2), above + down + second.a.size(2));
  const std::int64_t width = std::max(before + first.a.size(3), before + right + second.a.size(3));
  Coefficients result = widened(first, above, before, height, width);
  result.a = result.a + widened(second, above + down, before + right, height, width).a;
  return result;
}

}  // namespace

Coefficients unit_rows(const Sizes& sizes, const at::Tensor& elements, double sign) {
  const std::int64_t rows = elements.size(0);
  const auto units = [&](std::int64_t length, const at::Tensor& places) {
    return at::zeros({rows, length}, at::kDouble).scatter_(1, places.unsqueeze(1), sign);
  };
  if (sizes.size() != 3) {
    Sizes all{rows};
    all.insert(all.end(), sizes.begin(), sizes.end());
    return {units(verify::elements(sizes), elements).reshape(all), {}, {}};
  }
  const std::int64_t width = sizes[2], area = sizes[1] * width;
  const at::Tensor channel = elements.div(area, "floor"), place = elements.remainder(area);
  return {units(sizes[0], channel).reshape({rows, sizes[0], 1, 1}), place.div(width, "floor"), place.remainder(width)};
}

Coefficients stacked(const Coefficients& first, const Coefficients& second) {
  if (!first.is_windowed()) return {at::cat({first.a, second.a}), {}, {}};
  return {at::cat({first.a, second.a}), at::cat({first.top, second.top}), at::cat({first.left, second.left})};
}

at::Tensor seen(const Coefficients& rows, const at::Tensor& value) {
  if (!rows.is_windowed()) return value.unsqueeze(0);
  const std::int64_t height = value.size(1), width = value.size(2), channels = value.size(0);
  const Frame frame = frame_of(rows, height, width);
  const Sizes pads{-frame.left, frame.right - width, -frame.top, frame.bottom - height};
  const at::Tensor framed = at::constant_pad_nd(value, pads, 0).reshape({channels, -1});
  const at::Tensor places = positions(rows, frame.top, frame.left, frame.width());
  return framed.index_select(1, places.flatten()).reshape({channels, rows.rows(), rows.a.size(2), rows.a.size(3)}).transpose(0, 1);
}

Product product(const Coefficients& rows, const at::Tensor& value) {
  const at::Tensor products = (rows.a * seen(rows, value)).flatten(1);
  return {products.sum(1), products.abs().sum(1)};
}

Coefficients whole(const Coefficients& rows, const Sizes& sizes) {
  if (!rows.is_windowed()) return rows;
  const std::int64_t count = rows.rows(), channels = sizes[0], height = sizes[1], width = sizes[2];
  const Frame frame = frame_of(rows, height, width);
  const at::Tensor places = positions(rows, frame.top, frame.left, frame.width()).unsqueeze(1).expand({count, channels, -1});
  const at::Tensor framed =
      at::zeros({count, channels, frame.height() * frame.width()}, at::kDouble).scatter_(2, places, rows.a.flatten(2));
  const at::Tensor planes = framed.reshape({count, channels, frame.height(), frame.width()});
  return {planes.narrow(2, -frame.top, height).narrow(3, -frame.left, width).contiguous(), {}, {}};
}

Coefficients sum(const Coefficients& first, const Coefficients& second, const Sizes& sizes) {
  if (first.is_windowed() && second.is_windowed()) {
    const at::Tensor down = second.top - first.top, right = second.left - first.left;
    if (least(down) == greatest(down) && least(right) == greatest(right)) return sum_of_windows(first, second, least(down), least(right));
  }
  return {whole(first, sizes).a + whole(second, sizes).a, {}, {}};
}

Coefficients pulled_back(const LinearMap& map, const Coefficients& rows) {
  if (!rows.is_windowed()) return {apply_adjoint(map, rows.a), {}, {}};
  if (const auto* conv = std::get_if<Convolve>(&map.kind)) return spread_windows(map, *conv, rows);
  if (std::holds_alternative<Rearrange>(map.kind) && map.in == map.out) return rows;
  if (const auto* scale = std::get_if<Scale>(&map.kind)) {
    return {rows.a * seen(rows, scale->factors.expand(map.out)), rows.top, rows.left};
  }
  return {apply_adjoint(map, whole(rows, map.out).a), {}, {}};
}

}  // namespace ballast::verify
