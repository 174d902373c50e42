// SPDX-License-Identifier: Apache-2.0
//
// The offset of SDP-CROWN: how far a ReLU's line lies from it over an l2 ball,
// which a box cannot know.

#pragma once

#include <ATen/core/Tensor.h>

namespace ballast::verify {

// For each row, a lower bound of sum_i a_i relu(z_i) - g_i z_i over all z with |z - centre|_2 <= radius:
//   max over lambda > 0 of -lambda radius^2 / 2
//     + sum_i min{ lambda c^2 / 2,  (a - g) c - (a - g)^2 / (2 lambda) if a - g < lambda c,  -g c - g^2 / (2 lambda) if g < -lambda c },
// c = centre_i: the theorem 4.1 of arXiv 2506.06665 (Chiu et al. 2025), its squares multiplied out so that nothing cancels. Any lambda
// gives a bound; the best is found by bisection, as the sum is concave in it. Lowered by a bound of its rounding.
//
// a, g: rows x elements; centre: elements. Elements whose sign does not change over the ball are to be left out (their
// summand is 0 where g = a or g = 0 is their exact line). Minus infinity where a row has no such bound. slack: as rounding_slack gives it.
at::Tensor ball_offset(const at::Tensor& a, const at::Tensor& g, const at::Tensor& centre, double radius, double slack);

}  // namespace ballast::verify
