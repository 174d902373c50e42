// SPDX-License-Identifier: Apache-2.0
//
// Counts a classifier's votes on noisy copies of one image.

#pragma once

#include <cstdint>
#include <map>

#include "ballast/core/image.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/smooth/counts.hpp"
#include "ballast/smooth/executor.hpp"

namespace ballast::smooth {

// Hands out the samples of each purpose in order and never one twice, so that
// a guess and the estimate that tests it are independent by construction.
class VoteCounter {
 public:
  // index: the image's number in its data set, which with the seed fixes the
  // noise. All references must outlive the counter. Throws InputError where
  // the image fits neither the classifier nor the noise.
  VoteCounter(Executor& executor, const noise::NoisyWriter& noise, const Image& image, std::uint64_t seed, std::uint32_t index);

  // Votes of the next `samples` samples for this purpose. The counts are the
  // same for any number of threads and any way to share out the samples.
  Counts next(noise::Purpose purpose, std::uint64_t samples);

  // Upper bound on how far a class's probability under the noise that is drawn
  // can lie from its probability under the noise of the theorem.
  double noise_error() const { return noise_.noise_error(image_.shape.size()); }

 private:
  Executor& executor_;
  const noise::NoisyWriter& noise_;
  const Image& image_;
  std::uint64_t seed_;
  std::uint32_t index_;
  std::map<noise::Purpose, std::uint64_t> used_;
};

}  // namespace ballast::smooth
