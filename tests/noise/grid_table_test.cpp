// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/grid_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::noise::grid_table_test {
namespace {

GridTable gaussian(double sigma) { return GridTable({NoiseLaw::gaussian, sigma}); }
GridTable uniform(double lambda) { return GridTable({NoiseLaw::uniform, lambda}); }
GridTable laplace(double lambda) { return GridTable({NoiseLaw::laplace, lambda}); }

// The same thresholds by another route: the tail's continued fraction in long
// double, good to about 1e-18 relative, so to a few units of 2^64 near 1/2.
long double upper_tail(long double x) {
  if (x < 3) return std::erfc(x / std::sqrt(2.0L)) / 2;
  long double fraction = 0;
  for (int k = 400; k > 0; --k) fraction = k / (x + fraction);
  return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0L)) / (x + fraction);
}

TEST(GridTable, AgreesWithAnIndependentComputationOfEveryThreshold) {
  for (const double sigma : {0.03, 0.12, 0.25, 0.5, 1.0}) {
    const GridTable table = gaussian(sigma);
    for (int j = 0; j < table.largest(); ++j) {
      const auto index = static_cast<std::size_t>(j - table.smallest());
      const std::uint64_t tail = std::uint64_t{0} - table.thresholds()[index];
      const long double expected = std::ldexp(upper_tail((j + 0.5L) / (255.0L * sigma)), 64);
      ASSERT_NEAR(static_cast<double>(static_cast<long double>(tail) - expected), 0.0, 0.51 + static_cast<double>(expected) * 2e-18)
          << "sigma " << sigma << " j " << j;
    }
  }
}

TEST(GridTable, IsTheSameOnEveryMachine) {
  EXPECT_EQ(gaussian(0.12).digest(), "85fe8dfe83ef448ae8e2f52b0248c0ac3fe34ff3f9e0dad88af4d69df144a7c8");
  EXPECT_EQ(gaussian(0.25).digest(), "8e8dd009ee21e6df5eb6b7c92f0272d0910da5f41de2edb3b2d24bce5a657412");
  EXPECT_EQ(gaussian(0.5).digest(), "b1be87c8cbc8bc37611f93f28c13acdaf7638edaad20c577f4e606752cec321e");
  EXPECT_EQ(gaussian(1.0).digest(), "ba1fe652e63c801dd0c4b31913ea0a63055eccac9a76cc625d7af81d5455e1b2");
  EXPECT_EQ(uniform(0.5).digest(), "0e9e01ca26810b18554f0b27b01503dceebb38bea84a93b722e22c2096d40e02");
  EXPECT_EQ(uniform(1.7320508075688772).digest(), "eaadd75b40868c763b031600b51b9fb73324871eb8c0377407a197cf0032f776");
  EXPECT_EQ(laplace(0.5).digest(), "5d1511081ac8cbf31e7f2d89889d13fcdb8043f15ec095ddb77cadc2a15030e1");
  EXPECT_EQ(laplace(0.1767766952966369).digest(), "74a0dac8e88966e18e19a191dd9b735ebc4ba733a66360e6feb32657e8f8be7f");
}

TEST(GridTable, IsSymmetric) {
  for (const GridTable& table : {gaussian(0.25), uniform(0.3), laplace(0.25)}) {
    const auto& t = table.thresholds();
    for (std::size_t i = 0; i < t.size(); ++i) EXPECT_EQ(t[i], std::uint64_t{0} - t[t.size() - 1 - i]);
    EXPECT_TRUE(std::is_sorted(t.begin(), t.end()));
    EXPECT_EQ(-table.smallest(), table.largest());
  }
}

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

// 2^64 P(e > (j + 1/2) / 255) for uniform noise: a fraction.
cpp_rational exact_uniform_tail(double lambda, int j) {
  const cpp_rational width(lambda);
  const cpp_rational inside = width - cpp_rational(2 * j + 1, 510);
  return inside > 0 ? cpp_rational(cpp_int(1) << 64) * inside / (2 * width) : cpp_rational(0);
}

