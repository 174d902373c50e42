// SPDX-License-Identifier: Apache-2.0
//
// What is known of the inputs of activations, and the lines that then bound a ReLU.

#pragma once

#include <ATen/core/Tensor.h>

namespace ballast::verify {

// Of the sizes of a value of one image: lower <= value <= upper on the whole ball.
struct Bounds {
  at::Tensor lower, upper;
};

// For l <= z <= u, element by element: lower * z <= relu(z) <= upper * z + offset. All three are 0 where u <= 0; the slopes are 1
// and the offset 0 where l >= 0; otherwise upper = u / (u - l), offset = -l upper.
struct Lines {
  at::Tensor lower, upper, offset;
  at::Tensor unstable;  // bool: neither l >= 0 nor u <= 0
};

enum class LowerSlope {
  adaptive,  // 1 if u >= -l, else 0: the lesser area (Zhang et al. 2018)
  parallel,  // as the upper line (Wong and Kolter 2018)
};

// Undefined bounds (NaN) give lines of NaN, so that nothing follows from them.
Lines relu_lines(const Bounds& bounds, LowerSlope slope);

// Elements (indices into the flat value, int64) whose sign the bounds leave open.
at::Tensor open_elements(const Bounds& bounds);

}  // namespace ballast::verify
