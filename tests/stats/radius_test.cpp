// SPDX-License-Identifier: Apache-2.0
//
// Radii: never above the exact value, tight, and with the known limits.

#include "ballast/stats/radius.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/normal.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::radius_test {
namespace {

double random_doubt(std::mt19937_64& random) {
  std::uniform_real_distribution<double> unit(0, 1);
  const double near_half = 0.5 - std::pow(10.0, -16 * unit(random)) / 2;
  const double choices[] = {unit(random) / 2, std::pow(10.0, -300 * unit(random)) / 2, std::pow(10.0, -8 * unit(random)) / 2, near_half};
  const double doubt = choices[random() % 4];
  return doubt > 0 && doubt < 0.5 ? doubt : 0.3;
}

// The exact radius is at least r if P(N > r/sigma) >= doubt.
TEST(RadiusBelow, NeverExceedsTheTrueRadius) {
  std::mt19937_64 random(1);
  for (int i = 0; i < many(1000); ++i) {
    const double doubt = random_doubt(random);
    for (const double sigma : {1.0, 0.12, 0.25, 0.7}) {
      const double radius = radius_below(sigma, doubt);
      EXPECT_GE(radius, 0);
      EXPECT_GE(exact_normal_tail(Real(radius) / Real(sigma)), Real(doubt)) << "sigma=" << sigma << " doubt=" << doubt;
    }
  }
}

TEST(RadiusBelow, IsTightToTwelveDigits) {
  std::mt19937_64 random(2);
  for (int i = 0; i < many(1000); ++i) {
    const double doubt = random_doubt(random);
    const Real higher = Real(radius_below(0.25, doubt)) / Real(0.25) * (1 + Real(twelve_digits));
    EXPECT_LT(exact_normal_tail(higher), Real(doubt)) << doubt;
  }
}

TEST(RadiusBelow, ShrinksWithDoubtAndGrowsWithSigma) {
  for (double doubt = 0.01; doubt < 0.48; doubt += 0.01) {
    EXPECT_GT(radius_below(0.5, doubt), radius_below(0.5, doubt + 0.01));
    EXPECT_LT(radius_below(0.5, doubt), radius_below(0.6, doubt));
  }
}

// Phi^-1 by Newton's method on its exact inverse, from sixteen digits to eighty.
Real exact_quantile(double p) {
  Real x = normal_quantile(p);
  for (int i = 0; i < 3; ++i) {
    const Real density = exp(-x * x / 2) / sqrt(2 * acos(Real(-1)));
    x += p < 0.5 ? Real((Real(p) - exact_normal_tail(-x)) / density) : Real((exact_normal_tail(x) - (1 - Real(p))) / density);
  }
  return x;
}

TEST(RadiusFromPair, NeverExceedsTheTrueRadiusAndIsTight) {
  const std::vector<double> all = {1e-200, 1e-9, 0.01, 0.2, 0.4, 0.49, 0.5, 0.51, 0.6, 0.9, 0.999, 1 - 1e-12};
  std::map<double, Real> quantile;
  for (const double p : all) quantile[p] = exact_quantile(p);
  for (const double p_a : all) {
    for (const double p_b : all) {
      if (p_b >= p_a) continue;
      const Real exact = Real(0.3) / 2 * (quantile[p_a] - quantile[p_b]);
      EXPECT_LE(Real(radius_from_pair(0.3, p_a, p_b)), exact) << p_a << " " << p_b;
      EXPECT_GE(Real(radius_from_pair(0.3, p_a, p_b)), exact * (1 - Real(twelve_digits))) << p_a << " " << p_b;
    }
  }
}

// Close to each other the quantiles cancel, and every last bit of both shows.
TEST(RadiusFromPair, NeverExceedsTheTrueRadiusWhereQuantilesCancel) {
  std::mt19937_64 random(8);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int i = 0; i < many(300); ++i) {
    const double p_b = unit(random);
    const double p_a = p_b + (1 - p_b) * std::pow(10.0, -1 - 14 * unit(random));
    if (!(p_b > 0 && p_b < p_a && p_a < 1)) continue;
    const Real exact = (exact_quantile(p_a) - exact_quantile(p_b)) / 2;
    EXPECT_LE(Real(radius_from_pair(1, p_a, p_b)), exact) << p_a << " " << p_b;
  }
}

TEST(RadiusFromPair, IsRadiusBelowForTwoClasses) {
  for (const double p_b : {0.25, 0.125, 0.01171875, 0x1p-40}) {
    EXPECT_NEAR(radius_from_pair(0.5, 1 - p_b, p_b), radius_below(0.5, p_b), twelve_digits);
  }
}

TEST(RadiusFromPair, IsZeroWithoutAMarginAndCertifiesBelowOneHalf) {
  for (const double p : {0.1, 0.5, 0.7}) EXPECT_EQ(radius_from_pair(1, p, p), 0);
  EXPECT_GT(radius_from_pair(1, 0.4, 0.2), 0.29);
}

// The formula of Lecuyer et al. at one beta, written out.
Real exact_lecuyer(const Real& beta, const Real& p_a, const Real& p_b) {
  return beta / sqrt(2 * log(Real("1.25") * (1 + exp(beta)) / (p_a - exp(2 * beta) * p_b)));
}

// The formula of Li et al. at one a.
Real exact_li(const Real& a, const Real& p_a, const Real& p_b) {
  const Real other = p_b == 0 ? Real(0) : Real(pow(p_b, 1 - a));
  const Real mean = pow((pow(p_a, 1 - a) + other) / 2, 1 / (1 - a));
  return sqrt(-2 / a * log(1 - p_a - p_b + 2 * mean));
}

