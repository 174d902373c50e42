// SPDX-License-Identifier: Apache-2.0
//
// The normal distribution by the error function, in long double.

#include "ballast/stats/normal.hpp"

#include <fmt/format.h>

#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>

#include "ballast/core/errors.hpp"

namespace ballast::stats {

double normal_cdf(double x) {
  require(!std::isnan(x), "x is NaN; it must be a number");
  return static_cast<double>(std::erfc(-static_cast<long double>(x) / std::numbers::sqrt2_v<long double>) / 2);
}

double normal_quantile(double p) {
  require(p > 0 && p < 1, fmt::format("p is {}; it must lie strictly between 0 and 1", p));
  return p < 0.5 ? -normal_upper_quantile(p) : normal_upper_quantile(1 - p);  // 1 - p is exact for p >= 1/2
}

double normal_upper_quantile(double q) {
  require(q > 0 && q < 1, fmt::format("q is {}; it must lie strictly between 0 and 1", q));
  return static_cast<double>(std::numbers::sqrt2_v<long double> * boost::math::erfc_inv(2 * static_cast<long double>(q)));
}

}  // namespace ballast::stats
