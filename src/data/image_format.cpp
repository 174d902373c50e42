// SPDX-License-Identifier: Apache-2.0

#include "image_format.hpp"

#include <algorithm>
#include <array>

#include "ballast/core/errors.hpp"
#include "ballast/data/image_file.hpp"

namespace ballast::data {

const ImageFormat& format_of(Contents contents, const std::string& name) {
  static constexpr std::array<const ImageFormat*, 7> formats{&png_format, &jpeg_format, &netpbm_format, &bmp_format,
                                                             &gif_format, &webp_format, &tiff_format};
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const ImageFormat* format) { return format->begins(contents); });
  require(found != formats.end(), name + ": is neither a PNG nor a JPEG file, nor PGM, PPM, BMP, GIF, WebP or TIFF");
  return **found;
}

ImageShape checked_shape(int channels, std::uint64_t width, std::uint64_t height, const std::string& name) {
  require(width > 0 && height > 0 && width <= largest_side && height <= largest_side && width * height <= most_pixels,
          name + ": is " + std::to_string(width) + "x" + std::to_string(height) + " pixels; allowed are sides up to " +
              std::to_string(largest_side) + " and " + std::to_string(most_pixels) + " pixels in all");
  return {channels, static_cast<int>(height), static_cast<int>(width)};
}

std::vector<float> unit_floats(std::span<const std::uint16_t> values) {
  std::vector<float> floats;
  floats.reserve(values.size());
  for (const std::uint16_t value : values) floats.push_back(static_cast<float>(value / 65535.0));
  return floats;
}

std::vector<std::uint8_t> painted(std::span<const std::uint8_t> indices, std::span<const Colour> palette, const std::string& name) {
  std::vector<std::uint8_t> planes(3 * indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] >= palette.size())
      throw InputError(name + ": has a pixel of colour " + std::to_string(indices[i]) + ", and a palette of " +
                       std::to_string(palette.size()) + " colours");
    const Colour& colour = palette[indices[i]];
    planes[i] = colour.red;
    planes[indices.size() + i] = colour.green;
    planes[2 * indices.size() + i] = colour.blue;
  }
  return planes;
}

}  // namespace ballast::data
