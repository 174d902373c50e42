// SPDX-License-Identifier: Apache-2.0
//
// What a format of images has to offer, and the list of the formats.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/data/image_file.hpp"
#include "bytes.hpp"

namespace ballast::data {

using Contents = std::span<const std::uint8_t>;

struct ImageHeader {
  ImageShape shape;     // of 1 channel where the file holds nothing but grey, else 3
  bool is_8bit = true;  // else 16 bits, which become floats
};

// Each function may rely on those before it. All but `begins` throw InputError starting with `name`.
struct ImageFormat {
  bool (*begins)(Contents contents);
  // Checks the file's structure without decoding it, too.
  ImageHeader (*header)(Contents contents, const std::string& name);
  // Of the header's shape and kind. Alpha is dropped.
  Image (*decode)(Contents contents, const ImageHeader& header, const std::string& name);
  // EXIF's orientation, 1 to 8; 1 where the file says nothing of it.
  int (*orientation)(Contents contents);
};

// The one that the contents begin as. Throws InputError starting with `name` where it is none.
const ImageFormat& format_of(Contents contents, const std::string& name);

// What read_image_file reads, and makes of it. `name` is the file's.
Bytes read_image_contents(const std::filesystem::path& file);
Image image_of(Contents contents, const std::string& name, const ImageReading& how);

extern const ImageFormat png_format, jpeg_format, netpbm_format, bmp_format, gif_format, webp_format, tiff_format;

// Throws InputError starting with `name` for sides and areas that are not allowed.
ImageShape checked_shape(int channels, std::uint64_t width, std::uint64_t height, const std::string& name);

// From one pixel's channels after another to one channel after another: `step` values a pixel, of which the first are the shape's channels.
template <typename T>
std::vector<T> planes_of(std::span<const T> values, const ImageShape& shape, std::size_t step) {
  std::vector<T> planes(shape.size());
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::size_t plane = shape.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < plane; ++i) planes[c * plane + i] = values[i * step + c];
  }
  return planes;
}

// 16 bits as floats in [0, 1].
std::vector<float> unit_floats(std::span<const std::uint16_t> values);

// Indices into a palette as RGB planes. Throws InputError starting with `name` where one lies outside.
struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
};
std::vector<std::uint8_t> painted(std::span<const std::uint8_t> indices, std::span<const Colour> palette, const std::string& name);

inline std::uint32_t little_16(Contents bytes, std::size_t at) { return bytes[at] | static_cast<std::uint32_t>(bytes[at + 1]) << 8; }
inline std::uint32_t little_32(Contents bytes, std::size_t at) { return little_16(bytes, at) | little_16(bytes, at + 2) << 16; }

}  // namespace ballast::data
