// SPDX-License-Identifier: Apache-2.0
//
// A network whose operations follow one another: affine chains with a ReLU
// between each two.

#pragma once

#include <vector>

#include "affine_map.hpp"

namespace ballast::train {

struct Chain {
  Sizes in, out;
  std::vector<AffineMap> maps;  // none: the identity
};

// One more than there are ReLUs. Throws InputError naming operation and node where the network is no such sequence; batch normalisation
// is refused, as it mixes the images of a batch.
std::vector<Chain> chains_of(const model::Network& network);

// x: count x in. All that the chain does.
at::Tensor run(const Chain& chain, at::Tensor x);

// What the chain's matrix makes of each of the vectors x (any dimensions before it, here two: images x vectors x in).
at::Tensor apply(const Chain& chain, const at::Tensor& x);

// The transposed matrix: images x vectors x out to images x vectors x in.
at::Tensor apply_adjoint(const Chain& chain, const at::Tensor& y);

}  // namespace ballast::train
