// SPDX-License-Identifier: Apache-2.0
//
// Theorem 1 of Cohen, Rosenfeld and Kolter 2019, rounded down.

#include "ballast/stats/radius.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "normal_bounds.hpp"

namespace ballast::stats {
namespace {

// At most the exact value of an expression >= 0 that was rounded once to value.
double below_rounded(double value) { return std::nextafter(value, 0.0); }

// Not above Phi^-1(p). 1 - p is exact for p >= 1/2.
double quantile_below(double p) { return p < 0.5 ? -upper_quantile_above(p) : upper_quantile_below(1 - p); }

// Not below Phi^-1(p).
double quantile_above(double p) { return p < 0.5 ? -upper_quantile_below(p) : upper_quantile_above(1 - p); }

}  // namespace

double radius_below(double sigma, double doubt) {
  require_sigma(sigma);
  require(doubt > 0 && doubt < 0.5, fmt::format("doubt is {}; it must lie strictly between 0 and 1/2", doubt));
  return below_rounded(sigma * upper_quantile_below(doubt));
}

double radius_from_pair(double sigma, double p_a, double p_b) {
  require_sigma(sigma);
  require_ordered(p_a, p_b);
  require(p_b > 0, "p_b is 0; it must be above 0, for Theorem 1 has no finite radius there");
  const double difference = quantile_below(p_a) - quantile_above(p_b);
  if (difference <= 0) return 0;  // only when p_a is p_b, or the last bit apart: 0 is not above the exact value
  return below_rounded(sigma / 2 * below_rounded(difference));
}

}  // namespace ballast::stats
