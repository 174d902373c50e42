// SPDX-License-Identifier: Apache-2.0
//
// Classifiers whose answers are known, and images for them.

#pragma once

#include <cmath>
#include <vector>

#include "ballast/model/callback_classifier.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/smooth/vote_counter.hpp"

namespace ballast::smooth {

inline std::vector<ChannelAffine> plain(int channels = 1) { return std::vector<ChannelAffine>(static_cast<std::size_t>(channels)); }

// Class 1 where w . x + b > 0, else class 0.
inline std::unique_ptr<model::Classifier> linear_classifier(std::vector<double> w, double b, const ImageShape& shape,
                                                            int micro_batch = 32) {
  return model::classifier_from(
      [w, b, size = shape.size()](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          double sum = b;
          for (std::size_t j = 0; j < size; ++j) sum += w[j] * static_cast<double>(images[i * size + j]);
          labels[i] = sum > 0 ? 1 : 0;
        }
      },
      shape, 2, micro_batch);
}

// A label that depends on every bit of the input, among `classes`.
inline std::unique_ptr<model::Classifier> hashing_classifier(const ImageShape& shape, int classes, int micro_batch) {
  return model::classifier_from(
      [size = shape.size(), classes](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          std::uint64_t hash = 1469598103934665603ull;
          for (std::size_t j = 0; j < size; ++j) hash = (hash ^ std::bit_cast<std::uint32_t>(images[i * size + j])) * 1099511628211ull;
          labels[i] = static_cast<Label>((hash >> 33) % static_cast<std::uint64_t>(classes));
        }
      },
      shape, classes, micro_batch);
}

inline Image grey_image(const ImageShape& shape, int level) {
  return {shape, std::vector<std::uint8_t>(shape.size(), static_cast<std::uint8_t>(level))};
}

}  // namespace ballast::smooth
