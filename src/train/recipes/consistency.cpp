// SPDX-License-Identifier: Apache-2.0
//
// Jeong and Shin 2020, "Consistency Regularization for Certified Robustness of
// Smoothed Classifiers", equations 7 and 8.

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log_softmax.h>

#include "../objective.hpp"

namespace ballast::train {

Loss loss_of(const Consistency& recipe, Learner& learner, const Batch& batch) {
  const at::Tensor scores = learner.scores(batch.noisy);
  const at::Tensor log_each = at::log_softmax(scores, 1).view({batch.copies, batch.labels.size(0), -1});
  const at::Tensor mean = log_each.exp().mean(0);  // the smoothed classifier's estimate, images x classes
  const at::Tensor log_mean = mean.clamp_min(1e-20).log();
  const at::Tensor divergence = (mean * (log_mean - log_each)).sum(2).mean();  // KL(mean || each), over copies and images
  const at::Tensor entropy = -(mean * log_mean).sum(1).mean();
  const at::Tensor value = at::cross_entropy_loss(scores, labels_of_copies(batch)) + recipe.weight * divergence + recipe.entropy * entropy;
  return {value, scores};
}

}  // namespace ballast::train
