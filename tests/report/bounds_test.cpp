// SPDX-License-Identifier: Apache-2.0
//
// Bounds on what a log proves: their formulas, the published tables, and how often they are wrong.

#include "ballast/report/bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <random>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/test_set.hpp"

namespace ballast::report::bounds_test {
namespace {

constexpr double false_alarm = 1e-6;

log::Record row(bool correct, double radius) {
  log::Record record;
  record.label = 1;
  record.predict = correct ? 1 : 2;
  record.correct = correct;
  record.radius = radius;
  return record;
}

// So many rows, the first of them correct with this radius.
std::vector<log::Record> rows_with(std::size_t images, std::size_t correct, double radius) {
  std::vector<log::Record> rows;
  for (std::size_t i = 0; i < images; ++i) rows.push_back(row(i < correct, radius));
  return rows;
}

TEST(ProbabilityBeside, IsNeverOne) {
  EXPECT_EQ(probability_beside(0.001), "0.999");
  EXPECT_EQ(probability_beside(0.5), "0.5");
  EXPECT_EQ(probability_beside(1e-20), "1 - 1e-20");
}

TEST(AccuracyBounds, AreThoseOfTheCountAtTheRadius) {
  std::vector<log::Record> rows = rows_with(500, 300, 0.5);
  for (std::size_t i = 0; i < 100; ++i) rows[i].radius = 1;
  rows[0].predict.reset();  // an abstention, whatever `correct` says
  for (const auto& [radius, count] : {std::pair{0.0, 299u}, {0.5, 299u}, {0.500001, 99u}, {1.0, 99u}, {1.1, 0u}}) {
    for (const Confidence& confidence : {Confidence{0.001, 0.001}, {0.01, 0.05}}) {
      const auto [alpha, rho] = confidence;
      const AccuracyBounds bounds = accuracy_bounds(rows, radius, confidence);
      const stats::TestSet set{500, count};
      EXPECT_EQ(bounds.appendix_d, stats::bernstein_bound(set, alpha, rho));
      EXPECT_EQ(bounds.inverted, stats::inverted_bound(set, alpha, rho));
      EXPECT_EQ(bounds.uniform, stats::uniform_bound(set, alpha, rho));
      EXPECT_EQ(bounds.population, stats::population_bound(set, alpha, rho));
    }
  }
}

// Appendix D as printed, with its 1 / (1 - alpha).
TEST(AccuracyBounds, HoldAppendixDAsPrinted) {
  const double m = 500, y = 218.0 / 500, alpha = 0.001, rho = 0.001;
  const double printed =
      (y - alpha - std::sqrt(2 * alpha * (1 - alpha) * std::log(1 / rho) / m) - std::log(1 / rho) / (3 * m)) / (1 - alpha);
  EXPECT_NEAR(accuracy_bounds(rows_with(500, 218, 1), 0, {alpha, rho}).appendix_d, printed, 1e-12);
  EXPECT_LE(accuracy_bounds(rows_with(500, 218, 1), 0, {alpha, rho}).appendix_d, printed);
}

TEST(AccuracyBounds, WithALargeAlphaLeaveAppendixDOut) {
  EXPECT_EQ(accuracy_bounds(rows_with(500, 500, 1), 0, {0.6, 0.001}).appendix_d, 0);
  EXPECT_GT(accuracy_bounds(rows_with(500, 500, 1), 0, {0.6, 0.001}).inverted, 0);
}

TEST(AccuracyBounds, RefuseWhatIsNoProbability) {
  const auto rows = rows_with(10, 5, 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double wrong : {0.0, 1.0, -1.0, nan}) {
    EXPECT_THROW(accuracy_bounds(rows, 0, {wrong, 0.001}), InputError) << wrong;
    EXPECT_THROW(accuracy_bounds(rows, 0, {0.001, wrong}), InputError) << wrong;
    EXPECT_THROW(radius_bounds(rows, 1, {wrong, 0.001}), InputError) << wrong;
    EXPECT_THROW(radius_bounds(rows, 1, {0.001, wrong}), InputError) << wrong;
  }
  EXPECT_THROW(accuracy_bounds({}, 0, {}), InputError);
  EXPECT_THROW(radius_bounds({}, 1, {}), InputError);
}

TEST(AccuracyBounds, InvertedIsAboveAppendixDInEveryCellOfThePublishedTables) {
  const std::filesystem::path logs = std::filesystem::path(BALLAST_SHARED) / "logs/certify";
  if (!std::filesystem::exists(logs)) GTEST_SKIP() << "the shared folder with published logs is absent";
  int cells = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(logs)) {
    if (entry.path().extension() != ".tsv") continue;
    const auto rows = log::read_log(entry.path()).rows;
    for (const double radius : sensible_radii(rows)) {
      for (const Confidence& confidence : {Confidence{0.001, 0.001}, {0.01, 0.001}, {0.001, 0.05}}) {
        const AccuracyBounds bounds = accuracy_bounds(rows, radius, confidence);
        const double accuracy = certified_accuracy(rows, radius);
        EXPECT_LE(bounds.appendix_d, bounds.inverted) << entry.path() << " at " << radius;
        EXPECT_GE(bounds.inverted, bounds.uniform);
        EXPECT_LE(bounds.inverted, accuracy);
        EXPECT_LT(bounds.population, accuracy);
        EXPECT_LE(bounds.population, bounds.inverted);
        if (bounds.inverted == 0) continue;  // hardly an image is certified, and nothing is proved
        EXPECT_LT(bounds.appendix_d, bounds.inverted) << entry.path() << " at " << radius;
        EXPECT_LT(bounds.population, bounds.inverted);
        ++cells;
      }
    }
  }
  EXPECT_GT(cells, 100);
}

// Exact: `good` of m images can truly be certified and are; each other one is, falsely, with probability alpha.
TEST(AccuracyBounds, AreWrongWithAtMostRhoHoweverManyImagesAreGood) {
  constexpr std::uint64_t m = 40;
  for (const double alpha : {0.02, 0.2}) {
    for (const double rho : {0.001, 0.05}) {
      std::vector<AccuracyBounds> bounds;
      for (std::uint64_t y = 0; y <= m; ++y) bounds.push_back(accuracy_bounds(rows_with(m, y, 1), 1, {alpha, rho}));
      for (std::uint64_t good = 0; good < m; ++good) {
        const double truth = static_cast<double>(good) / m;
        for (const auto bound : {&AccuracyBounds::appendix_d, &AccuracyBounds::inverted, &AccuracyBounds::uniform}) {
          std::uint64_t least_wrong = 0;  // false certificates with which the bound is too high
          while (good + least_wrong <= m && bounds[good + least_wrong].*bound <= truth) ++least_wrong;
          EXPECT_LE(stats::binomial_upper_tail(least_wrong, m - good, alpha), rho) << good << " good, alpha " << alpha << ", rho " << rho;
        }
      }
    }
  }
}

TEST(RadiusBounds, TakeTheLargestRadiiForTheWrongOnes) {
  std::vector<log::Record> rows;
  double sum = 0;
  for (int i = 1; i <= 1000; ++i) {
    rows.push_back(row(i % 3 != 0, i / 1000.0));
    rows.back().index = static_cast<std::uint64_t>(i);
    if (i % 3 != 0) sum += i / 1000.0;
  }
  const Confidence confidence{0.002, 0.01};
  const std::uint64_t wrong = stats::most_wrong(1000, 0.002, 0.01);
  ASSERT_EQ(wrong, 6u);
  const double left = sum - 1 - 0.998 - 0.997 - 0.995 - 0.994 - 0.992;  // 999, 996 and 993 are not correct
  EXPECT_NEAR(radius_bounds(rows, 1.5, confidence).test_set, left / 1000, 1e-9);
  EXPECT_LE(radius_bounds(rows, 1.5, confidence).test_set, left / 1000);
}

TEST(RadiusBounds, OfThePopulationSubtractWhatFalseCertificatesCanAdd) {
  std::vector<log::Record> rows;
  for (int i = 0; i < 400; ++i) rows.push_back(row(i % 4 != 0, 0.5 + 0.001 * i));
  const auto radii = certified_radii(rows);
  for (const double alpha : {0.001, 0.01}) {
    const double expected = stats::mean_lower_bound(radii, 0, 2, 0.01) - alpha * 2;
    EXPECT_NEAR(radius_bounds(rows, 2, {alpha, 0.01}).population, expected, 1e-9);
    EXPECT_LE(radius_bounds(rows, 2, {alpha, 0.01}).population, expected);
  }
  EXPECT_LT(radius_bounds(rows, 3, {0.001, 0.01}).population, radius_bounds(rows, 2, {0.001, 0.01}).population);
  EXPECT_EQ(radius_bounds(rows, 2, {0.5, 0.01}).population, 0);       // never below 0
  EXPECT_THROW(radius_bounds(rows, 0.6, {0.001, 0.01}), InputError);  // the largest possible radius is not the largest
}

TEST(RadiusBounds, OfRowsWithoutARadiusAreZero) {
  for (const double largest : {0.0, 1.0}) {
    const RadiusBounds bounds = radius_bounds(rows_with(50, 0, 0.5), largest, {});
    EXPECT_EQ(bounds.test_set, 0);
    EXPECT_EQ(bounds.population, 0);
  }
  const RadiusBounds one = radius_bounds(rows_with(1, 1, 0.5), 1, {});
  EXPECT_EQ(one.population, 0);  // nothing is known of a spread
}

// A sum of so many decimals in double would be above the exact one by more than it is lowered.
TEST(RadiusBounds, OfManyRowsAreNotRoundedUp) {
  constexpr std::size_t m = 100'000;
  const std::uint64_t wrong = stats::most_wrong(m, 0.001, 0.001);
  const long double exact = 0.1L * static_cast<long double>(m - wrong) / m;
  const double bound = radius_bounds(rows_with(m, m, 0.1), 1, {}).test_set;
  EXPECT_LE(static_cast<long double>(bound), exact);
  EXPECT_NEAR(bound, static_cast<double>(exact), 1e-11);
}

// The most of so many runs that may be wrong, but for a false alarm.
std::uint64_t most_wrong_runs(std::uint64_t runs, double rho) {
  auto most = static_cast<std::uint64_t>(static_cast<double>(runs) * rho);
  while (stats::binomial_upper_tail(most + 1, runs, rho) > false_alarm) ++most;
  return most;
}

// How many of so many runs have a bound above the truth. Images with known radii, 1/2 on average in their population,
// are certified exactly, but falsely up to the largest radius with a probability that should be alpha.
struct FalseRuns {
  std::uint64_t test_set = 0, population = 0;
};
FalseRuns false_runs(std::uint64_t runs, double false_certificates, const Confidence& confidence) {
  constexpr std::size_t images = 100;
  constexpr double largest = 2;
  std::mt19937_64 random(20190612);
  std::uniform_real_distribution<double> uniform;
  std::vector<log::Record> rows = rows_with(images, images, 0);
  FalseRuns failed;
  for (std::uint64_t run = 0; run < runs; ++run) {
    double truth = 0;
    for (log::Record& record : rows) {
      record.radius = uniform(random);
      truth += record.radius / static_cast<double>(images);
      if (uniform(random) < false_certificates) record.radius = largest;
    }
    const RadiusBounds bounds = radius_bounds(rows, largest, confidence);
    failed.test_set += bounds.test_set > truth;
    failed.population += bounds.population > 0.5;
  }
  return failed;
}

TEST(RadiusBoundsSimulation, AreSeldomAboveTheTruth) {
  constexpr std::uint64_t runs = 20'000;
  const Confidence confidence{0.05, 0.05};
  const FalseRuns honest = false_runs(runs, 0.05, confidence), careless = false_runs(runs, 0.6, confidence);
  EXPECT_LE(honest.test_set, most_wrong_runs(runs, 0.05));
  EXPECT_LE(honest.population, most_wrong_runs(runs, 0.05));
  EXPECT_GT(careless.test_set, most_wrong_runs(runs, 0.05));
  EXPECT_GT(careless.population, most_wrong_runs(runs, 0.05));
}

}  // namespace
}  // namespace ballast::report::bounds_test
