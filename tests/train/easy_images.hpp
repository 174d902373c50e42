// SPDX-License-Identifier: Apache-2.0
//
// Images that anything learns, and options that take a moment.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/data/memory_dataset.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/train/train.hpp"

namespace ballast::train {

// Images of 8x8 whose class is the quarter that is bright.
inline data::MemoryDataset quarters(std::size_t count) {
  std::vector<std::uint8_t> pixels;
  std::vector<Label> labels;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = i % 4;
    labels.push_back(static_cast<Label>(label));
    for (std::size_t y = 0; y < 8; ++y) {
      for (std::size_t x = 0; x < 8; ++x) pixels.push_back(y / 4 * 2 + x / 4 == label ? 220 : 30);
    }
  }
  return {{1, 8, 8}, pixels, labels, 4};
}

inline TrainOptions quick() {
  TrainOptions options;
  options.epochs = 3;
  options.batch = 32;
  options.rate = 0.05;
  options.schedule = Schedule::one_cycle;
  options.shift = 0;
  options.flip = false;
  options.sigma = 0.1;
  options.validation = 0;
  options.threads = 1;
  return options;
}

inline std::vector<std::vector<float>> weights(const graph::Graph& graph) {
  std::vector<std::vector<float>> all;
  for (const auto& value : graph.values) {
    if (value.constant) all.push_back(value.constant->values);
  }
  return all;
}

}  // namespace ballast::train