TEST(GridTable, GivesUniformNoiseItsExactProbabilities) {
  const cpp_rational half(1, 2);
  for (const double lambda : {0x1p-8, 0.1, 0.5, 1.0, 1.7320508075688772, 16.0}) {
    const GridTable table = uniform(lambda);
    for (int j = 0; j < table.largest(); ++j) {
      const std::uint64_t tail = std::uint64_t{0} - table.thresholds()[static_cast<std::size_t>(j - table.smallest())];
      ASSERT_LE(abs(exact_uniform_tail(lambda, j) - tail), half) << lambda << " " << j;
    }
    ASSERT_LE(exact_uniform_tail(lambda, table.largest()), half) << "a threshold is missing";
  }
}

// lambda = 128/255: 2 * 128 whole levels but for the halves at both ends, so each step is 2^56, but for
// lambda's own rounding (2^-54 of it) and the table's.
TEST(GridTable, GivesUniformNoiseOfAPowerOfTwoLevelsEqualSteps) {
  const GridTable table = uniform(128 / 255.0);
  const auto& t = table.thresholds();
  ASSERT_EQ(t.size(), 256u);
  constexpr double roundings = 5;
  for (std::size_t i = 0; i + 1 < t.size(); ++i) ASSERT_NEAR(static_cast<double>(t[i + 1] - t[i]), 0x1p56, roundings) << i;
}

TEST(GridTable, GivesLaplaceNoiseItsExponentialTails) {
  using Real = boost::multiprecision::cpp_bin_float_100;
  for (const double lambda : {0x1p-10, 0.02, 0.1767766952966369, 0.5}) {
    const GridTable table = laplace(lambda);
    for (int j = 0; j < table.largest(); ++j) {
      const std::uint64_t tail = std::uint64_t{0} - table.thresholds()[static_cast<std::size_t>(j - table.smallest())];
      const Real exact = ldexp(Real(exp(-Real(2 * j + 1) / (510 * Real(lambda))) / 2), 64);
      ASSERT_LE(abs(Real(tail) - exact), Real(0.5)) << lambda << " " << j;
    }
    ASSERT_LE(ldexp(Real(exp(-Real(2 * table.largest() + 1) / (510 * Real(lambda))) / 2), 64), Real(0.5)) << "a threshold is missing";
  }
}

TEST(GridTable, HoldsNoNoiseThatAlwaysRoundsToNothing) {
  const GridTable table = uniform(0x1p-10);  // less than half a level
  EXPECT_EQ(table.smallest(), 0);
  EXPECT_EQ(table.largest(), 0);
  int value = 1;
  EXPECT_TRUE(table.value_from_upper(0, value));
  EXPECT_EQ(value, 0);
  EXPECT_TRUE(table.value_from_upper(0xffffffff, value));
  EXPECT_EQ(value, 0);
  EXPECT_EQ(table.value(0), 0);
}

// Wider noise has more thresholds than the guide can name, which is said before they are worked out.
TEST(GridTable, TakesTheWidestGaussianNoiseThatItSaysItTakes) {
  EXPECT_EQ(gaussian(14).thresholds().size(), 65'368u);
  try {
    gaussian(15);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "sigma = 15: grid noise takes a standard deviation from 1/1024 to 14 (pixels are in [0, 1])");
  }
}

