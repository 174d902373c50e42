// SPDX-License-Identifier: Apache-2.0

#include "lipschitz.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstdint>
#include <variant>

#include "operator_norm.hpp"
#include "rounding.hpp"
#include "whole_matrix_norm.hpp"

namespace ballast::verify {
namespace {

constexpr double upward = 1 + 0x1p-48;  // a few roundings of one product or sum

at::Tensor row_norms(const Coefficients& rows) { return rows.a.flatten(1).square().sum(1).sqrt(); }

double norm_of(const LinearMap& map, Effort effort) {
  const double bound = norm_bound(map);
  const bool is_rough = std::holds_alternative<Convolve>(map.kind);
  return effort == Effort::tight && is_rough && has_small_matrix(map) ? whole_matrix_norm(map, bound) : bound;
}

double bound_of(const Layer& layer, const std::vector<double>& before, Effort effort) {
  const auto of = [&](ValueIndex value) { return before[static_cast<std::size_t>(value)]; };
  if (layer.kind == Layer::Kind::relu) return of(layer.input);
  if (layer.kind == Layer::Kind::max_pool) return norm_bound(layer.pool) * of(layer.input) * upward;
  double sum = 0, squares = 0;
  for (const Term& term : layer.terms) {
    const double part = norm_of(term.map, effort) * of(term.from) * upward;
    sum = (sum + part) * upward;
    squares = (squares + part * part) * upward;
  }
  return layer.disjoint ? std::sqrt(squares) * upward : sum;
}

}  // namespace

std::vector<double> lipschitz_bounds(const Layers& layers, Effort effort) {
  std::vector<double> bounds(layers.sizes.size(), 0);
  bounds[static_cast<std::size_t>(layers.input)] = 1;
  for (const Layer& layer : layers.layers) bounds[static_cast<std::size_t>(layer.output)] = bound_of(layer, bounds, effort);
  return bounds;
}

SteepMargins steep_margins(const Layers& layers, const std::vector<double>& lipschitz, const std::vector<at::Tensor>& values,
                           std::int64_t label) {
  const double slack = rounding_slack(layers);
  const Start start = start_at_margins(layers, label);
  const std::int64_t rivals = start.rows.rows();
  at::Tensor steepness = at::zeros({rivals}, at::kDouble);
  Product margin{at::zeros({rivals}, at::kDouble), at::zeros({rivals}, at::kDouble)};
  const auto ends_at = [&](ValueIndex value, const Coefficients& rows) {
    steepness = steepness + row_norms(rows) * (lipschitz[static_cast<std::size_t>(value)] * (1 + slack));
    const Product part = product(rows, values[static_cast<std::size_t>(value)].squeeze(0));
    margin = {margin.sum + part.sum, margin.magnitude + part.magnitude};
  };
  const Arrival arrival =
      walk_back(layers, start, stopping([&](const Layer& layer, const Coefficients& rows) { ends_at(layer.output, rows); }));
  if (arrival.rows) ends_at(layers.input, *arrival.rows);
  const at::Tensor magnitude = margin.magnitude + arrival.constant.magnitude;
  return {margin.sum + arrival.constant.sum - slack * magnitude, steepness};
}

}  // namespace ballast::verify
