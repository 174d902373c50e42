// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/image_file.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "image_structure.hpp"
#include "netpbm.hpp"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_MAX_DIMENSIONS (1 << 14)
// Zeroed memory: what a damaged file leaves undefined is at least the same at every reading.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#include <stb/stb_image.h>

namespace ballast::data {

namespace {

static_assert(STBI_MAX_DIMENSIONS == largest_side);

constexpr std::uintmax_t largest_image_file = std::uintmax_t{1} << 28;

struct FreePixels {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

[[noreturn]] void refuse(const std::string& name) {
  const char* reason = stbi_failure_reason();
  throw InputError(name + ": cannot be decoded as PNG or JPEG" + (reason != nullptr ? std::string(": ") + reason : ""));
}

ImageShape checked_shape(int width, int height, const std::string& name) {
  require(width > 0 && height > 0 && width <= largest_side && height <= largest_side && width <= most_pixels / height,
          name + ": is " + std::to_string(width) + "x" + std::to_string(height) + " pixels; allowed are sides up to " +
              std::to_string(largest_side) + " and " + std::to_string(most_pixels) + " pixels in all");
  return {3, height, width};
}

// The contents of a whole file and what its header says.
struct Encoded {
  Bytes contents;
  ImageShape shape;

  int size() const { return static_cast<int>(contents.size()); }
};

void check_whole(const Bytes& contents, const std::string& name) {
  if (is_png(contents)) return check_png(contents, name);
  require(is_jpeg(contents), name + ": is neither a PNG nor a JPEG file, nor PGM or PPM");
  check_jpeg(contents, name);
}

Encoded read_encoded(const std::filesystem::path& file) {
  const std::string name = file.string();
  Encoded encoded{read_file(file, largest_image_file), {}};
  if (is_netpbm(encoded.contents)) {
    const NetpbmHeader header = netpbm_header(encoded.contents, name);
    encoded.shape = checked_shape(header.width, header.height, name);
    check_netpbm(encoded.contents, header, name);
    return encoded;
  }
  check_whole(encoded.contents, name);
  int width = 0;
  int height = 0;
  int channels = 0;
  if (stbi_info_from_memory(encoded.contents.data(), encoded.size(), &width, &height, &channels) == 0) refuse(name);
  encoded.shape = checked_shape(width, height, name);
  return encoded;
}

// From one pixel's channels after another to one channel after another.
Bytes planes(const stbi_uc* pixels, const ImageShape& shape) {
  Bytes bytes(shape.size());
  const std::size_t plane = shape.size() / 3;
  for (std::size_t i = 0; i < shape.size(); ++i) bytes[i % 3 * plane + i / 3] = pixels[i];
  return bytes;
}

}  // namespace

Image read_image_file(const std::filesystem::path& file) {
  const Encoded encoded = read_encoded(file);
  if (is_netpbm(encoded.contents)) return {.shape = encoded.shape, .pixels = netpbm_planes(encoded.contents, file.string())};
  if (is_png(encoded.contents)) check_png_data(encoded.contents, file.string());
  int width = 0;
  int height = 0;
  int channels = 0;
  const std::unique_ptr<stbi_uc, FreePixels> pixels(
      stbi_load_from_memory(encoded.contents.data(), encoded.size(), &width, &height, &channels, STBI_rgb));
  if (pixels == nullptr) refuse(file.string());
  require(ImageShape{3, height, width} == encoded.shape, file.string() + ": the decoded image has another size than its header says");
  return {.shape = encoded.shape, .pixels = planes(pixels.get(), encoded.shape)};
}

ImageShape read_image_shape(const std::filesystem::path& file) { return read_encoded(file).shape; }

}  // namespace ballast::data
