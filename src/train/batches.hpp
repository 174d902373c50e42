// SPDX-License-Identifier: Apache-2.0
//
// Batches of augmented, noisy images: a pure function of (seed, epoch, position).

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ballast/data/dataset.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/train/train.hpp"

namespace ballast::train {

class Batches {
 public:
  // Throws InputError where the images have no common shape.
  Batches(const data::Dataset& images, const TrainOptions& options);

  const ImageShape& shape() const { return shape_; }
  int steps() const;  // an epoch; a last batch that is not full is left out

  // A new order of the images.
  void begin_epoch(int epoch);

  // Writes batch number `step` (from 0): pixels channels first, and labels.
  void fill(int step, std::vector<float>& pixels, std::vector<std::int64_t>& labels) const;

 private:
  Image augmented(Image image, std::uint32_t index) const;

  const data::Dataset& images_;
  TrainOptions options_;
  ImageShape shape_;
  std::optional<noise::NoisyWriter> noise_;
  int epoch_ = 0;
  std::vector<std::uint32_t> order_;
};

}  // namespace ballast::train
