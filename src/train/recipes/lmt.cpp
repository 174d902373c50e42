// SPDX-License-Identifier: Apache-2.0
//
// Tsuzuku, Sato and Sugiyama 2018, "Lipschitz-Margin Training: Scalable
// Certification of Perturbation Invariance for Deep Neural Networks", algorithm 1.

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/GradMode.h>

#include "../lipschitz.hpp"
#include "../objective.hpp"

namespace ballast::train {
namespace {

constexpr double least_term = 1e-30;  // two classes may have the same weights

at::Tensor margins(const at::Tensor& scores, const at::Tensor& labels) { return scores.gather(1, labels.unsqueeze(1)) - scores; }

// The least over the classes that are not the label, as a column.
at::Tensor least_of_others(const at::Tensor& values, const at::Tensor& labels) {
  constexpr double large = 1e30;
  return values.scatter(1, labels.unsqueeze(1), large).amin(1, true);
}

}  // namespace

void begin(const Lmt&, Learner& learner, const TrainOptions& options) {
  learner.carried() = power_vectors(learner.network(), options.seed);
}

Loss loss_of(const Lmt& recipe, Learner& learner, const Batch& batch) {
  const at::Tensor scores = learner.scores(batch.noisy);
  step(learner.network(), learner.carried());
  const at::Tensor terms = recipe.c * margin_constants(learner.network(), learner.carried(), batch.labels);
  // The paper's stabilisation: while some margin is less than its term, an image gets the share of all terms that makes the two equal.
  const at::Tensor shares = margins(scores, batch.labels) / terms.clamp_min(least_term);
  const at::Tensor share = least_of_others(shares, batch.labels).clamp(0, 1).detach();
  return {at::cross_entropy_loss(scores + share * terms, batch.labels), scores};
}

at::Tensor certified(const Lmt& recipe, Learner& learner, const Batch& batch) {
  const c10::NoGradGuard no_gradients;
  const at::Tensor scores = learner.scores(batch.noisy, Mode::testing);
  const at::Tensor left = margins(scores, batch.labels) - recipe.c * margin_constants(learner.network(), learner.carried(), batch.labels);
  return least_of_others(left, batch.labels).squeeze(1).gt(0);
}

}  // namespace ballast::train
