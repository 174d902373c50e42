// SPDX-License-Identifier: Apache-2.0

#include "relaxation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

namespace ballast::verify {
namespace {

at::Tensor is_open(const Bounds& bounds) { return (bounds.lower >= 0).logical_or(bounds.upper <= 0).logical_not(); }

}  // namespace

Lines relu_lines(const Bounds& bounds, LowerSlope slope) {
  const at::Tensor &l = bounds.lower, &u = bounds.upper;
  const at::Tensor unstable = is_open(bounds);
  const at::Tensor active = (l >= 0).to(at::kDouble);
  const at::Tensor d = u / (u - l);
  const at::Tensor upper = at::where(unstable, d, active);
  const at::Tensor lower = slope == LowerSlope::parallel ? upper : at::where(unstable, (u >= -l).to(at::kDouble), active);
  return {lower, upper, at::where(unstable, -l * d, at::zeros_like(l)), unstable};
}

at::Tensor open_elements(const Bounds& bounds) { return is_open(bounds).flatten().nonzero().flatten(); }

}  // namespace ballast::verify
