// SPDX-License-Identifier: Apache-2.0
//
// From a maximum found in long double to a radius that is not above it.

#pragma once

#include "ballast/stats/radius.hpp"
#include "unimodal_search.hpp"

namespace ballast::stats {

// Relative slack for the rounding of one evaluation of the formula. Every
// parameter gives a sound radius, so nothing else needs any.
inline constexpr long double formula_slack = 1e-12L;

inline TunedRadius tuned_radius(double sigma, Maximum maximum) {
  return {.radius = static_cast<double>(sigma * maximum.value * (1 - formula_slack)), .parameter = static_cast<double>(maximum.argument)};
}

}  // namespace ballast::stats
