// SPDX-License-Identifier: Apache-2.0
//
// The network's affine operations with its present weights, through which
// gradients flow: what bounds of the network are made of.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <variant>
#include <vector>

#include "aten/network.hpp"

namespace ballast::train {

using Sizes = std::vector<std::int64_t>;  // of one image's values
inline std::int64_t elements(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

// Multiplies by factors that are broadcast over images.
struct Scale {
  at::Tensor factors;
};
struct Convolve {
  at::Tensor weights;
  graph::Convolution shape;
};
// Multiplies the last dimension by a matrix (out x in).
struct Dense {
  at::Tensor weights;
};
// The same values in the same order.
struct Rearrange {};

struct AffineMap {
  std::variant<Scale, Convolve, Dense, Rearrange> linear;
  Sizes in, out;
  at::Tensor shift{};  // what is added, broadcast over images; undefined: nothing
};

// Of a node that reads one computed value: convolutions, linear layers, batch normalisation by its running statistics, constants that
// are added or multiplied, average pools, means over height and width, and reshaping. Nothing for any other, a Binary of two computed
// values and an average pool that does not count its padding among them.
std::optional<AffineMap> affine_map(const model::Network& network, const graph::Node& node);

// x: count x in. count x out, without the shift.
at::Tensor apply(const AffineMap& map, const at::Tensor& x);

// y: count x out. What the transposed matrix makes of it: count x in.
at::Tensor apply_adjoint(const AffineMap& map, const at::Tensor& y);

// x (count x ... x in) times the transposed matrix (out x in), as a convolution with a 1x1 kernel: LibTorch's own product is many times
// slower where it was built with a plain BLAS.
at::Tensor product(const at::Tensor& x, const at::Tensor& matrix);

// count x sizes.
Sizes many(std::int64_t count, const Sizes& sizes);

}  // namespace ballast::train
