// SPDX-License-Identifier: Apache-2.0
//
// Images as Python has them.

#pragma once

#include <pybind11/numpy.h>

#include <string>

#include "ballast/core/image.hpp"

namespace ballast::python {

// The images of a NumPy array, which keeps them. May be used without the GIL, but for its beginning and end.
class Images {
 public:
  // images x channels x height x width, in C order, uint8 or float32. Throws InputError for any other array, for one without
  // images, and where a pixel is NaN or infinite.
  explicit Images(pybind11::array array);

  std::size_t size() const { return size_; }
  const ImageShape& shape() const { return shape_; }
  bool is_8bit() const { return is_8bit_; }
  Image at(std::size_t index) const;

  // Throws InputError naming the first image with a float pixel outside [0, 1].
  void require_unit_pixels() const;

  // Of shape and pixels, in hexadecimal.
  std::string sha256() const;

 private:
  std::size_t bytes() const;

  pybind11::array array_;
  std::size_t size_ = 0;
  ImageShape shape_;
  bool is_8bit_ = false;
  const void* pixels_ = nullptr;
};

}  // namespace ballast::python
