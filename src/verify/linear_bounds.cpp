// SPDX-License-Identifier: Apache-2.0

#include "linear_bounds.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <map>
#include <utility>

#include "ball_offset.hpp"
#include "rounding.hpp"

namespace ballast::verify {

// Where bounds are wanted, and the lines known there so far.
struct LinearBounds::Ball {
  const std::vector<at::Tensor>& values;
  double radius;
  std::map<const Layer*, Lines> lines{};

  at::Tensor value(ValueIndex index) const { return values[static_cast<std::size_t>(index)].squeeze(0); }
};

namespace {

// Positive coefficients take the lower line, negative ones the upper.
Coefficients through_lines(const Coefficients& rows, const Lines& lines) {
  const at::Tensor a = rows.a.clamp_min(0) * seen(rows, lines.lower) + rows.a.clamp_max(0) * seen(rows, lines.upper);
  return {a, rows.top, rows.left};
}

Coefficients through_parallel_lines(const Coefficients& rows, const Lines& lines) {
  return {rows.a * seen(rows, lines.upper), rows.top, rows.left};
}

Product offset_of_negative(const Coefficients& rows, const Lines& lines) {
  return product({rows.a.clamp_max(0), rows.top, rows.left}, lines.offset);
}

// Rows and constants on the ball: the value at its centre, how far the ball moves it, and the magnitudes summed.
struct Range {
  at::Tensor middle, reach, magnitude;
  at::Tensor least(double slack) const { return middle - reach - slack * magnitude; }
};

Range range_of(const Arrival& arrival, const at::Tensor& centre, double radius) {
  const Product& constant = arrival.constant;
  if (!arrival.rows) return {constant.sum, at::zeros_like(constant.sum), constant.magnitude};
  const Product at_centre = product(*arrival.rows, centre);
  const at::Tensor reach = arrival.rows->a.flatten(1).square().sum(1).sqrt() * radius;
  return {constant.sum + at_centre.sum, reach, constant.magnitude + at_centre.magnitude + reach};
}

// The greater of the lines' own offset and the ball's, row by row. centre: what the ReLU reads at the ball's centre.
at::Tensor better_offset(const at::Tensor& own, const Coefficients& rows, const Coefficients& below, const Lines& lines,
                         const at::Tensor& centre, double radius, double slack) {
  const at::Tensor open = lines.unstable.flatten().nonzero().flatten();
  const auto taken = [&](const at::Tensor& a) { return a.flatten(1).index_select(1, open); };
  return at::maximum(own, ball_offset(taken(rows.a), taken(below.a), centre.flatten().index_select(0, open), radius, slack));
}

}  // namespace

LinearBounds::LinearBounds(const Layers& layers, Options options)
    : layers_(layers),
      options_(std::move(options)),
      slack_(rounding_slack(layers)),
      rows_at_once_(verify::rows_at_once(layers, options_.matrix_elements)) {
  const auto affine = affine_in_input(layers);
  for (const Layer& layer : layers.layers) {
    if (layer.kind == Layer::Kind::affine) continue;
    activations_.push_back(&layer);
    norms_.push_back(affine[static_cast<std::size_t>(layer.input)] ? input_norms(layers, layer.input, rows_at_once_) : at::Tensor());
  }
}

std::vector<Bounds> LinearBounds::activation_bounds(const std::vector<at::Tensor>& values, double radius,
                                                    const std::vector<Bounds>* wider) const {
  Ball ball{values, radius};
  std::vector<Bounds> bounds;
  for (std::size_t i = 0; i < activations_.size(); ++i) {
    bounds.push_back(bounds_at(ball, i, wider ? &(*wider)[i] : nullptr));
    ball.lines[activations_[i]] = relu_lines(bounds.back(), options_.slope);
  }
  return bounds;
}

Bounds LinearBounds::bounds_at(const Ball& ball, std::size_t activation, const Bounds* wider) const {
  const ValueIndex value = activations_[activation]->input;
  if (norms_[activation].defined()) {
    const at::Tensor centre = ball.value(value), reach = norms_[activation] * ball.radius;
    const at::Tensor slack = (centre.abs() + reach) * slack_;
    return {centre - reach - slack, centre + reach + slack};
  }
  const Sizes& sizes = layers_.sizes_of(value);
  if (!wider) {
    const Bounds found = open_bounds(ball, value, at::arange(elements(sizes), at::kLong));
    return {found.lower.reshape(sizes), found.upper.reshape(sizes)};
  }
  const at::Tensor open = open_elements(*wider);
  const Bounds found = open_bounds(ball, value, open);
  return {wider->lower.flatten().index_copy(0, open, found.lower).reshape(sizes),
          wider->upper.flatten().index_copy(0, open, found.upper).reshape(sizes)};
}

Bounds LinearBounds::open_bounds(const Ball& ball, ValueIndex value, const at::Tensor& elements) const {
  const bool parallel = options_.slope == LowerSlope::parallel;
  const std::int64_t step = std::max<std::int64_t>(1, parallel ? rows_at_once_ : rows_at_once_ / 2);
  std::vector<at::Tensor> lower{at::zeros({0}, at::kDouble)}, upper = lower;
  for (std::int64_t first = 0; first < elements.size(0); first += step) {
    const at::Tensor part = elements.slice(0, first, first + step);
    const Bounds bounds = parallel ? bounds_by_one_walk(ball, value, part) : bounds_by_two_walks(ball, value, part);
    lower.push_back(bounds.lower);
    upper.push_back(bounds.upper);
  }
  return {at::cat(lower), at::cat(upper)};
}

Bounds LinearBounds::bounds_by_two_walks(const Ball& ball, ValueIndex value, const at::Tensor& elements) const {
  const Start start = stacked(start_at_elements(layers_, value, elements, 1), start_at_elements(layers_, value, elements, -1));
  const Arrival arrival = walk_back(layers_, start, [&](const Layer& layer, const Coefficients& rows) {
    const Lines& lines = ball.lines.at(&layer);
    return Passed{through_lines(rows, lines), offset_of_negative(rows, lines)};
  });
  const at::Tensor least = range_of(arrival, ball.value(layers_.input), ball.radius).least(slack_);
  const std::int64_t count = elements.size(0);
  return {least.slice(0, 0, count), -least.slice(0, count)};
}

// Lower and upper lines have the same slopes, and so both directions the same rows: a coefficient A has the offset A t below if
// it is negative, and above if it is positive, so that the upper bound has |A| t more.
Bounds LinearBounds::bounds_by_one_walk(const Ball& ball, ValueIndex value, const at::Tensor& elements) const {
  at::Tensor swing = at::zeros({elements.size(0)}, at::kDouble);
  const Start start = start_at_elements(layers_, value, elements, 1);
  const Arrival arrival = walk_back(layers_, start, [&](const Layer& layer, const Coefficients& rows) {
    const Lines& lines = ball.lines.at(&layer);
    swing = swing + product(rows, lines.offset).magnitude;
    return Passed{through_parallel_lines(rows, lines), offset_of_negative(rows, lines)};
  });
  const Range range = range_of(arrival, ball.value(layers_.input), ball.radius);
  return {range.least(slack_), range.middle + swing + range.reach + slack_ * (range.magnitude + swing)};
}

at::Tensor LinearBounds::margins(const std::vector<at::Tensor>& values, double radius, const std::vector<Bounds>& bounds,
                                 std::int64_t label) const {
  Ball ball{values, radius};
  for (std::size_t i = 0; i < activations_.size(); ++i) ball.lines[activations_[i]] = relu_lines(bounds[i], options_.slope);
  const Arrival arrival = walk_back(layers_, start_at_margins(layers_, label), [&](const Layer& layer, const Coefficients& rows) {
    const Lines& lines = ball.lines.at(&layer);
    Passed passed{through_lines(rows, lines), offset_of_negative(rows, lines)};
    if (!options_.lipschitz.empty() && radius > 0) {
      const double reach = radius * options_.lipschitz[static_cast<std::size_t>(layer.input)];
      passed.constant.sum = better_offset(passed.constant.sum, rows, *passed.rows, lines, ball.value(layer.input), reach, slack_);
    }
    return passed;
  });
  return range_of(arrival, ball.value(layers_.input), radius).least(slack_);
}

}  // namespace ballast::verify
