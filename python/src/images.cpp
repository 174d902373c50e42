// SPDX-License-Identifier: Apache-2.0

#include "images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;

ImageShape shape_of(const py::array& array) {
  const auto side = [&](int i) {
    const py::ssize_t length = array.shape(i);
    require(length > 0 && length <= std::numeric_limits<int>::max(),
            fmt::format("images: side {} is {}; sides of an image must be above 0", i, length));
    return static_cast<int>(length);
  };
  return {side(1), side(2), side(3)};
}

template <typename Allowed>
void require_each(std::span<const float> pixels, std::size_t image_size, Allowed allowed, const char* what) {
  const auto wrong = std::find_if_not(pixels.begin(), pixels.end(), allowed);
  if (wrong == pixels.end()) return;
  const auto image = static_cast<std::size_t>(wrong - pixels.begin()) / image_size;
  throw InputError(fmt::format("image {} has a pixel of {}; {}", image, *wrong, what));
}

}  // namespace

Images::Images(py::array array) : array_(std::move(array)) {
  is_8bit_ = array_.dtype().is(py::dtype::of<std::uint8_t>());
  require(is_8bit_ || array_.dtype().is(py::dtype::of<float>()), "images: must be uint8 or float32");
  require((array_.flags() & py::array::c_style) != 0, "images: must lie in C order");
  require(array_.ndim() == 4, fmt::format("images: {} dimensions; images x channels x height x width are needed", array_.ndim()));
  require(array_.shape(0) > 0, "images: there are none; at least 1 is needed");
  size_ = static_cast<std::size_t>(array_.shape(0));
  shape_ = shape_of(array_);
  pixels_ = array_.data();
  if (is_8bit_) return;
  require_each(
      {static_cast<const float*>(pixels_), size_ * shape_.size()}, shape_.size(), [](float value) { return std::isfinite(value); },
      "pixels must be finite");
}

Image Images::at(std::size_t index) const {
  const auto copied = [&](const auto* pixels) {
    const auto* first = pixels + index * shape_.size();
    return std::vector(first, first + shape_.size());
  };
  if (is_8bit_) return {shape_, copied(static_cast<const std::uint8_t*>(pixels_))};
  return {shape_, copied(static_cast<const float*>(pixels_))};
}

void Images::require_unit_pixels() const {
  if (is_8bit_) return;
  require_each(
      {static_cast<const float*>(pixels_), size_ * shape_.size()}, shape_.size(), [](float value) { return value >= 0 && value <= 1; },
      "an ONNX model is given pixels of 0 to 1");
}

std::size_t Images::bytes() const { return size_ * shape_.size() * (is_8bit_ ? 1 : sizeof(float)); }

std::string Images::sha256() const {
  Sha256 hash;
  hash.add(fmt::format("{} {} {}\n", size_, to_string(shape_), is_8bit_ ? "bytes" : "floats"));
  hash.add(std::span(static_cast<const std::uint8_t*>(pixels_), bytes()));
  return to_hex(hash.finish());
}

}  // namespace ballast::python
