// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {

Answers evaluate(Executor& executor, std::span<const NumberedImage> images, const noise::NoisyWriter* noise, std::uint64_t seed,
                 bool with_scores) {
  const ImageShape wanted = executor.classifier().image_shape();
  const auto affine = executor.classifier().affine();
  for (const NumberedImage& entry : images) {
    require(entry.image.shape == wanted, fmt::format("image {} is {}, and the model takes {} (channels x height x width)", entry.index,
                                                     to_string(entry.image.shape), to_string(wanted)));
    if (noise) noise->check(entry.image);
  }
  const auto step = static_cast<std::size_t>(executor.micro_batch()), classes = static_cast<std::size_t>(executor.classifier().classes());
  Answers answers{std::vector<Label>(images.size()), std::vector<float>(with_scores ? images.size() * classes : 0)};
  executor.run((images.size() + step - 1) / step, [&](model::Session& session, int, std::uint64_t task) {
    const std::size_t start = task * step, count = std::min(step, images.size() - start);
    InputBuffer buffer = session.input();
    for (std::size_t i = 0; i < count; ++i) {
      const NumberedImage& entry = images[start + i];
      if (!noise) {
        noise::write_clean(entry.image, affine, static_cast<int>(i), buffer);
        continue;
      }
      noise->write(entry.image, {seed, noise::Purpose::evaluation, entry.index}, 0, 1, from_place(buffer, i));
    }
    if (with_scores) {
      const auto scores = session.scores(static_cast<int>(count));
      std::copy(scores.begin(), scores.end(), answers.scores.begin() + static_cast<std::ptrdiff_t>(start * classes));
      for (std::size_t i = 0; i < count; ++i) answers.labels[start + i] = model::label_of(scores.subspan(i * classes, classes));
    } else {
      session.classify(std::span(answers.labels).subspan(start, count));
    }
  });
  return answers;
}

}  // namespace ballast::smooth
