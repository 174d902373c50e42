// SPDX-License-Identifier: Apache-2.0
//
// What a recipe asks of the network: one function for each, in recipes/.

#pragma once

#include <ATen/core/Tensor.h>

#include "ballast/train/recipe.hpp"
#include "learner.hpp"

namespace ballast::train {

// One batch where the network is.
struct Batch {
  at::Tensor clean;   // images x channels x height x width; undefined where the recipe does not look at them
  at::Tensor noisy;   // (copies x images) x channels x height x width, copies outermost
  at::Tensor labels;  // images
  int copies = 1;
  double sigma = 0;  // of the noise
  double done = 0;   // share of the training that lies behind
};

struct Loss {
  at::Tensor value;   // what has to become small
  at::Tensor scores;  // (copies x images) x classes, of the noisy images, for the count of right answers
};

Loss loss_of(const Gaussian& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const SmoothAdv& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Macer& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Consistency& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Stability& recipe, Learner& learner, const Batch& batch);

// Whether a recipe looks at the images without noise.
bool needs_clean(const Recipe& recipe);

// The labels of every copy: copies x images.
at::Tensor labels_of_copies(const Batch& batch);

}  // namespace ballast::train
