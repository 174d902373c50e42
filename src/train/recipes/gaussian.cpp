// SPDX-License-Identifier: Apache-2.0
//
// Cohen, Rosenfeld and Kolter 2019, section 3.3: cross-entropy on noisy images.

#include <ATen/ops/cross_entropy_loss.h>

#include "../objective.hpp"

namespace ballast::train {

Loss loss_of(const Gaussian&, Learner& learner, const Batch& batch) {
  const at::Tensor scores = learner.scores(batch.noisy);
  return {at::cross_entropy_loss(scores, batch.labels), scores};
}

}  // namespace ballast::train