TEST(GridTable, TakesTheWidestNoiseOfBothLawsOfL1) {
  EXPECT_EQ(uniform(16).largest(), 4080);
  EXPECT_EQ(laplace(2.5).thresholds().size(), 56'560u);
}

TEST(GridTable, ReadsTheLowerBitsOnlyWhereTheUpperCannotDecide) {
  for (const GridTable& table : {gaussian(0.001), gaussian(0.03), gaussian(0.25), gaussian(1.0), gaussian(3.0), uniform(0.002),
                                 uniform(0.5), uniform(1.7), laplace(0.001), laplace(0.1), laplace(2.5)}) {
    const auto check = [&](std::uint64_t bits) {
      int value = std::numeric_limits<int>::min();
      if (table.value_from_upper(static_cast<std::uint32_t>(bits >> 32), value)) ASSERT_EQ(value, table.value(bits)) << bits;
      else ASSERT_NE(table.value(bits >> 32 << 32), table.value(bits | 0xffffffff)) << "the upper bits did decide " << bits;
    };
    for (const std::uint64_t threshold : table.thresholds()) {
      for (const std::uint64_t step : {0ull, 1ull, 1ull << 32}) check(threshold + step), check(threshold - step);
    }
    check(0), check(std::numeric_limits<std::uint64_t>::max());
    std::mt19937_64 random(7);
    for (int i = 0; i < 100'000; ++i) check(random());
  }
}

// T_j bits of 2^64 lie below each threshold: the last of them is the value before it, the threshold itself the value behind it.
TEST(GridTable, TakesAThresholdItselfForTheValueBehindIt) {
  for (const GridTable& table : {gaussian(0.03), gaussian(1.0), uniform(0.5), laplace(0.1)}) {
    const auto& thresholds = table.thresholds();
    int value = table.smallest();
    for (std::size_t i = 0; i < thresholds.size(); ++i, ++value) {
      if (i == 0 || thresholds[i] > thresholds[i - 1]) ASSERT_EQ(table.value(thresholds[i] - 1), value) << i;
      if (i + 1 == thresholds.size() || thresholds[i + 1] > thresholds[i]) ASSERT_EQ(table.value(thresholds[i]), value + 1) << i;
    }
  }
}

// Mean and mean square of the values, in levels.
std::pair<double, double> moments(const GridTable& table) {
  const auto& t = table.thresholds();
  long double mean = 0, square = 0;
  for (std::size_t i = 0; i <= t.size(); ++i) {
    const std::uint64_t from = i == 0 ? 0 : t[i - 1], to = i == t.size() ? 0 : t[i];
    const long double mass = std::ldexp(static_cast<long double>(to - from), -64);
    const auto j = static_cast<long double>(table.smallest() + static_cast<int>(i));
    mean += mass * j;
    square += mass * j * j;
  }
  return {static_cast<double>(mean), static_cast<double>(square)};
}

TEST(GridTable, MeetsEachValuesProbabilityByEnumerationOfTheThresholds) {
  const auto [mean, square] = moments(gaussian(0.25));
  EXPECT_NEAR(mean, 0, 1e-12);
  // Rounding adds 1/12 to the variance (Sheppard), up to terms far below 1e-9 here.
  EXPECT_NEAR(square, 63.75 * 63.75 + 1.0 / 12, 1e-9);
}

TEST(GridTable, HasTheVarianceOfEachLaw) {
  const auto [uniform_mean, uniform_square] = moments(uniform(0.5));  // 127.5 levels: 255 of them, all as likely
  EXPECT_NEAR(uniform_mean, 0, 1e-12);
  EXPECT_NEAR(uniform_square, (255.0 * 255 - 1) / 12, 1e-9);
  // Rounded Laplace noise of b levels: the sum of P(|j| >= k) (2k - 1) with P(|j| >= k) = exp(-(k - 1/2)/b).
  const double r = std::exp(-1 / 51.0);
  const auto [laplace_mean, laplace_square] = moments(laplace(0.2));
  EXPECT_NEAR(laplace_mean, 0, 1e-12);
  EXPECT_NEAR(laplace_square, std::sqrt(r) * (1 + r) / ((1 - r) * (1 - r)), 1e-9);
}

TEST(GridTable, StatesHowFarTheDrawnLawCanBeFromTheExactOne) {
  const GridTable table = gaussian(1.0);
  EXPECT_LE(3072 * table.noise_error(), 4e-13);
  EXPECT_EQ(table.noise_error(), std::ldexp(static_cast<double>(table.thresholds().size() + 2), -65));
}

TEST(GridTable, RefusesAScaleThatCannotBe) {
  for (const double scale : {0.0, -0.25, 0.0009, 17.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const NoiseLaw law : {NoiseLaw::gaussian, NoiseLaw::uniform, NoiseLaw::laplace}) {
      EXPECT_THROW(GridTable({law, scale}), InputError) << scale;
    }
  }
  EXPECT_THROW(laplace(2.51), InputError);
  for (const double sigma : {14.01, 14.1, 15.0, 16.0}) EXPECT_THROW(gaussian(sigma), InputError) << sigma;
}

}  // namespace
}  // namespace ballast::noise::grid_table_test
