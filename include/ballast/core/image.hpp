// SPDX-License-Identifier: Apache-2.0
//
// One input of a classifier, and the name of its class.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ballast {

// A class, counted from 0.
using Label = std::int32_t;

struct ImageShape {
  int channels = 0;
  int height = 0;
  int width = 0;

  std::size_t size() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
  bool operator==(const ImageShape&) const = default;
};

// "3x32x32" (channels, height, width).
std::string to_string(const ImageShape& shape);

// Pixels in channel, row, column order: bytes 0..255, which stand for
// byte / 255, or floats in [0, 1].
struct Image {
  ImageShape shape;
  std::variant<std::vector<std::uint8_t>, std::vector<float>> pixels;

  bool is_8bit() const { return pixels.index() == 0; }
  const std::vector<std::uint8_t>& bytes() const { return std::get<0>(pixels); }

  // The pixels in [0, 1], whatever they are stored as.
  std::vector<float> unit_pixels() const;
};

}  // namespace ballast
