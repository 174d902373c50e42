// SPDX-License-Identifier: Apache-2.0
//
// Pillow's 8-bit bilinear resize (its Resample.c): a triangle filter stretched to the scale, its weights cut at the
// border and made to sum to 1, in fixed point, rows first, each pass rounded to bytes. Written out here because the
// image must not depend on a library's version, and stb's own resize treats the border differently.

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/data/image_file.hpp"

namespace ballast::data {

namespace {

using Plane = std::vector<std::uint8_t>;

constexpr int fraction_bits = 22;

// The inputs that one output pixel is made of.
struct Tap {
  int first = 0;
  std::vector<std::int32_t> weights;  // in units of 2^-22
};

Tap tap_at(double center, double support, int length) {
  Tap tap;
  tap.first = std::max(0, static_cast<int>(center - support + 0.5));
  const int end = std::min(length, static_cast<int>(center + support + 0.5));
  std::vector<double> weights;
  double sum = 0;
  for (int i = tap.first; i < end; ++i) {
    weights.push_back(std::max(0.0, 1 - std::abs((i - center + 0.5) * (1 / support))));
    sum += weights.back();
  }
  for (const double weight : weights) tap.weights.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << fraction_bits)));
  return tap;
}

std::vector<Tap> taps(int length, int new_length) {
  const double scale = static_cast<double>(length) / new_length;
  std::vector<Tap> all;
  for (int i = 0; i < new_length; ++i) all.push_back(tap_at((i + 0.5) * scale, std::max(scale, 1.0), length));
  return all;
}

// Applies the taps along one direction: `stride` apart from one input to the next, starting at `line`.
std::uint8_t weighted(const std::uint8_t* line, std::size_t stride, const Tap& tap) {
  std::int32_t sum = 1 << (fraction_bits - 1);
  const std::uint8_t* input = line + static_cast<std::size_t>(tap.first) * stride;
  for (const std::int32_t weight : tap.weights) {
    sum += *input * weight;
    input += stride;
  }
  return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
}

Plane resize_rows(const Plane& plane, std::size_t width, std::size_t new_width) {
  const std::vector<Tap> all = taps(static_cast<int>(width), static_cast<int>(new_width));
  Plane resized;
  resized.reserve(plane.size() / width * new_width);
  for (std::size_t row = 0; row < plane.size(); row += width) {
    for (const Tap& tap : all) resized.push_back(weighted(&plane[row], 1, tap));
  }
  return resized;
}

Plane resize_columns(const Plane& plane, std::size_t width, std::size_t new_height) {
  Plane resized;
  resized.reserve(width * new_height);
  for (const Tap& tap : taps(static_cast<int>(plane.size() / width), static_cast<int>(new_height))) {
    for (std::size_t column = 0; column < width; ++column) resized.push_back(weighted(&plane[column], width, tap));
  }
  return resized;
}

Plane resize_plane(Plane plane, const ImageShape& from, const ImageShape& to) {
  const auto width = static_cast<std::size_t>(to.width);
  if (from.width != to.width) plane = resize_rows(plane, static_cast<std::size_t>(from.width), width);
  if (from.height != to.height) plane = resize_columns(plane, width, static_cast<std::size_t>(to.height));
  return plane;
}

ImageShape resized_shape(const ImageShape& shape, int size) {
  const auto longer = [&](int long_side, int short_side) {
    const std::int64_t length = std::int64_t{size} * long_side / short_side;
    require(size >= 1 && length <= largest_side, "an image of " + to_string(shape) + " cannot be resized to a shorter side of " +
                                                     std::to_string(size) + "; allowed are sides of 1 to " + std::to_string(largest_side));
    return static_cast<int>(length);
  };
  if (shape.width <= shape.height) return {shape.channels, longer(shape.height, shape.width), size};
  return {shape.channels, size, longer(shape.width, shape.height)};
}

// Half of a difference, rounded as Python's round does: halves to the even neighbour.
int half_to_even(int difference) {
  const int half = difference / 2;
  return difference % 2 == 0 || half % 2 == 0 ? half : half + 1;
}

}  // namespace

Image resize_shorter_side(const Image& image, int size) {
  require(image.is_8bit(), "images of 16 bits cannot be resized; --resize 0 leaves that out");
  const ImageShape shape = resized_shape(image.shape, size);
  if (shape == image.shape) return image;
  const auto plane_size = static_cast<std::ptrdiff_t>(image.shape.size() / static_cast<std::size_t>(image.shape.channels));
  std::vector<std::uint8_t> bytes;
  for (int channel = 0; channel < shape.channels; ++channel) {
    const auto begin = image.bytes().begin() + channel * plane_size;
    const Plane resized = resize_plane(Plane(begin, begin + plane_size), image.shape, shape);
    bytes.insert(bytes.end(), resized.begin(), resized.end());
  }
  return {.shape = shape, .pixels = std::move(bytes)};
}

Image center_crop(const Image& image, int size) {
  const ImageShape& shape = image.shape;
  require(size >= 1 && size <= shape.height && size <= shape.width,
          "an image of " + to_string(shape) + " cannot be cropped to " + std::to_string(size) + "; allowed are 1 to its shorter side");
  const int top = half_to_even(shape.height - size);
  const int left = half_to_even(shape.width - size);
  Image result{.shape = {shape.channels, size, size}, .pixels = {}};
  const auto crop = [&](const auto& pixels) {
    std::decay_t<decltype(pixels)> values;
    for (int channel = 0; channel < shape.channels; ++channel) {
      for (int row = top; row < top + size; ++row) {
        const auto begin = pixels.begin() + ((static_cast<std::ptrdiff_t>(channel) * shape.height + row) * shape.width + left);
        values.insert(values.end(), begin, begin + size);
      }
    }
    result.pixels = std::move(values);
  };
  std::visit(crop, image.pixels);
  return result;
}

}  // namespace ballast::data
