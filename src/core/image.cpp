// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/image.hpp"

#include <algorithm>

namespace ballast {

std::string to_string(const ImageShape& shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" + std::to_string(shape.width);
}

std::vector<float> Image::unit_pixels() const {
  if (!is_8bit()) return std::get<1>(pixels);
  std::vector<float> unit(bytes().size());
  std::transform(bytes().begin(), bytes().end(), unit.begin(), [](std::uint8_t byte) { return static_cast<float>(byte / 255.0); });
  return unit;
}

}  // namespace ballast
