// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/image_file.hpp"

#include <string>
#include <utility>

#include "bytes.hpp"
#include "exif.hpp"
#include "image_format.hpp"

namespace ballast::data {

namespace {

constexpr std::uintmax_t largest_image_file = std::uintmax_t{1} << 28;

// ITU-R 601-2 in 16 bits of fraction; the three make 1, so grey stays as it is.
constexpr std::uint32_t red_share = 19595, green_share = 38470, blue_share = 7471;

std::uint8_t luma(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>((red * red_share + green * green_share + blue * blue_share + 0x8000) >> 16);
}

float luma(float red, float green, float blue) {
  return static_cast<float>((double{red} * red_share + double{green} * green_share + double{blue} * blue_share) / 65536);
}

template <typename T>
std::vector<T> gray_of(const std::vector<T>& pixels) {
  const std::size_t plane = pixels.size() / 3;
  std::vector<T> gray(plane);
  for (std::size_t i = 0; i < plane; ++i) gray[i] = luma(pixels[i], pixels[plane + i], pixels[2 * plane + i]);
  return gray;
}

template <typename T>
std::vector<T> repeated(const std::vector<T>& gray) {
  std::vector<T> pixels;
  pixels.reserve(3 * gray.size());
  for (int i = 0; i < 3; ++i) pixels.insert(pixels.end(), gray.begin(), gray.end());
  return pixels;
}

Image with_channels(Image image, int channels) {
  if (image.shape.channels == channels) return image;
  image.shape.channels = channels;
  std::visit([&](auto& pixels) { pixels = channels == 1 ? gray_of(pixels) : repeated(pixels); }, image.pixels);
  return image;
}

int channels_of(const ImageReading& how) { return how.gray ? 1 : 3; }

}  // namespace

Bytes read_image_contents(const std::filesystem::path& file) { return read_file(file, largest_image_file); }

Image read_image_file(const std::filesystem::path& file, const ImageReading& how) {
  return image_of(read_image_contents(file), file.string(), how);
}

Image image_of(Contents contents, const std::string& name, const ImageReading& how) {
  const ImageFormat& format = format_of(contents, name);
  Image image = format.decode(contents, format.header(contents, name), name);
  if (how.exif) image = turned(image, format.orientation(contents));
  return with_channels(std::move(image), channels_of(how));
}

ImageKind read_image_kind(const std::filesystem::path& file, const ImageReading& how) {
  const std::string name = file.string();
  const Bytes contents = read_image_contents(file);
  const ImageFormat& format = format_of(contents, name);
  ImageHeader header = format.header(contents, name);
  if (how.exif && format.orientation(contents) >= 5) std::swap(header.shape.height, header.shape.width);
  header.shape.channels = channels_of(how);
  return {header.shape, header.is_8bit};
}

bool is_gray_file(const std::filesystem::path& file) {
  const std::string name = file.string();
  const Bytes contents = read_image_contents(file);
  return format_of(contents, name).header(contents, name).shape.channels == 1;
}

}  // namespace ballast::data
