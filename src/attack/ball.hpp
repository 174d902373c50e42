// SPDX-License-Identifier: Apache-2.0
//
// Steps within the l2 ball around an image, and its end as an image that
// provably lies in the ball.

#pragma once

#include <span>
#include <vector>

#include "ballast/attack/attacker.hpp"

namespace ballast::attack {

// The pixels in [0, 1]: bytes as byte / 255.
std::vector<double> unit_values(const Image& image);

// shift + length * gradient / ||gradient||; where there is no gradient, or it is not finite, the shift as it is.
void ascend(std::span<double> shift, std::span<const double> gradient, double length);

// The nearest shift that is at most radius long.
void project(std::span<double> shift, double radius);

// The nearest shift that keeps origin + shift in [0, 1]. Requires origin to lie in it, so no shift gets longer.
void keep_in_range(std::span<double> shift, std::span<const double> origin);

// origin + shift as floats, moved towards the origin until the distance, rounded up, is at most radius. Throws
// InputError where radius is below what floats miss the origin's bytes by.
Perturbed as_floats(const Image& origin, std::span<const double> shift, double radius);

// An 8-bit image near origin + shift, at most min(radius, ||shift||) far from the origin: the nearest grid point of the longest
// multiple of shift of which that is true, with as many of the pixels that round next as there is room for. Rounding each pixel towards
// the origin instead would undo a small shift altogether. Requires bytes.
Perturbed on_grid(const Image& origin, std::span<const double> shift, double radius);

}  // namespace ballast::attack
