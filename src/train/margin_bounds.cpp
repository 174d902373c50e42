// SPDX-License-Identifier: Apache-2.0

#include "margin_bounds.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "reach.hpp"

namespace ballast::train {
namespace {

ParallelLines lines_between(const at::Tensor& lower, const at::Tensor& upper) {
  const at::Tensor unstable = (lower < 0).logical_and(upper > 0), active = (lower >= 0).to(lower.scalar_type());
  const at::Tensor width = at::where(unstable, upper - lower, at::ones_like(lower));
  const at::Tensor slope = at::where(unstable, upper / width, active);  // d = u / (u - l)
  return {slope, at::where(unstable, -lower * slope, at::zeros_like(lower))};
}

template <typename Reach>
at::Tensor bounds_by(const std::vector<Chain>& chains, const at::Tensor& x, const at::Tensor& labels, Reach reach) {
  at::Tensor centre = x;
  for (std::size_t i = 0; i + 1 < chains.size(); ++i) {
    const at::Tensor middle = run(chains[i], centre), apart = reach.of_next();
    const ParallelLines lines = lines_between(middle - apart, middle + apart);
    centre = lines.slope * middle + lines.room / 2;
    reach.pass(lines);
  }
  const at::Tensor scores = run(chains.back(), centre).flatten(1);
  return scores.gather(1, labels.unsqueeze(1)) - scores - reach.of_margins(labels);
}

}  // namespace

at::Tensor margin_bounds(const std::vector<Chain>& chains, const at::Tensor& x, const at::Tensor& labels, double epsilon) {
  return bounds_by(chains, x, labels, ExactDualBounds(chains, epsilon, x.options()));
}

at::Tensor margin_bounds(const std::vector<Chain>& chains, const at::Tensor& x, const at::Tensor& labels, double epsilon, int projections,
                         const Draws& draws) {
  return bounds_by(chains, x, labels, ProjectedDualBounds(chains, epsilon, x.options(), projections, draws));
}

// A row for each value that a chain gives: unit vectors, what they are at the chain's input, and from there back, through the first ReLU,
// for each image apart.
std::int64_t matrix_elements(const std::vector<Chain>& chains, std::int64_t images) {
  std::int64_t largest = 0, widest = 0;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    const std::int64_t rows = elements(chains[i].out), in = elements(chains[i].in);
    widest = std::max(widest, in);
    largest = std::max({largest, rows * rows, rows * in, i == 0 ? 0 : images * rows * widest});
  }
  return largest;
}

}  // namespace ballast::train
