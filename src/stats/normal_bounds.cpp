// SPDX-License-Identifier: Apache-2.0
//
// Quantiles from Boost, moved until the C library's error function proves them.

#include "normal_bounds.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "ballast/stats/normal.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

// Relative error allowed to erf and erfc at x / sqrt(2): the C library's own
// (a few epsilon), and the rounding of the argument, which erfc magnifies by
// at most 1 + x^2.
long double error_at(double x) {
  const long double square = static_cast<long double>(x) * x;
  return (64 + 4 * square) * std::numeric_limits<long double>::epsilon();
}

// P(0 < N(0, 1) < x) and P(N(0, 1) > x), times a factor near 1.
long double central(double x, long double factor) { return factor * std::erf(x / std::numbers::sqrt2_v<long double>) / 2; }
long double tail(double x, long double factor) { return factor * std::erfc(x / std::numbers::sqrt2_v<long double>) / 2; }

// From here to 1/2 the distance to 1/2, which is exact, decides better than q.
constexpr double central_part = 0.25;

bool is_below_quantile(double x, double q) {
  return q < central_part ? tail(x, 1 - error_at(x)) >= q : central(x, 1 + error_at(x)) <= 0.5 - q;
}

bool is_above_quantile(double x, double q) {
  return q < central_part ? tail(x, 1 + error_at(x)) <= q : central(x, 1 - error_at(x)) >= 0.5 - q;
}

}  // namespace

double upper_quantile_below(double q) {
  return nudged_down(normal_upper_quantile(q), [q](double x) { return is_below_quantile(x, q); });
}

double upper_quantile_above(double q) {
  return nudged_up(normal_upper_quantile(q), std::numeric_limits<double>::max(), [q](double x) { return is_above_quantile(x, q); });
}

}  // namespace ballast::stats
