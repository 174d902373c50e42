// SPDX-License-Identifier: Apache-2.0
//
// Zhai et al. 2020, "MACER: Attack-free and Scalable Robust Training via
// Maximizing Certified Radius", algorithm 1.

#include <ATen/TensorOperators.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/log.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <numbers>

#include "../objective.hpp"

namespace ballast::train {
namespace {

// Phi^-1, the normal quantile.
at::Tensor quantile(const at::Tensor& p) { return at::erfinv(2 * p - 1) * std::numbers::sqrt2; }

}  // namespace

Loss loss_of(const Macer& recipe, Learner& learner, const Batch& batch) {
  const at::Tensor scores = learner.scores(batch.noisy);
  const std::int64_t images = batch.labels.size(0);
  const auto mean_softmax = [&](double temperature) {
    return at::softmax(scores * temperature, 1).view({batch.copies, images, -1}).mean(0);
  };
  const at::Tensor classification = at::nll_loss(mean_softmax(1).clamp_min(1e-10).log(), batch.labels);

  // Twice the radius over sigma, of images whose smoothed label is right, as long as it is below the margin.
  const auto [top, which] = at::topk(mean_softmax(recipe.temperature), 2, 1);
  constexpr double edge = 1e-6;  // keeps the quantile and its derivative finite
  const at::Tensor first = top.select(1, 0), second = top.select(1, 1);
  const at::Tensor gap = quantile(first.clamp(edge, 1 - edge)) - quantile(second.clamp(edge, 1 - edge));
  const at::Tensor counts = which.select(1, 0).eq(batch.labels).logical_and(gap.detach().le(recipe.margin)).to(at::kFloat);
  const at::Tensor robustness = ((recipe.margin - gap) * counts).sum() * (batch.sigma / 2 / static_cast<double>(images));
  return {classification + recipe.weight * robustness, scores};
}

}  // namespace ballast::train
