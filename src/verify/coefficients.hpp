// SPDX-License-Identifier: Apache-2.0
//
// Rows of coefficients on one value of a network. On the way back from single
// elements of a feature map, a row is zero outside a window of that map, and
// only the window is kept.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "linear_map.hpp"

namespace ballast::verify {

// Without a window: a is rows x the value's sizes. With one (values of channels x height x width): a is rows x channels x
// window height x window width, and row r's window begins at (top[r], left[r]), which may lie outside the map. What a row
// has outside the map is zero.
struct Coefficients {
  at::Tensor a;
  at::Tensor top, left;  // rows, int64; undefined: no window

  bool is_windowed() const { return top.defined(); }
  std::int64_t rows() const { return a.size(0); }
};

// Sign times the unit vectors of the elements (int64 indices) of a value of these sizes; windows of one pixel in a feature map.
Coefficients unit_rows(const Sizes& sizes, const at::Tensor& elements, double sign);

// One below the other; both with windows of one size, or both without.
Coefficients stacked(const Coefficients& first, const Coefficients& second);

// What each row sees of a tensor of the value's sizes, to be multiplied with a; zero outside the map.
at::Tensor seen(const Coefficients& rows, const at::Tensor& value);

// The product of each row with the value, and the sum of the products' magnitudes.
struct Product {
  at::Tensor sum, magnitude;  // rows
};
Product product(const Coefficients& rows, const at::Tensor& value);

// Without windows. sizes: the value's.
Coefficients whole(const Coefficients& rows, const Sizes& sizes);

// The sum of two on the same value.
Coefficients sum(const Coefficients& first, const Coefficients& second, const Sizes& sizes);

// Rows on the map's output become rows on its input.
Coefficients pulled_back(const LinearMap& map, const Coefficients& rows);

}  // namespace ballast::verify
