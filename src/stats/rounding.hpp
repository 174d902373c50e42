// SPDX-License-Identifier: Apache-2.0
//
// Moving a number to the safe side of what it approximates.

#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace ballast::stats {

inline constexpr long double long_epsilon = std::numeric_limits<long double>::epsilon();

// Error allowed to a formula of a few operations, relative to the sum of its terms' sizes: its roundings, and the C library's
// own (a few epsilon).
inline constexpr long double formula_error = 64 * long_epsilon;

// Error allowed to each step of a sum whose terms are each the one before times the odds and a factor: under eight roundings
// in all.
inline constexpr long double step_error = 8 * long_epsilon;

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
