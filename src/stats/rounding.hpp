// SPDX-License-Identifier: Apache-2.0
//
// Moving a number to the safe side of what it approximates.

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace ballast::stats {

// The first of value, value less one step, less three, less seven, ... for
// which proved(value) holds, a step being about the last bit.
// Requires value >= 0 and proved(0).
template <typename Proved>
double nudged_down(double value, Proved proved) {
  for (double step = std::numeric_limits<double>::epsilon() / 2; !proved(value); step *= 2) {
    value = std::nextafter(value * (1 - std::min(step, 1.0)), 0.0);
  }
  return value;
}

// The same upwards, ending at most at the ceiling.
// Requires 0 <= value <= ceiling and proved(ceiling).
template <typename Proved>
double nudged_up(double value, double ceiling, Proved proved) {
  for (double step = std::numeric_limits<double>::epsilon() / 2; !proved(value); step *= 2) {
    value = std::min(ceiling, std::nextafter(value * (1 + step), ceiling));
  }
  return value;
}

// The least double that is not below the value.
inline double rounded_up(long double value) {
  const auto nearest = static_cast<double>(value);
  return nearest < value ? std::nextafter(nearest, std::numeric_limits<double>::infinity()) : nearest;
}

}  // namespace ballast::stats
