// SPDX-License-Identifier: Apache-2.0
//
// The base classifier itself: what it says of images as they are, or under one draw of noise.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/noise/noisy_writer.hpp"
#include "ballast/smooth/executor.hpp"

namespace ballast::smooth {

struct NumberedImage {
  Image image;
  std::uint32_t index = 0;  // in its data set
};

struct Answers {
  std::vector<Label> labels;
  std::vector<float> scores;  // images x classes; empty unless asked for
};

// noise: null for the images as they are; else sample 0 of purpose evaluation
// under the seed is added to each.
Answers evaluate(Executor& executor, std::span<const NumberedImage> images, const noise::NoisyWriter* noise, std::uint64_t seed,
                 bool with_scores);

}  // namespace ballast::smooth
