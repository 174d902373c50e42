// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/vote_counter.hpp"

#include <fmt/format.h>

#include <algorithm>

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

  const auto step = static_cast<std::uint64_t>(executor_.micro_batch());
  const auto classes = static_cast<std::size_t>(executor_.classifier().classes()) + 1;
  const auto threads = static_cast<std::size_t>(executor_.threads());
  std::vector<std::vector<std::uint64_t>> votes(threads, std::vector<std::uint64_t>(classes));
  std::vector<std::vector<Label>> labels(threads, std::vector<Label>(step));
  executor_.run((samples + step - 1) / step, [&](model::Session& session, int worker, std::uint64_t task) {
    const std::uint64_t start = task * step, count = std::min(step, samples - start);
    const std::span<Label> mine = std::span(labels[static_cast<std::size_t>(worker)]).first(count);
    noise_.write(image_, {seed_, purpose, index_}, static_cast<std::uint32_t>(first + start), static_cast<int>(count), session.input());
    session.classify(mine);
    for (const Label label : mine) ++votes[static_cast<std::size_t>(worker)][static_cast<std::size_t>(label)];
  });

  Counts counts{std::vector<std::uint64_t>(classes)};
  for (const auto& part : votes) {
    for (std::size_t c = 0; c < classes; ++c) counts.votes[c] += part[c];
  }
  executor_.all_sum(counts.votes);
  return counts;
}

}  // namespace ballast::smooth
