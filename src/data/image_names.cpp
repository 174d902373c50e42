// SPDX-License-Identifier: Apache-2.0

#include "image_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

constexpr std::array<std::string_view, 12> read{".png", ".jpg", ".jpeg", ".jpe", ".pgm",  ".ppm",
                                                ".pnm", ".bmp", ".gif",  ".tif", ".tiff", ".webp"};
constexpr std::array<std::string_view, 7> other_images{".pbm", ".pfm", ".jp2", ".jxl", ".avif", ".heic", ".tga"};

std::string extension_of(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

}  // namespace

bool is_image(const std::filesystem::path& file) {
  const std::string extension = extension_of(file);
  require(std::find(other_images.begin(), other_images.end(), extension) == other_images.end(),
          file.string() + ": is an image of another format; allowed are PNG, JPEG, PGM, PPM, BMP, GIF, WebP and TIFF");
  return std::find(read.begin(), read.end(), extension) != read.end();
}

bool may_hold_16_bits(const std::filesystem::path& file) {
  const std::string extension = extension_of(file);
  return extension == ".png" || extension == ".tif" || extension == ".tiff";
}

}  // namespace ballast::data