struct Pair {
  double p_a;
  double p_b;
};

constexpr Pair pairs[] = {{0.6, 0.4},
                          {0.9, 0.1},
                          {0.999, 1e-4},
                          {0.4, 0.2},
                          {0.51, 0.49},
                          {0.5001, 0.4999},
                          {0.3, 1e-6},
                          {0.9, 1e-30},
                          {1 - 0x1p-40, 0x1p-41},
                          {1e-5, 1e-7},
                          {0.5 + 0x1p-40, 0.5 - 0x1p-40}};

TEST(OtherRadii, AreNeverAboveTheirFormulaAtTheirParameter) {
  for (const auto [p_a, p_b] : pairs) {
    const TunedRadius lecuyer = lecuyer_optimum(0.5, p_a, p_b);
    EXPECT_LE(2 * Real(lecuyer.radius), exact_lecuyer(lecuyer.parameter, p_a, p_b)) << p_a << " " << p_b;
    const TunedRadius li = li_optimum(0.5, p_a, p_b);
    EXPECT_LE(2 * Real(li.radius), exact_li(li.parameter, p_a, p_b)) << p_a << " " << p_b;
  }
  for (const double p_a : {0.1, 0.6, 0.99, 1 - 0x1p-50}) {
    const TunedRadius li = li_optimum(1, p_a, 0);
    EXPECT_LE(Real(li.radius), exact_li(li.parameter, p_a, 0)) << p_a;
    EXPECT_LT(li.parameter, 1);
  }
}

TEST(OtherRadii, AreTheBestOverTheirParameter) {
  const Real nine_digits = 1 + Real("1e-9");
  for (const auto [p_a, p_b] : pairs) {
    const double most = std::min(1.0, std::log(p_a / p_b) / 2);
    const double lecuyer = lecuyer_radius(1, p_a, p_b);
    const double li = li_radius(1, p_a, p_b);
    for (int i = 1; i < 300; ++i) {
      EXPECT_LE(exact_lecuyer(most * i / 300, p_a, p_b), lecuyer * nine_digits) << p_a << " " << p_b << " " << i;
      EXPECT_LE(exact_li(std::pow(10.0, i / 100.0 - 1.501), p_a, p_b), li * nine_digits) << p_a << " " << p_b << " " << i;
    }
  }
  for (const double p_a : {0.1, 0.6, 0.99, 1 - 0x1p-50}) {
    const double li = li_radius(1, p_a, 0);
    for (int i = 1; i < 300; ++i) EXPECT_LE(exact_li(i / 300.0, p_a, 0), li * nine_digits) << p_a << " " << i;
  }
}

TEST(OtherRadii, AreSmallerThanTheoremOne) {
  for (const auto [p_a, p_b] : pairs) {
    const double cohen = radius_from_pair(0.25, p_a, p_b);
    EXPECT_LT(lecuyer_radius(0.25, p_a, p_b), cohen) << p_a << " " << p_b;
    EXPECT_LT(li_radius(0.25, p_a, p_b), cohen) << p_a << " " << p_b;
  }
}

TEST(OtherRadii, ScaleWithSigmaAndVanishWithoutAMargin) {
  EXPECT_NEAR(li_radius(3, 0.8, 0.1), 3 * li_radius(1, 0.8, 0.1), twelve_digits);
  EXPECT_NEAR(lecuyer_radius(3, 0.8, 0.1), 3 * lecuyer_radius(1, 0.8, 0.1), twelve_digits);
  EXPECT_EQ(li_radius(1, 0.3, 0.3), 0);
  EXPECT_EQ(lecuyer_radius(1, 0.3, 0.3), 0);
}

// With no rival the optimum of Lecuyer et al. is at beta = 1.
TEST(OtherRadii, AllowARivalOfProbabilityZero) {
  EXPECT_NEAR(lecuyer_radius(1, 0.9, 0), 1 / std::sqrt(2 * std::log(1.25 * (1 + std::exp(1.0)) / 0.9)), 1e-11);
  EXPECT_NEAR(li_radius(1, 0.9, 0), li_radius(1, 0.9, 1e-200), 1e-2);
  EXPECT_GE(li_radius(1, 0.9, 0), li_radius(1, 0.9, 1e-200));
}

TEST(Radius, RefusesWrongArguments) {
  for (const double sigma : {0.0, -1.0, not_a_number, infinite}) {
    EXPECT_THROW(radius_below(sigma, 0.1), InputError);
    EXPECT_THROW(radius_from_pair(sigma, 0.8, 0.1), InputError);
    EXPECT_THROW(lecuyer_radius(sigma, 0.8, 0.1), InputError);
    EXPECT_THROW(li_radius(sigma, 0.8, 0.1), InputError);
  }
  for (const double doubt : {0.0, 0.5, 0.7, -0.1, not_a_number}) EXPECT_THROW(radius_below(1, doubt), InputError);
  for (const auto [p_a, p_b] : {Pair{0.2, 0.3}, {1.0, 0.1}, {0.5, -0.1}, {0.0, 0.0}, {not_a_number, 0.1}, {0.5, not_a_number}}) {
    EXPECT_THROW(radius_from_pair(1, p_a, p_b), InputError);
    EXPECT_THROW(lecuyer_optimum(1, p_a, p_b), InputError);
    EXPECT_THROW(li_optimum(1, p_a, p_b), InputError);
  }
  EXPECT_THROW(radius_from_pair(1, 0.5, 0), InputError);
  EXPECT_THROW(li_radius(1, 0.8, 0.3), InputError);
}

}  // namespace
}  // namespace ballast::stats::radius_test
