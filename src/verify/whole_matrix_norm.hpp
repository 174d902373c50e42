// SPDX-License-Identifier: Apache-2.0
//
// The norm of a map from its whole matrix: tighter than a torus on small images, where edges matter.

#pragma once

#include "linear_map.hpp"

namespace ballast::verify {

// Whether the matrix of the map is small enough: at most 3072 on one side, 2^24 elements in all.
bool has_small_matrix(const LinearMap& map);

// At least the norm, and at most 2e-4 above it where power iteration comes close enough; never more than `bound`, which must not be
// below the norm either. With G the smaller Gram matrix, lambda is estimated from below and raised a little; that lambda I - G is
// then positive definite, which its Cholesky factor shows, proves that no eigenvalue of G is above lambda. Requires has_small_matrix(map).
double whole_matrix_norm(const LinearMap& map, double bound);

}  // namespace ballast::verify
