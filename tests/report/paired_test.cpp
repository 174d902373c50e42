// SPDX-License-Identifier: Apache-2.0
//
// Two logs of the same images: what is compared with what, and how often the interval misses the truth.

#include "ballast/report/paired.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::report::paired_test {
namespace {

constexpr double false_alarm = 1e-6;

using Rows = std::vector<log::Record>;

log::Record row(std::uint64_t index, double radius) {
  log::Record record;
  record.index = index;
  record.label = 3;
  record.radius = radius;
  if (radius > 0) record.predict = 3;
  record.correct = radius > 0;
  return record;
}

// Radii of images 0, 1, ...; 0: abstained.
Rows rows(const std::vector<double>& radii) {
  Rows result;
  for (const double radius : radii) result.push_back(row(result.size(), radius));
  return result;
}

Comparison compared(const Rows& a, const Rows& b, std::vector<double> radii = {0, 0.5}, double rho = 0.05) {
  return compare(a, b, radii, 2, 2, rho);
}

std::string refusal_of(const Rows& a, const Rows& b) {
  try {
    compared(a, b);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Paired, ComparesImageWithImageInAnyOrder) {
  const Rows a = rows({1, 0.6, 0, 0.4, 0.2, 0.9, 0.7, 0.5}), b = rows({0.4, 0.6, 0.3, 0, 0.1, 0.2, 0, 0.5});
  Rows turned(b.rbegin(), b.rend());
  const Comparison first = compared(a, b), second = compared(a, turned);
  EXPECT_EQ(first.images, 8u);
  ASSERT_EQ(first.accuracy.size(), 2u);
  EXPECT_EQ(first.accuracy[0].radius, 0);
  EXPECT_EQ(first.accuracy[1].radius, 0.5);
  EXPECT_DOUBLE_EQ(first.accuracy[0].a, 7.0 / 8);
  EXPECT_DOUBLE_EQ(first.accuracy[0].b, 6.0 / 8);
  EXPECT_DOUBLE_EQ(first.accuracy[1].a, 5.0 / 8);
  EXPECT_DOUBLE_EQ(first.accuracy[1].b, 2.0 / 8);  // a tie with the radius counts
  EXPECT_DOUBLE_EQ(first.mean_radius.a, 4.3 / 8);
  EXPECT_DOUBLE_EQ(first.mean_radius.b, 2.1 / 8);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(first.accuracy[i].b, second.accuracy[i].b);
    EXPECT_EQ(first.accuracy[i].p_value, second.accuracy[i].p_value);
    EXPECT_EQ(first.accuracy[i].interval.low, second.accuracy[i].interval.low);
    EXPECT_EQ(first.mean_radius.interval.high, second.mean_radius.interval.high);
  }
}

TEST(Paired, HasTheExactSignTestsPValue) {
  Rows a = rows(std::vector<double>(30, 1)), b = a;
  EXPECT_EQ(compared(a, b).accuracy[0].p_value, 1);  // no image that only one certifies
  for (std::size_t i = 0; i < 10; ++i) b[i] = row(i, 0);
  EXPECT_DOUBLE_EQ(compared(a, b).accuracy[0].p_value, 2 * std::pow(0.5, 10));
  EXPECT_DOUBLE_EQ(compared(b, a).accuracy[0].p_value, 2 * std::pow(0.5, 10));
  for (std::size_t i = 10; i < 20; ++i) a[i] = row(i, 0);
  EXPECT_EQ(compared(a, b).accuracy[0].p_value, 1);
  for (std::size_t i = 20; i < 22; ++i) b[i] = row(i, 0);
  EXPECT_DOUBLE_EQ(compared(a, b).accuracy[0].p_value, stats::two_sided_p_value({12, 22}, 0.5));
}

TEST(Paired, IsTurnedRoundWithTheLogs) {
  const Rows a = rows({1, 0.6, 0, 0.4, 0.2, 0.9}), b = rows({0.4, 0.6, 0.3, 0, 0.1, 0.2});
  const Comparison ab = compare(a, b, std::vector<double>{0.5}, 1.5, 2, 0.05), ba = compare(b, a, std::vector<double>{0.5}, 2, 1.5, 0.05);
  EXPECT_NEAR(ab.accuracy[0].interval.low, -ba.accuracy[0].interval.high, 1e-12);
  EXPECT_NEAR(ab.mean_radius.interval.low, -ba.mean_radius.interval.high, 1e-12);
  EXPECT_EQ(ab.mean_radius.a, ba.mean_radius.b);
}

TEST(Paired, HasIntervalsAroundTheDifferenceThatNarrowWithRho) {
  std::vector<double> first, second;
  for (int i = 0; i < 2000; ++i) {
    first.push_back(i % 10 < 8 ? 1 : 0);
    second.push_back(i % 10 < 5 ? 0.5 : 0);
  }
  double width = std::numeric_limits<double>::infinity();
  for (const double rho : {0.001, 0.01, 0.05, 0.3}) {
    const Comparison comparison = compared(rows(first), rows(second), {0.25}, rho);
    for (const Difference& line : {static_cast<Difference>(comparison.accuracy[0]), comparison.mean_radius}) {
      EXPECT_LT(line.interval.low, line.a - line.b);
      EXPECT_GT(line.interval.high, line.a - line.b);
    }
    const auto& interval = comparison.accuracy[0].interval;
    EXPECT_GT(interval.low, 0);  // the difference is 0.3 of 2000 images
    EXPECT_LT(interval.high - interval.low, width);
    width = interval.high - interval.low;
  }
}

TEST(Paired, OfALogWithItselfFindsNoDifference) {
  const Rows a = rows({1, 0.6, 0, 0.4, 0.2, 0.9});
  const Comparison comparison = compared(a, a);
  EXPECT_EQ(comparison.accuracy[0].p_value, 1);
  EXPECT_EQ(comparison.mean_radius.a, comparison.mean_radius.b);
  EXPECT_LE(comparison.mean_radius.interval.low, 0);
  EXPECT_GE(comparison.mean_radius.interval.high, 0);
}

TEST(Paired, OfLogsThatAbstainThroughoutFindsNoDifference) {
  const Rows none = rows({0, 0, 0});
  const Comparison comparison = compare(none, none, std::vector<double>{0}, 0, 0, 0.05);
  EXPECT_EQ(comparison.accuracy[0].p_value, 1);
  EXPECT_EQ(comparison.mean_radius.interval.low, 0);
  EXPECT_EQ(comparison.mean_radius.interval.high, 0);
}

TEST(Paired, RefusesLogsOfOtherImages) {
  const Rows a = rows({1, 0.6, 0});
  Rows shorter = a, twice = a, other = a, relabelled = a;
  shorter.pop_back();
  twice[2] = twice[1];
  other[2].index = 7;
  relabelled[1].label = 4;
  relabelled[1].predict = 4;
  EXPECT_NE(refusal_of(a, shorter).find("image 2 is only in the first log"), std::string::npos) << refusal_of(a, shorter);
  EXPECT_NE(refusal_of(shorter, a).find("image 2 is only in the second log"), std::string::npos) << refusal_of(shorter, a);
  EXPECT_NE(refusal_of(a, twice).find("image 1 is in the second log twice"), std::string::npos) << refusal_of(a, twice);
  EXPECT_NE(refusal_of(twice, a).find("image 1"), std::string::npos) << refusal_of(twice, a);
  EXPECT_NE(refusal_of(a, other).find("image 2"), std::string::npos) << refusal_of(a, other);
  EXPECT_NE(refusal_of(a, relabelled).find("image 1 has label 3 in the first log and 4 in the second"), std::string::npos);
  EXPECT_THROW(compared(rows({1}), rows({1})), InputError);
  EXPECT_THROW(compared({}, {}), InputError);
}

TEST(Paired, RefusesWhatCannotBe) {
  const Rows a = rows({1, 0.6, 0});
  for (const double rho : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) EXPECT_THROW(compared(a, a, {0}, rho), InputError);
  const std::vector<double> radii{0};
  EXPECT_THROW(compare(a, rows({0, 0, 0}), radii, 0.9, 2, 0.05), InputError);  // a radius above the largest possible
  EXPECT_THROW(compare(rows({0, 0, 0}), a, radii, 2, 0.9, 0.05), InputError);
}

// Model A certifies 1 with probability 0.7, B 0.5 with 0.6, together more often than apart.
TEST(PairedSimulation, SeldomMissesTheTruth) {
  constexpr std::uint64_t runs = 5'000;
  constexpr double rho = 0.05;
  std::mt19937_64 random(20190612);
  std::uniform_real_distribution<double> uniform;
  std::uint64_t missed = 0, missed_mean = 0, significant = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    std::vector<double> first, second, third;
    for (int i = 0; i < 60; ++i) {
      const double hard = uniform(random);
      first.push_back(hard < 0.7 ? 1 : 0);
      second.push_back(hard < 0.5 || uniform(random) < 0.2 ? 0.5 : 0);
      third.push_back(uniform(random) < 0.7 ? 1 : 0);  // as good as the first
    }
    const Comparison comparison = compare(rows(first), rows(second), std::vector<double>{0.5}, 1, 0.5, rho);
    const auto misses = [](const Difference& line, double truth) { return line.interval.low > truth || line.interval.high < truth; };
    missed += misses(comparison.accuracy[0], 0.7 - 0.6);
    missed_mean += misses(comparison.mean_radius, 0.7 - 0.3);
    significant += compare(rows(first), rows(third), std::vector<double>{0.5}, 1, 1, rho).accuracy[0].p_value <= rho;
  }
  std::uint64_t allowed = static_cast<std::uint64_t>(runs * rho);
  while (stats::binomial_upper_tail(allowed + 1, runs, rho) > false_alarm) ++allowed;
  EXPECT_LE(missed, allowed);
  EXPECT_LE(missed_mean, allowed);
  EXPECT_LE(significant, allowed);
  EXPECT_GT(significant, 50u);  // the sign test uses much of its level
}

}  // namespace
}  // namespace ballast::report::paired_test
