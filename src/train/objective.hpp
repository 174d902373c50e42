// SPDX-License-Identifier: Apache-2.0
//
// What a recipe asks of the network: one function for each, in recipes/.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "ballast/noise/stream.hpp"
#include "ballast/train/train.hpp"
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

  // Random numbers beside the noise: a sample of a stream that is no image's.
  noise::Stream stream{};
  std::uint32_t sample = 0;
};

// The streams of a recipe's own random numbers have this image; data sets are smaller.
inline constexpr std::uint32_t no_image = 0xffff'ffff;

struct Loss {
  at::Tensor value;   // what has to become small
  at::Tensor scores;  // (copies x images) x classes, of the noisy images, for the count of right answers
};

Loss loss_of(const Gaussian& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const SmoothAdv& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Macer& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Consistency& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Stability& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Wong& recipe, Learner& learner, const Batch& batch);
Loss loss_of(const Lmt& recipe, Learner& learner, const Batch& batch);

// Before the first step: refuses networks that a recipe cannot train, with an InputError naming operation and node, and makes what
// it carries from step to step.
void begin(const Wong& recipe, Learner& learner, const TrainOptions& options);
void begin(const Lmt& recipe, Learner& learner, const TrainOptions& options);
template <typename Other>
void begin(const Other&, Learner&, const TrainOptions&) {}

// Of each noisy image, whether a recipe's own bound certifies it at its radius; undefined where it has none. Changes nothing.
at::Tensor certified(const Wong& recipe, Learner& learner, const Batch& batch);
at::Tensor certified(const Lmt& recipe, Learner& learner, const Batch& batch);
template <typename Other>
at::Tensor certified(const Other&, Learner&, const Batch&) {
  return {};
}

// Whether a recipe looks at the images without noise.
bool needs_clean(const Recipe& recipe);

// The labels of every copy: copies x images.
at::Tensor labels_of_copies(const Batch& batch);

}  // namespace ballast::train
