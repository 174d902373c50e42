// SPDX-License-Identifier: Apache-2.0
//
// Radii under each law of noise, and the doubts at which they are reached.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/radius.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::radius_law_test {
namespace {

constexpr double fourteen_digits = 1e-14;
const double least_value = std::numeric_limits<double>::denorm_min();

constexpr NoiseLaw laws[] = {NoiseLaw::gaussian, NoiseLaw::uniform, NoiseLaw::laplace};
constexpr double scales[] = {1.0, 0.12, 0.25, 0.7, 3.4641016151377544};

// P(e > radius) under Gaussian noise; for the others the doubt that the formula of the table inverts.
Real exact_doubt(const Smoothing& smoothing, const Real& radius) {
  const Real scale = smoothing.scale;
  if (smoothing.law == NoiseLaw::gaussian) return exact_normal_tail(radius / scale);
  if (smoothing.law == NoiseLaw::laplace) return exp(-radius / scale) / 2;
  return radius >= scale ? Real(0) : Real(Real(0.5) - radius / (2 * scale));
}

std::string describe(const Smoothing& smoothing, double value) {
  return std::string(traits(smoothing.law).norm) + " " + std::string(traits(smoothing.law).scale_name) + "=" +
         testing::PrintToString(smoothing.scale) + " at " + testing::PrintToString(value);
}

std::vector<double> doubts() {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<double> all{0.25, 0.375, 0.125, 0x1p-60, std::nextafter(0.5, 0.0), std::nextafter(0.25, 0.0), least_value, 1e-310};
  for (int i = 0; i < many(400); ++i) {
    all.push_back(unit(random) / 2);
    all.push_back(std::pow(10.0, -300 * unit(random)) / 2);
    all.push_back(0.5 - std::pow(10.0, -16 * unit(random)) / 2);
  }
  std::erase_if(all, [](double doubt) { return !(doubt > 0 && doubt < 0.5); });
  return all;
}

// From a last bit to far beyond what the least doubt reaches.
std::vector<double> radii(const Smoothing& smoothing) {
  std::mt19937_64 random(12);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<double> all{smoothing.scale, smoothing.scale / 2, std::nextafter(smoothing.scale, 0.0), std::nextafter(smoothing.scale, 9.0),
                          1e-300};
  for (int i = 0; i < many(300); ++i) {
    all.push_back(smoothing.scale * unit(random));
    all.push_back(smoothing.scale * 36 * unit(random));
    all.push_back(smoothing.scale * std::pow(10.0, 4 - 24 * unit(random)));
    all.push_back(smoothing.scale * (1 - std::pow(10.0, -16 * unit(random))));
  }
  return all;
}

// The exact radius is at least r if the doubt at r is at least the doubt given.
TEST(RadiusOfALaw, NeverExceedsTheTrueRadius) {
  for (const NoiseLaw law : laws) {
    for (const double scale : scales) {
      for (const double doubt : doubts()) {
        const double radius = radius_below(Smoothing{law, scale}, doubt);
        EXPECT_GE(radius, 0);
        EXPECT_GE(exact_doubt({law, scale}, radius), Real(doubt)) << describe({law, scale}, doubt);
      }
    }
  }
}

TEST(RadiusOfALaw, IsTightToTwelveDigits) {
  for (const NoiseLaw law : laws) {
    for (const double doubt : doubts()) {
      const Real higher = Real(radius_below(Smoothing{law, 0.3}, doubt)) * (1 + Real(twelve_digits));
      EXPECT_LT(exact_doubt({law, 0.3}, higher), Real(doubt)) << describe({law, 0.3}, doubt);
    }
  }
}

TEST(RadiusOfALaw, IsTheOneOfTheoremOneForGaussianNoise) {
  for (const double doubt : {0.4, 0.01, 1e-12})
    EXPECT_EQ(radius_below(Smoothing{NoiseLaw::gaussian, 0.5}, doubt), radius_below(0.5, doubt));
}

TEST(RadiusOfALaw, IsExactForUniformNoiseWhereADoubleHoldsIt) {
  const Smoothing uniform{NoiseLaw::uniform, 2};
  EXPECT_EQ(radius_below(uniform, 0), 2);  // a certain vote reaches the whole of lambda
  EXPECT_EQ(radius_below(uniform, 0.25), 1);
  EXPECT_EQ(radius_below(uniform, 0.125), 1.5);
  EXPECT_EQ(radius_below(uniform, std::nextafter(0.5, 0.0)), 2 * 0x1p-53);
  EXPECT_LT(radius_below(uniform, least_value), 2);
}

TEST(RadiusOfALaw, MatchesClosedFormsForLaplaceNoise) {
  EXPECT_NEAR(radius_below({NoiseLaw::laplace, 0.5}, 0.25), 0.5 * std::log(2.0), twelve_digits);
  EXPECT_NEAR(radius_below({NoiseLaw::laplace, 2}, 0.5 * std::exp(-3.0)), 6, 6 * twelve_digits);
}

TEST(DoubtAtRadius, IsNeverAboveTheTrueOneAndHasFourteenDigits) {
  for (const NoiseLaw law : laws) {
    for (const double scale : scales) {
      for (const double radius : radii({law, scale})) {
        const Real exact = exact_doubt({law, scale}, radius);
        const double doubt = doubt_at_radius({law, scale}, radius);
        EXPECT_GE(doubt, 0);
        EXPECT_LE(Real(doubt), exact) << describe({law, scale}, radius);
        EXPECT_GE(Real(doubt), exact * (1 - Real(fourteen_digits)) - Real(least_value)) << describe({law, scale}, radius);
      }
    }
  }
}

TEST(DoubtAtRadius, KnowsItsEnds) {
  for (const NoiseLaw law : laws) EXPECT_EQ(doubt_at_radius({law, 0.25}, 0), 0.5);
  EXPECT_EQ(doubt_at_radius({NoiseLaw::uniform, 0.25}, 0.25), 0);
  EXPECT_EQ(doubt_at_radius({NoiseLaw::uniform, 0.25}, 7), 0);
  EXPECT_GT(doubt_at_radius({NoiseLaw::uniform, 0.25}, std::nextafter(0.25, 0.0)), 0);
  EXPECT_EQ(doubt_at_radius({NoiseLaw::gaussian, 0.25}, 1e300), 0);
  EXPECT_EQ(doubt_at_radius({NoiseLaw::laplace, 0.25}, 1e300), 0);
}

// What a sequence of tests at fixed radii claims, the radius of a count may not contradict.
TEST(DoubtAtRadius, IsWhereTheRadiusIsReached) {
  for (const NoiseLaw law : laws) {
    for (const double scale : scales) {
      for (const double radius : radii({law, scale})) {
        const double smaller = std::nextafter(doubt_at_radius({law, scale}, radius), 0.0);
        if (smaller == 0) continue;
        EXPECT_GE(radius_below(Smoothing{law, scale}, smaller), radius * (1 - twelve_digits)) << describe({law, scale}, radius);
      }
    }
  }
}

TEST(DoubtAtRadius, DoesNotGrowWithTheRadius) {
  for (const NoiseLaw law : laws) {
    for (int i = 0; i < 1000; ++i) EXPECT_GE(doubt_at_radius({law, 0.5}, i * 0.003), doubt_at_radius({law, 0.5}, (i + 1) * 0.003));
  }
}

TEST(Smoothing, WorksAtTheEdgesOfDouble) {
  const double most = std::numeric_limits<double>::max();
  EXPECT_EQ(radius_below(Smoothing{NoiseLaw::laplace, most}, 1e-300), most);
  EXPECT_LE(radius_below(Smoothing{NoiseLaw::uniform, least_value}, 0.3), least_value);
  EXPECT_EQ(doubt_at_radius({NoiseLaw::uniform, most}, most / 2), std::nextafter(0.25, 0.0));
  EXPECT_EQ(doubt_at_radius({NoiseLaw::gaussian, least_value}, most), 0);
}

TEST(Smoothing, IsRefusedWithAWrongScaleDoubtOrRadius) {
  for (const NoiseLaw law : laws) {
    for (const double scale : {0.0, -1.0, not_a_number, infinite}) {
      EXPECT_THROW(radius_below(Smoothing{law, scale}, 0.1), InputError);
      EXPECT_THROW(doubt_at_radius({law, scale}, 0.1), InputError);
    }
    for (const double doubt : {0.5, 0.7, -0.1, not_a_number}) EXPECT_THROW(radius_below(Smoothing{law, 1}, doubt), InputError);
    for (const double radius : {-0.1, not_a_number, infinite}) EXPECT_THROW(doubt_at_radius({law, 1}, radius), InputError);
  }
  EXPECT_THROW(radius_below(Smoothing{NoiseLaw::gaussian, 1}, 0), InputError);
  EXPECT_THROW(radius_below(Smoothing{NoiseLaw::laplace, 1}, 0), InputError);
}

TEST(Smoothing, SaysWhichScaleIsWrong) {
  try {
    doubt_at_radius({NoiseLaw::uniform, -1}, 0.5);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "lambda is -1; it must be finite and above 0");
  }
}

}  // namespace
}  // namespace ballast::stats::radius_law_test
