// SPDX-License-Identifier: Apache-2.0
//
// The search for the greatest radius that a bound verifies.

#pragma once

#include <functional>

#include "ballast/verify/verifier.hpp"

namespace ballast::verify {

// A radius r > 0 with bound(r) > 0, or 0: doubles (or more, as the bounds suggest) from `start` until a bound is not above 0, then
// closes in by the ITP method (Oliveira and Takahashi 2021), which is bisection with better guesses and takes at most two steps more, until
// the radius is known to `tolerance` of itself. The bound at 0 is given. Requires start > 0 and finite; 0 where at_zero <= 0.
// No radius below 2^-60 of the first that failed is looked for.
double greatest_verified_radius(const std::function<double(double)>& bound, double at_zero, double start, const RadiusOptions& options);

}  // namespace ballast::verify
