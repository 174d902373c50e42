// SPDX-License-Identifier: Apache-2.0
//
// A data set whose images are all in memory.

#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

class MemoryDataset final : public Dataset {
 public:
  // One image after another, each in channel, row, column order: bytes, or floats in [0, 1].
  using Pixels = std::variant<std::vector<std::uint8_t>, std::vector<float>>;

  // Requires at least one label, labels.size() images of the given shape, floats in [0, 1], and labels from 0 to
  // classes - 1; classes 0 stands for the largest label + 1. An empty sha256 stands for that of shape, labels and pixels.
  // Throws InputError, naming the first image that is wrong.
  MemoryDataset(ImageShape shape, Pixels pixels, std::vector<Label> labels, int classes = 0, std::string sha256 = "");

  std::size_t size() const override { return labels_.size(); }
  Example at(std::size_t index) const override;
  int classes() const override { return classes_; }
  bool is_8bit() const override { return pixels_.index() == 0; }
  std::optional<ImageShape> shape() const override { return shape_; }
  std::string sha256() const override { return sha256_; }

 private:
  ImageShape shape_;
  Pixels pixels_;
  std::vector<Label> labels_;
  int classes_;
  std::string sha256_;
};

}  // namespace ballast::data
