// SPDX-License-Identifier: Apache-2.0

#include "exif.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace ballast::data {

namespace {

constexpr std::uint32_t orientation_tag = 0x0112, short_type = 3;
constexpr std::size_t entry_bytes = 12;

// Numbers of either byte order; 0 beyond the end.
class ExifNumbers {
 public:
  ExifNumbers(std::span<const std::uint8_t> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  std::uint32_t two(std::size_t at) const {
    if (at + 2 > bytes_.size()) return 0;
    const std::uint32_t first = bytes_[at], second = bytes_[at + 1];
    return big_endian_ ? first << 8 | second : second << 8 | first;
  }
  std::uint32_t four(std::size_t at) const { return big_endian_ ? two(at) << 16 | two(at + 2) : two(at + 2) << 16 | two(at); }

 private:
  std::span<const std::uint8_t> bytes_;
  bool big_endian_;
};

template <typename T>
std::vector<T> turned_planes(const std::vector<T>& pixels, const ImageShape& shape, int orientation) {
  const auto height = static_cast<std::size_t>(shape.height), width = static_cast<std::size_t>(shape.width);
  const bool swaps = orientation >= 5;
  const std::size_t rows = swaps ? width : height, columns = swaps ? height : width;
  std::vector<T> result;
  result.reserve(pixels.size());
  for (std::size_t plane = 0; plane < pixels.size(); plane += height * width) {
    for (std::size_t y = 0; y < rows; ++y) {
      for (std::size_t x = 0; x < columns; ++x) {
        std::size_t from_y = swaps ? x : y, from_x = swaps ? y : x;
        if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = height - 1 - from_y;
        if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = width - 1 - from_x;
        result.push_back(pixels[plane + from_y * width + from_x]);
      }
    }
  }
  return result;
}

}  // namespace

int exif_orientation(std::span<const std::uint8_t> block) {
  if (block.size() < 8 || block[0] != block[1] || (block[0] != 'I' && block[0] != 'M')) return 1;
  const ExifNumbers numbers(block, block[0] == 'M');
  const std::size_t directory = numbers.four(4);
  const std::uint32_t entries = numbers.two(directory);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * entry_bytes;
    if (entry >= block.size()) break;
    if (numbers.two(entry) != orientation_tag || numbers.two(entry + 2) != short_type) continue;
    const std::uint32_t orientation = numbers.two(entry + 8);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return 1;
}

Image turned(const Image& image, int orientation) {
  if (orientation == 1) return image;
  ImageShape shape = image.shape;
  if (orientation >= 5) std::swap(shape.height, shape.width);
  Image result{.shape = shape, .pixels = {}};
  std::visit([&](const auto& pixels) { result.pixels = turned_planes(pixels, image.shape, orientation); }, image.pixels);
  return result;
}

}  // namespace ballast::data
