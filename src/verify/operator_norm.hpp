// SPDX-License-Identifier: Apache-2.0
//
// Upper bounds of operator norms, l2 to l2. Never from below, as power
// iteration has them: a certificate may rest on these.

#pragma once

#include <ATen/core/Tensor.h>

#include "ballast/graph/graph.hpp"
#include "linear_map.hpp"

namespace ballast::verify {

// At least the greatest singular value of a matrix, or of each of a batch of them (real or complex double): from the eigenvalues of
// the smaller Gram matrix, plus a bound of what rounding does to them.
double largest_singular_value(const at::Tensor& matrices);

// At least the norm of the map. Dense layers: the singular value. Convolutions: those of every frequency on a torus that holds the
// padded image, a stride splitting the input into its phases; the torus' convolution has the true one as a part, so its norm is
// not below. Everything else: the root of the greatest row sum times the greatest column sum (Schur's test), which is exact for
// scales, pools that do not overlap, means, and maps that move elements.
double norm_bound(const LinearMap& map);

// Each element of the input is in at most so many windows of the pool: the root of that number.
double norm_bound(const graph::Pool& max_pool);

}  // namespace ballast::verify
