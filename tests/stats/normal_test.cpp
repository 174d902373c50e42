// SPDX-License-Identifier: Apache-2.0
//
// The normal distribution and its quantiles.

#include "ballast/stats/normal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ballast/core/errors.hpp"
#include "high_precision.hpp"

namespace ballast::stats::normal_test {
namespace {

constexpr double last_bits = 4e-16;  // relative

TEST(NormalCdf, MatchesHighPrecision) {
  for (double x = -38; x <= 38; x += 0.37) {
    const auto exact = static_cast<double>(exact_normal_tail(-Real(x)));
    EXPECT_NEAR(normal_cdf(x), exact, last_bits * exact) << x;
  }
  EXPECT_EQ(normal_cdf(0), 0.5);
  EXPECT_EQ(normal_cdf(-std::numeric_limits<double>::infinity()), 0);
  EXPECT_EQ(normal_cdf(std::numeric_limits<double>::infinity()), 1);
}

TEST(NormalQuantile, InvertsTheDistribution) {
  for (const double q : {1e-300, 1e-100, 1e-12, 6.9075e-5, 0.001, 0.1, 0.25, 0.4, 0.499999, 0.6, 0.9, 0.999}) {
    const Real x = normal_upper_quantile(q);
    const Real density = exp(-x * x / 2) / sqrt(2 * acos(Real(-1)));
    const Real off = (exact_normal_tail(x) - Real(q)) / density;  // to first order the error of x
    EXPECT_LE(abs(off), abs(x) * last_bits) << q;
  }
}

TEST(NormalQuantile, IsSymmetric) {
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_EQ(normal_upper_quantile(0.5), 0);
  for (const double p : {1e-300, 1e-9, 0.125, 0.25, 0.375}) EXPECT_EQ(normal_quantile(p), -normal_upper_quantile(p));
  for (const double p : {0.125, 0.25, 0.375}) EXPECT_EQ(normal_quantile(p), -normal_quantile(1 - p));
}

TEST(Normal, RefusesWrongArguments) {
  for (const double p : {0.0, 1.0, -0.5, 1.5, std::nan("")}) {
    EXPECT_THROW(normal_quantile(p), InputError);
    EXPECT_THROW(normal_upper_quantile(p), InputError);
  }
  EXPECT_THROW(normal_cdf(std::nan("")), InputError);
}

}  // namespace
}  // namespace ballast::stats::normal_test
