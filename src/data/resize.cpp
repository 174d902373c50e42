// SPDX-License-Identifier: Apache-2.0
//
// Pillow's 8-bit resize (its Resample.c): a filter stretched to the scale, its weights cut at the
// border and made to sum to 1, in fixed point, rows first, each pass rounded to bytes. Written out here because the
// image must not depend on a library's version, and stb's own resize treats the border differently.

#include <algorithm>
#include <cmath>
#include <numbers>
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

// A filter as a function of the distance from the output pixel's middle, 0 from `support` on.
struct Filter {
  double support;
  double (*at)(double distance);
};

double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

double box(double x) { return x > -0.5 && x <= 0.5 ? 1 : 0; }
double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }
double hamming(double x) { return std::abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * std::cos(std::numbers::pi * x)) : 0; }
double lanczos(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }
// Keys's cubic of a = -1/2.
double cubic(double x) {
  constexpr double a = -0.5;
  const double d = std::abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::nearest: break;
    case Interpolation::box: return {0.5, box};
    case Interpolation::bilinear: return {1, triangle};
    case Interpolation::hamming: return {1, hamming};
    case Interpolation::bicubic: return {2, cubic};
    case Interpolation::lanczos: return {3, lanczos};
  }
  return {0, nullptr};
}

std::int32_t fixed(double weight) { return static_cast<std::int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << fraction_bits)); }

Tap tap_at(const Filter& filter, double center, double scale, int length) {
  const double stretch = std::max(scale, 1.0), support = filter.support * stretch;
  Tap tap;
  tap.first = std::max(0, static_cast<int>(center - support + 0.5));
  const int end = std::min(length, static_cast<int>(center + support + 0.5));
  std::vector<double> weights;
  double sum = 0;
  for (int i = tap.first; i < end; ++i) {
    weights.push_back(filter.at((i - center + 0.5) * (1 / stretch)));
    sum += weights.back();
  }
  for (const double weight : weights) tap.weights.push_back(fixed(weight / sum));
  return tap;
}

std::vector<Tap> taps(int length, int new_length, Interpolation interpolation) {
  const double scale = static_cast<double>(length) / new_length;
  const Filter filter = filter_of(interpolation);
  std::vector<Tap> all;
  double place = scale * 0.5;  // summed up as Pillow does
  for (int i = 0; i < new_length; ++i, place += scale) {
    if (interpolation == Interpolation::nearest) all.push_back({std::min(static_cast<int>(place), length - 1), {1 << fraction_bits}});
    else all.push_back(tap_at(filter, (i + 0.5) * scale, scale, length));
  }
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

Plane resize_rows(const Plane& plane, std::size_t width, const std::vector<Tap>& all) {
  Plane resized;
  resized.reserve(plane.size() / width * all.size());
  for (std::size_t row = 0; row < plane.size(); row += width) {
    for (const Tap& tap : all) resized.push_back(weighted(&plane[row], 1, tap));
  }
  return resized;
}

Plane resize_columns(const Plane& plane, std::size_t width, const std::vector<Tap>& all) {
  Plane resized;
  resized.reserve(width * all.size());
  for (const Tap& tap : all) {
    for (std::size_t column = 0; column < width; ++column) resized.push_back(weighted(&plane[column], width, tap));
  }
  return resized;
}

Plane resize_plane(Plane plane, const ImageShape& from, const ImageShape& to, Interpolation interpolation) {
  if (from.width != to.width) plane = resize_rows(plane, static_cast<std::size_t>(from.width), taps(from.width, to.width, interpolation));
  if (from.height != to.height)
    plane = resize_columns(plane, static_cast<std::size_t>(to.width), taps(from.height, to.height, interpolation));
  return plane;
}

ImageShape resized_shape(const ImageShape& shape, const Resizing& resizing) {
  const auto checked = [&](std::int64_t height, std::int64_t width) {
    const bool allowed = height >= 1 && width >= 1 && height <= largest_side && width <= largest_side;
    require(allowed, "an image of " + to_string(shape) + " cannot be resized to " +
                         (resizing.width > 0 ? std::to_string(resizing.height) + "x" + std::to_string(resizing.width)
                                             : "a shorter side of " + std::to_string(resizing.height)) +
                         "; allowed are sides of 1 to " + std::to_string(largest_side));
    return ImageShape{shape.channels, static_cast<int>(height), static_cast<int>(width)};
  };
  const std::int64_t size = resizing.height;
  if (resizing.width > 0) return checked(size, resizing.width);
  if (shape.width <= shape.height) return checked(size * shape.height / shape.width, size);
  return checked(size, size * shape.width / shape.height);
}

// Half of a difference, rounded as Python's round does: halves to the even neighbour.
int half_to_even(int difference) {
  const int half = difference / 2;
  return difference % 2 == 0 || half % 2 == 0 ? half : half + 1;
}

}  // namespace

Image resize(const Image& image, const Resizing& resizing) {
  require(image.is_8bit(), "images of 16 bits cannot be resized; --resize 0 leaves that out");
  const ImageShape shape = resized_shape(image.shape, resizing);
  if (shape == image.shape) return image;
  const auto plane_size = static_cast<std::ptrdiff_t>(image.shape.size() / static_cast<std::size_t>(image.shape.channels));
  std::vector<std::uint8_t> bytes;
  for (int channel = 0; channel < shape.channels; ++channel) {
    const auto begin = image.bytes().begin() + channel * plane_size;
    const Plane resized = resize_plane(Plane(begin, begin + plane_size), image.shape, shape, resizing.interpolation);
    bytes.insert(bytes.end(), resized.begin(), resized.end());
  }
  return {.shape = shape, .pixels = std::move(bytes)};
}

std::string to_string(const Resizing& resizing) {
  std::string text = std::to_string(resizing.height);
  if (resizing.width > 0) text += "x" + std::to_string(resizing.width);
  // The usual one goes without saying, as it did before there were others.
  if (resizing.interpolation != Interpolation::bilinear) text += " " + std::string(interpolation_names.of(resizing.interpolation));
  return text;
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
