// SPDX-License-Identifier: Apache-2.0
//
// PNG and JPEG, decoded by stb.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"
#include "ballast/data/image_file.hpp"
#include "exif.hpp"
#include "image_format.hpp"
#include "image_structure.hpp"

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

struct FreePixels {
  void operator()(void* pixels) const { stbi_image_free(pixels); }
};

[[noreturn]] void refuse_png_or_jpeg(const std::string& name) {
  const char* reason = stbi_failure_reason();  // may quote the file
  throw InputError(name + ": cannot be decoded as PNG or JPEG" + (reason != nullptr ? ": " + printable(reason) : ""));
}

int size_of(Contents contents) { return static_cast<int>(contents.size()); }

// Grey with or without alpha has 1 or 2 channels there.
ImageHeader stb_header(Contents contents, const std::string& name) {
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(contents.data(), size_of(contents), &width, &height, &channels) == 0) refuse_png_or_jpeg(name);
  const auto side = [](int length) { return static_cast<std::uint64_t>(std::max(length, 0)); };
  return {checked_shape(channels <= 2 ? 1 : 3, side(width), side(height), name),
          stbi_is_16_bit_from_memory(contents.data(), size_of(contents)) == 0};
}

ImageHeader image_header_of_png(Contents contents, const std::string& name) {
  check_png(contents, name);
  return stb_header(contents, name);
}

ImageHeader jpeg_header(Contents contents, const std::string& name) {
  check_jpeg(contents, name);
  return stb_header(contents, name);
}

// load: stb's function for values of type T.
template <typename T, typename Load>
std::vector<T> stb_planes(Load load, Contents contents, const ImageShape& shape, const std::string& name) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<T, FreePixels> pixels(load(contents.data(), size_of(contents), &width, &height, &channels, shape.channels));
  if (pixels == nullptr) refuse_png_or_jpeg(name);
  require(height == shape.height && width == shape.width, name + ": the decoded image has another size than its header says");
  return planes_of<T>({pixels.get(), shape.size()}, shape, static_cast<std::size_t>(shape.channels));
}

Image stb_decode(Contents contents, const ImageHeader& header, const std::string& name) {
  if (header.is_8bit) return {.shape = header.shape, .pixels = stb_planes<stbi_uc>(stbi_load_from_memory, contents, header.shape, name)};
  return {.shape = header.shape, .pixels = unit_floats(stb_planes<stbi_us>(stbi_load_16_from_memory, contents, header.shape, name))};
}

Image png_decode(Contents contents, const ImageHeader& header, const std::string& name) {
  check_png_data(contents, name);
  return stb_decode(contents, header, name);
}

int png_orientation(Contents contents) { return exif_orientation(exif_of_png(contents)); }
int jpeg_orientation(Contents contents) { return exif_orientation(exif_of_jpeg(contents)); }

}  // namespace

const ImageFormat png_format{is_png, image_header_of_png, png_decode, png_orientation};
const ImageFormat jpeg_format{is_jpeg, jpeg_header, stb_decode, jpeg_orientation};

}  // namespace ballast::data
