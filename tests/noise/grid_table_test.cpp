// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/grid_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "ballast/core/errors.hpp"

namespace ballast::noise {
namespace {

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
    const GridTable table(sigma);
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
  EXPECT_EQ(GridTable(0.12).digest(), "85fe8dfe83ef448ae8e2f52b0248c0ac3fe34ff3f9e0dad88af4d69df144a7c8");
  EXPECT_EQ(GridTable(0.25).digest(), "8e8dd009ee21e6df5eb6b7c92f0272d0910da5f41de2edb3b2d24bce5a657412");
  EXPECT_EQ(GridTable(0.5).digest(), "b1be87c8cbc8bc37611f93f28c13acdaf7638edaad20c577f4e606752cec321e");
  EXPECT_EQ(GridTable(1.0).digest(), "ba1fe652e63c801dd0c4b31913ea0a63055eccac9a76cc625d7af81d5455e1b2");
}

TEST(GridTable, IsSymmetric) {
  const GridTable table(0.25);
  const auto& t = table.thresholds();
  for (std::size_t i = 0; i < t.size(); ++i) EXPECT_EQ(t[i], std::uint64_t{0} - t[t.size() - 1 - i]);
  EXPECT_TRUE(std::is_sorted(t.begin(), t.end()));
  EXPECT_EQ(-table.smallest(), table.largest());
}

TEST(GridTable, ReadsTheLowerBitsOnlyWhereTheUpperCannotDecide) {
  for (const double sigma : {0.001, 0.03, 0.25, 1.0, 3.0}) {
    const GridTable table(sigma);
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

TEST(GridTable, MeetsEachValuesProbabilityByEnumerationOfTheThresholds) {
  const GridTable table(0.25);
  const auto& t = table.thresholds();
  long double mean = 0, square = 0;
  for (std::size_t i = 0; i + 1 < t.size(); ++i) {
    const long double mass = std::ldexp(static_cast<long double>(t[i + 1] - t[i]), -64);
    const auto j = static_cast<long double>(table.smallest() + static_cast<int>(i) + 1);
    mean += mass * j;
    square += mass * j * j;
  }
  EXPECT_NEAR(static_cast<double>(mean), 0, 1e-12);
  // Rounding adds 1/12 to the variance (Sheppard), up to terms far below 1e-9 here.
  EXPECT_NEAR(static_cast<double>(square), 63.75 * 63.75 + 1.0 / 12, 1e-9);
}

TEST(GridTable, StatesHowFarTheDrawnLawCanBeFromTheExactOne) {
  const GridTable table(1.0);
  EXPECT_LE(3072 * table.law_error(), 4e-13);
  EXPECT_EQ(table.law_error(), std::ldexp(static_cast<double>(table.thresholds().size() + 2), -65));
}

TEST(GridTable, RefusesAStandardDeviationThatCannotBe) {
  for (const double sigma : {0.0, -0.25, 17.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(GridTable{sigma}, InputError) << sigma;
  }
}

}  // namespace
}  // namespace ballast::noise
