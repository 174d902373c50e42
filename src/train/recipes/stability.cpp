// SPDX-License-Identifier: Apache-2.0
//
// Li, Chen, Wang and Carin 2019, "Certified Adversarial Robustness with
// Additive Noise", section 5: stability training.

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>

#include "../objective.hpp"

namespace ballast::train {

Loss loss_of(const Stability& recipe, Learner& learner, const Batch& batch) {
  const std::int64_t images = batch.labels.size(0);
  const at::Tensor both = learner.scores(at::cat({batch.clean, batch.noisy}));
  const at::Tensor clean = both.narrow(0, 0, images), noisy = both.narrow(0, images, images);
  const at::Tensor apart = -(at::softmax(clean, 1) * at::log_softmax(noisy, 1)).sum(1).mean();
  return {at::cross_entropy_loss(clean, batch.labels) + recipe.weight * apart, noisy};
}

}  // namespace ballast::train
