// SPDX-License-Identifier: Apache-2.0
//
// Salman et al. 2019, "Provably Robust Deep Learning via Adversarially Trained
// Smoothed Classifiers": SmoothAdv-PGD.

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "../objective.hpp"

namespace ballast::train {
namespace {

// The l2 norm of each image, as images x 1 x 1 x 1.
at::Tensor norms(const at::Tensor& images) { return images.flatten(1).norm(2, 1).view({-1, 1, 1, 1}); }

constexpr double least_norm = 1e-12;  // an image without a gradient is not moved

// -log of the mean over copies of the softmax at the label, summed over images.
at::Tensor smoothed_loss(const at::Tensor& scores, const at::Tensor& labels, int copies) {
  const at::Tensor log_each =
      at::log_softmax(scores, 1).view({copies, labels.size(0), -1}).gather(2, labels.view({1, -1, 1}).expand({copies, labels.size(0), 1}));
  return -(at::logsumexp(log_each, {0}) - std::log(copies)).sum();
}

}  // namespace

Loss loss_of(const SmoothAdv& recipe, Learner& learner, const Batch& batch) {
  const double epsilon = recipe.warm_up > 0 ? recipe.epsilon * std::min(1.0, batch.done / recipe.warm_up) : recipe.epsilon;
  const double length = 2 * epsilon / recipe.steps;
  const std::vector<std::int64_t> copied{batch.copies, 1, 1, 1};
  at::Tensor shift = at::zeros_like(batch.clean);  // what the attack adds to each image, the same to all its noisy copies
  if (epsilon > 0) {
    const FrozenWeights frozen(learner);
    for (int step = 0; step < recipe.steps; ++step) {
      shift.requires_grad_(true);
      smoothed_loss(learner.scores(batch.noisy + shift.repeat(copied), Mode::testing), batch.labels, batch.copies).backward();
      const at::Tensor gradient = shift.grad();
      at::Tensor moved = shift.detach() + length * gradient / norms(gradient).clamp_min(least_norm);
      moved = moved * (epsilon / norms(moved).clamp_min(epsilon));         // into the ball
      shift = ((batch.clean + moved).clamp(0, 1) - batch.clean).detach();  // and into the images
    }
  }
  const at::Tensor scores = learner.scores(batch.noisy + shift.repeat(copied));
  return {at::cross_entropy_loss(scores, labels_of_copies(batch)), scores};
}

}  // namespace ballast::train
