// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/vote_counter.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {
VoteCounter::VoteCounter(Executor& executor, const noise::NoisyWriter& noise, const Image& image, std::uint64_t seed, std::uint32_t index)
    : executor_(executor), noise_(noise), image_(image), seed_(seed), index_(index) {
  const ImageShape wanted = executor.classifier().image_shape();
  require(image.shape == wanted, fmt::format("image {} is {}, and the model takes {} (channels x height x width)", index,
                                             to_string(image.shape), to_string(wanted)));
  noise.check(image);
}

Counts VoteCounter::next(noise::Purpose purpose, std::uint64_t samples) {
  const std::uint64_t first = used_[purpose];
  require(samples <= most_samples - first,
          fmt::format("{} samples of one image are more than the {} that can be drawn", samples, most_samples));
  used_[purpose] += samples;

  Counts counts{std::vector<std::uint64_t>(static_cast<std::size_t>(executor_.classifier().classes()) + 1)};
  const auto write = [&](std::uint64_t start, int count, const InputBuffer& buffer) {
    noise_.write(image_, {seed_, purpose, index_}, static_cast<std::uint32_t>(first + start), count, buffer);
  };
  executor_.count(samples, write, counts.votes);
  executor_.all_sum(counts.votes);
  return counts;
}

}  // namespace ballast::smooth
