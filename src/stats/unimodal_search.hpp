// SPDX-License-Identifier: Apache-2.0
//
// The maximum of a function of one positive parameter that rises, then falls.

#pragma once

#include <algorithm>
#include <cmath>

namespace ballast::stats {

struct Maximum {
  long double argument = 0;
  long double value = 0;
};

// Golden section between two points of a logarithmic scale.
template <typename Function>
Maximum maximum_by_golden_section(Function function, long double low, long double high) {
  constexpr long double golden = 0.618033988749894848204587L;
  constexpr long double narrow = 1e-11L;  // the value at a flat maximum is then exact to the square of this
  const auto at = [&](long double logarithm) { return Maximum{std::exp(logarithm), function(std::exp(logarithm))}; };
  long double left = std::log(low);
  long double right = std::log(high);
  Maximum first = at(right - golden * (right - left));
  Maximum second = at(left + golden * (right - left));
  while (right - left > narrow) {
    if (first.value < second.value) {
      left = std::log(first.argument);
      first = second;
      second = at(left + golden * (right - left));
    } else {
      right = std::log(second.argument);
      second = first;
      first = at(right - golden * (right - left));
    }
  }
  return first.value < second.value ? second : first;
}

// The maximum over [low, high], both ends included. Requires 0 < low < high
// and a function with a single peak in the logarithm of its argument.
template <typename Function>
Maximum maximum_on_log_scale(Function function, long double low, long double high) {
  constexpr int point_count = 64;
  const auto point = [&](int i) {
    return i == point_count - 1 ? high : low * std::pow(high / low, static_cast<long double>(i) / (point_count - 1));
  };
  int best = 0;
  Maximum coarse{point(0), function(point(0))};
  for (int i = 1; i < point_count; ++i) {
    const Maximum next{point(i), function(point(i))};
    if (next.value <= coarse.value) continue;
    best = i;
    coarse = next;
  }
  const Maximum fine = maximum_by_golden_section(function, point(std::max(best - 1, 0)), point(std::min(best + 1, point_count - 1)));
  return fine.value > coarse.value ? fine : coarse;
}

}  // namespace ballast::stats
