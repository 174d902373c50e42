// SPDX-License-Identifier: Apache-2.0

#include "intervals.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "backward.hpp"
#include "rounding.hpp"

namespace ballast::verify {

// centre - reach <= value <= centre + reach, with a leading dimension of 1; the roundings of both are part of reach.
struct Intervals::Interval {
  at::Tensor centre, reach;
  Interval widened(const at::Tensor& by) const { return {centre, reach + by}; }
};

// Where bounds are wanted, and what is known there so far.
struct Intervals::Ball {
  const std::vector<at::Tensor>& values;
  double radius;
  std::vector<Interval> intervals;

  const at::Tensor& centre(ValueIndex value) const { return values[static_cast<std::size_t>(value)]; }
  Interval& at(ValueIndex value) { return intervals[static_cast<std::size_t>(value)]; }
};

Intervals::Intervals(const Layers& layers, std::int64_t matrix_elements)
    : layers_(layers), slack_(rounding_slack(layers)), affine_(affine_in_input(layers)), norms_(layers.sizes.size()) {
  const std::int64_t rows = rows_at_once(layers, matrix_elements);
  for (const Layer& layer : layers.layers) {
    const auto inputs = inputs_of(layer);
    if (is_affine(layer.output) || !std::any_of(inputs.begin(), inputs.end(), [&](ValueIndex value) { return is_affine(value); })) continue;
    const ValueIndex value = layer.kind == Layer::Kind::affine ? layer.output : layer.input;
    at::Tensor& norms = norms_[static_cast<std::size_t>(value)];
    if (!norms.defined()) norms = input_norms(layers, value, rows).unsqueeze(0);
  }
}

bool Intervals::is_affine(ValueIndex value) const { return affine_[static_cast<std::size_t>(value)]; }

at::Tensor Intervals::reach_of_affine_part(const Ball& ball, ValueIndex value) const {
  return norms_[static_cast<std::size_t>(value)] * ball.radius;
}

// Monotone in each element: the bounds of its output are its values at the bounds of its input.
Intervals::Interval Intervals::after_activation(const Layer& layer, Ball& ball) const {
  Interval input = ball.at(layer.input);
  if (is_affine(layer.input)) {
    const at::Tensor &centre = ball.centre(layer.input), reach = reach_of_affine_part(ball, layer.input);
    input = {centre, reach + slack_ * (centre.abs() + reach)};
  }
  std::vector<at::Tensor> ends(layers_.sizes.size());
  const auto output_at = [&](const at::Tensor& end) {
    ends[static_cast<std::size_t>(layer.input)] = end;
    return run(layer, ends);
  };
  const at::Tensor lower = output_at(input.centre - input.reach), upper = output_at(input.centre + input.reach);
  return Interval{(lower + upper) / 2, (upper - lower) / 2}.widened(slack_ * (lower.abs() + upper.abs()));
}

// Terms that are affine in the network's input are taken together: the ball itself bounds their sum.
Intervals::Interval Intervals::after_affine(const Layer& layer, Ball& ball) const {
  at::Tensor centre = at::zeros({1}, at::kDouble), reach = centre, magnitude = centre;
  bool has_affine_part = false;
  for (const Term& term : layer.terms) {
    const LinearMap positive = verify::magnitude(term.map);
    const at::Tensor& from = is_affine(term.from) ? ball.centre(term.from) : ball.at(term.from).centre;
    centre = centre + apply(term.map, from);
    magnitude = magnitude + apply(positive, from.abs());
    if (is_affine(term.from)) has_affine_part = true;
    else reach = reach + apply(positive, ball.at(term.from).reach);
  }
  if (has_affine_part) reach = reach + reach_of_affine_part(ball, layer.output);
  if (layer.constant.defined()) {
    centre = centre + layer.constant;
    magnitude = magnitude + layer.constant.abs();
  }
  return Interval{centre, reach}.widened(slack_ * (magnitude + reach));
}

at::Tensor Intervals::margins(const std::vector<at::Tensor>& values, double radius, std::int64_t label) const {
  Ball ball{values, radius, std::vector<Interval>(layers_.sizes.size())};
  for (const Layer& layer : layers_.layers) {
    if (layer.kind != Layer::Kind::affine) ball.at(layer.output) = after_activation(layer, ball);
    else if (!is_affine(layer.output)) ball.at(layer.output) = after_affine(layer, ball);
  }
  const Start start = start_at_margins(layers_, label);
  at::Tensor least = at::zeros({start.rows.rows()}, at::kDouble);
  const auto add = [&](const Coefficients& rows, const at::Tensor& centre, const at::Tensor& reach) {
    const Product middle = product(rows, centre.squeeze(0));
    least = least + middle.sum - reach - slack_ * (middle.magnitude + reach);
  };
  const Arrival arrival = walk_back(layers_, start, stopping([&](const Layer& layer, const Coefficients& rows) {
                                      const Interval& interval = ball.at(layer.output);
                                      add(rows, interval.centre, product(rows, interval.reach.squeeze(0)).magnitude);
                                    }));
  if (arrival.rows) add(*arrival.rows, ball.centre(layers_.input), arrival.rows->a.flatten(1).square().sum(1).sqrt() * radius);
  return least + arrival.constant.sum - slack_ * arrival.constant.magnitude;
}

}  // namespace ballast::verify
