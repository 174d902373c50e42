// SPDX-License-Identifier: Apache-2.0
//
// Linear maps between the values of a network, on tensors of doubles: what each
// operation is, once its constant part is taken off.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace ballast::verify {

// Sizes of a value for one image, without the batch.
using Sizes = std::vector<std::int64_t>;

std::int64_t elements(const Sizes& sizes);

// The same elements in row-major order: the identity, too.
struct Rearrange {};
// Zero padding; weights (out, in / groups, kernel height, kernel width).
struct Convolve {
  at::Tensor weights;
  Sizes strides{1, 1};
  Sizes pads{0, 0, 0, 0};  // top, left, bottom, right
  Sizes dilations{1, 1};
  std::int64_t groups = 1;
};
// x W^T on the last dimension.
struct Dense {
  at::Tensor weights;
};
// Element by element; factors have as many dimensions as the value, each of its size or 1.
struct Scale {
  at::Tensor factors;
};
// Output dimension i is input dimension order[i].
struct Permute {
  Sizes order;
};
// Zeros around.
struct Embed {
  Sizes before;
};
struct Take {
  Sizes starts, steps;
};
// Mean over dimensions, which stay with size 1 or go, as the sizes say.
struct Average {
  Sizes axes;
};
// Dimensions of size 1 repeated.
struct Expand {};

struct LinearMap {
  using Kind = std::variant<Rearrange, Convolve, Dense, Scale, Permute, Embed, Take, Average, Expand>;
  Sizes in, out;
  Kind kind;
};

// x: count x in -> count x out.
at::Tensor apply(const LinearMap& map, const at::Tensor& x);

// The transposed map. a: rows x out -> rows x in.
at::Tensor apply_adjoint(const LinearMap& map, const at::Tensor& a);

// The transposed convolution of rows x out channels x height x width, before its padding is cut off:
// rows x in channels x ((height - 1) * stride + span of the kernel) x ...
at::Tensor spread(const Convolve& map, const at::Tensor& a);

// The map by the absolute values of its matrix.
LinearMap magnitude(const LinearMap& map);

// outer after inner as one map, where there is such a kind.
std::optional<LinearMap> composed(const LinearMap& outer, const LinearMap& inner);

}  // namespace ballast::verify
