// SPDX-License-Identifier: Apache-2.0
//
// Batches of augmented, noisy images: a pure function of (seed, epoch,
// position), so that threads, order and resuming cannot change them.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ballast/data/dataset.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/train/train.hpp"

namespace ballast::train {

// Pixels of one image lie together, its channels innermost.
struct HostBatch {
  int images = 0;
  std::vector<float> clean;          // images; empty where the recipe does not look at them
  std::vector<float> noisy;          // copies x images: first copy of every image, second copy of every image, ...
  std::vector<std::int64_t> labels;  // images
};

class Batches {
 public:
  // Throws InputError where the images have no common shape, one class only, or
  // are too few.
  Batches(const data::Dataset& images, const TrainOptions& options, bool clean_too);

  const ImageShape& shape() const { return shape_; }
  int copies() const { return copies_; }
  int steps() const;  // an epoch; a last batch that is not full is left out

  // The images that are held out, by index.
  const std::vector<std::uint32_t>& validation() const { return validation_; }

  // The order in which an epoch (from 1) takes the images.
  std::vector<std::uint32_t> order(int epoch) const;

  // Batch number `step` (from 0) of the epoch whose order is given. May be called from several threads.
  void fill(int epoch, const std::vector<std::uint32_t>& order, int step, HostBatch& batch) const;

  // Noisy copies (or, without noise, the images as they are) of held-out
  // images first ... first + count - 1, for validation: the same at every call.
  void fill_validation(std::size_t first, std::size_t count, int draws, HostBatch& batch) const;

 private:
  data::Example example(std::uint32_t index) const;
  Image augmented(Image image, std::uint32_t index, int epoch) const;
  void write(const Image& image, const noise::Stream& stream, std::uint32_t first, int copies, std::size_t place, HostBatch& batch) const;

  const data::Dataset& images_;
  TrainOptions options_;
  bool clean_too_;
  int copies_;
  ImageShape shape_;
  std::optional<noise::NoisyWriter> noise_;
  std::vector<std::uint32_t> trained_, validation_;
};

}  // namespace ballast::train
