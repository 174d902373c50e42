// SPDX-License-Identifier: Apache-2.0
//
// Statements about a whole test set: how often they are false, by enumeration, and their formulas.

#include "ballast/stats/test_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::test_set_test {
namespace {

const Real tie_share = 1 + Real(twelve_digits);  // tails are rounded up, so one that equals rho counts as above

using Bound = std::function<double(const TestSet&, double alpha, double rho)>;

struct Levels {
  double alpha;
  double rho;
};
constexpr Levels level_count[] = {{0.001, 0.001}, {0.01, 0.05}, {0.1, 0.1}, {0.3, 0.01}, {0.5, 0.5}};

// Whether the bound claims more than so many of the images.
bool is_above(double bound, std::uint64_t good, std::uint64_t images) { return Real(bound) * images > good; }

// The probability that the bound is above the true share: all good images are certified, each other one wrongly with probability alpha.
Real failure_probability(const Bound& bound, std::uint64_t images, std::uint64_t good, const Levels& levels) {
  Real failed = 0;
  for (std::uint64_t wrong = 0; good + wrong <= images; ++wrong) {
    if (is_above(bound({images, good + wrong}, levels.alpha, levels.rho), good, images)) {
      failed += exact_mass(wrong, images - good, levels.alpha, 1 - Real(levels.alpha));
    }
  }
  return failed;
}

TEST(TestSetBounds, FailAtMostAsOftenAsAllowed) {
  for (const Bound& bound : {Bound(bernstein_bound), Bound(uniform_bound), Bound(inverted_bound)}) {
    for (const Levels& levels : level_count) {
      for (const std::uint64_t images : {1u, 2u, 7u, 40u, 150u}) {
        for (std::uint64_t good = 0; good <= images; good += 1 + images / 30) {
          EXPECT_LE(failure_probability(bound, images, good, levels), Real(levels.rho)) << images << " " << good << " " << levels.alpha;
        }
      }
    }
  }
}

// Noise shared by all images makes their errors come together: all at once with probability alpha, or none.
TEST(TestSetBounds, WouldFailMoreOftenIfNoiseWereShared) {
  const Levels levels{0.05, 0.01};
  for (const Bound& bound : {Bound(bernstein_bound), Bound(uniform_bound), Bound(inverted_bound)}) {
    const double failed = is_above(bound({100, 100}, levels.alpha, levels.rho), 50, 100) ? levels.alpha : 0;
    EXPECT_GT(failed, levels.rho);
  }
}

// Ten images with radii 1 ... 10, each wrongly certified at every radius with probability alpha: whether some radius is overclaimed.
Real failure_at_some_radius(const Bound& bound, const Levels& levels) {
  constexpr std::uint64_t images = 10;
  Real failed = 0;
  for (unsigned wrong = 0; wrong < 1u << images; ++wrong) {
    bool overclaims = false;
    for (std::uint64_t radius = 1; radius <= images + 1; ++radius) {
      std::uint64_t certified = 0;
      for (std::uint64_t i = 1; i <= images; ++i) certified += i >= radius || (wrong >> (i - 1) & 1);
      overclaims = overclaims || is_above(bound({images, certified}, levels.alpha, levels.rho), images + 1 - radius, images);
    }
    const auto errors = static_cast<int>(std::popcount(wrong));
    if (overclaims) failed += pow(Real(levels.alpha), errors) * pow(1 - Real(levels.alpha), static_cast<int>(images) - errors);
  }
  return failed;
}

TEST(UniformBound, HoldsForAllRadiiAtOnce) {
  for (const Levels& levels : level_count) EXPECT_LE(failure_at_some_radius(uniform_bound, levels), Real(levels.rho)) << levels.alpha;
}

TEST(InvertedBound, HoldsForOneRadiusOnly) {
  const Levels levels{0.1, 0.3};
  EXPECT_GT(failure_at_some_radius(inverted_bound, levels), Real(levels.rho));
}

// Images drawn independently, good with probability share; the others are certified wrongly with probability alpha.
TEST(PopulationBound, FailsAtMostAsOftenAsAllowed) {
  for (const Levels& levels : level_count) {
    for (const std::uint64_t images : {1u, 10u, 40u}) {
      std::vector<double> bounds;
      for (std::uint64_t y = 0; y <= images; ++y) bounds.push_back(population_bound({images, y}, levels.alpha, levels.rho));
      std::vector<double> shares;
      for (int i = 0; i <= 20; ++i) shares.push_back(i / 20.0);
      for (const double bound : bounds) shares.push_back(std::nextafter(bound, 0.0));
      for (const double share : shares) {
        Real failed = 0;
        for (std::uint64_t good = 0; good <= images; ++good) {
          const Real drawn = exact_mass(good, images, share, 1 - Real(share));
          for (std::uint64_t wrong = 0; good + wrong <= images; ++wrong) {
            if (bounds[good + wrong] > share) failed += drawn * exact_mass(wrong, images - good, levels.alpha, 1 - Real(levels.alpha));
          }
        }
        EXPECT_LE(failed, Real(levels.rho)) << images << " " << share << " " << levels.alpha;
      }
    }
  }
}

TEST(MostWrong, IsTheLeastNumberSeldomExceeded) {
  for (const Levels& levels : level_count) {
    for (const std::uint64_t images : {1u, 2u, 30u, 1000u}) {
      const std::uint64_t q = most_wrong(images, levels.alpha, levels.rho);
      EXPECT_LE(exact_upper_tail(q + 1, images, levels.alpha), Real(levels.rho)) << images;
      if (q > 0) EXPECT_GT(exact_upper_tail(q, images, levels.alpha) * tie_share, Real(levels.rho)) << images;
    }
  }
  EXPECT_EQ(most_wrong(500, 0.001, 0.001), 4u);
}

TEST(InvertedBound, IsTheDefinitionByEnumeration) {
  for (const Levels& levels : level_count) {
    for (std::uint64_t images = 1; images <= 30; ++images) {
      for (std::uint64_t certified = 0; certified <= images; ++certified) {
        std::uint64_t most = 0;
        for (std::uint64_t bad = 0; bad <= images; ++bad) {
          const Real tail = certified + bad <= images ? Real(1) : exact_upper_tail(certified + bad - images, bad, levels.alpha);
          if (tail * tie_share > levels.rho) most = bad;
        }
        const double bound = inverted_bound({images, certified}, levels.alpha, levels.rho);
        EXPECT_EQ(std::lround(bound * static_cast<double>(images)), static_cast<long>(images - most));
        EXPECT_FALSE(is_above(bound, images - most, images));
      }
    }
  }
}

TEST(InvertedBound, IsNeverBelowBernsteins) {
  for (const double alpha : {1e-6, 0.001, 0.01, 0.1, 0.3, 0.5}) {
    for (const double rho : {1e-9, 0.001, 0.05, 0.5, 0.9}) {
      for (const std::uint64_t images : {1u, 10u, 100u, 500u, 10'000u}) {
        for (std::uint64_t certified = 0; certified <= images; certified += 1 + images / 500) {
          const TestSet set{images, certified};
          ASSERT_GE(inverted_bound(set, alpha, rho), bernstein_bound(set, alpha, rho))
              << images << " " << certified << " " << alpha << " " << rho;
        }
      }
    }
  }
}

// In hundred digits, straight from the definitions.
Real exact_bernstein(const TestSet& set, const Real& alpha, const Real& rho) {
  const Real m = set.images;
  const Real log_rho = -log(rho);
  return (set.certified / m - alpha - sqrt(2 * alpha * (1 - alpha) * log_rho / m) - log_rho / (3 * m)) / (1 - alpha);
}

void expect_just_below(double bound, const Real& exact, const std::string& what) {
  EXPECT_GE(bound, 0) << what;
  if (exact <= 0) {
    EXPECT_EQ(bound, 0) << what;
  } else {
    EXPECT_LE(Real(bound), exact) << what;
    EXPECT_GE(Real(bound), exact - Real(twelve_digits)) << what;
  }
}

TEST(TestSetBounds, AreNeverRoundedUpAndTight) {
  std::mt19937_64 random(20190202);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int i = 0; i < 2000; ++i) {
    const auto images = 1 + static_cast<std::uint64_t>(std::pow(1e6, unit(random)));
    const TestSet set{images, random() % (images + 1)};
    const double alpha = std::pow(10.0, -8 * unit(random)) / 2;
    const double rho = std::pow(10.0, -8 * unit(random));
    const std::string what = std::to_string(set.certified) + " of " + std::to_string(images) + " alpha=" + testing::PrintToString(alpha);
    expect_just_below(bernstein_bound(set, alpha, rho), exact_bernstein(set, alpha, rho), what);
    const Real certified = lower_confidence_bound({set.certified, images}, rho);
    expect_just_below(population_bound(set, alpha, rho), (certified - alpha) / (1 - Real(alpha)), what);
    const std::uint64_t wrong = most_wrong(images, alpha, rho);
    expect_just_below(uniform_bound(set, alpha, rho), set.certified < wrong ? Real(0) : Real(Real(set.certified - wrong) / images), what);
  }
}

TEST(TestSetBounds, KnowTheirEnds) {
  for (const Bound& bound : {Bound(bernstein_bound), Bound(uniform_bound), Bound(inverted_bound), Bound(population_bound)}) {
    EXPECT_EQ(bound({100, 0}, 0.001, 0.001), 0);
    EXPECT_GT(bound({most_trials, most_trials}, 0.001, 0.001), 0.99);
    EXPECT_LE(bound({most_trials, most_trials}, 0.001, 0.001), 1);
  }
  EXPECT_EQ(inverted_bound({500, 500}, 1e-9, 0.001), 1);
}

struct ExactBounds {
  Real low;
  Real high;
};

// The variance by the theorem's own definition, from all differences.
ExactBounds exact_mean_bounds(std::span<const double> values, const Real& low, const Real& high, const Real& delta) {
  const Real n = values.size();
  const Real width = high - low;
  Real sum = 0;
  Real differences = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    for (std::size_t j = 0; j < i; ++j) differences += (Real(values[i]) - values[j]) * (Real(values[i]) - values[j]);
  }
  const Real variance = differences / (n * (n - 1)) / (width * width);
  const Real reach = width * (sqrt(2 * variance * log(2 / delta) / n) + 7 * log(2 / delta) / (3 * (n - 1)));
  return {sum / n - reach, sum / n + reach};
}

TEST(MeanInterval, IsTheTheoremsFormulaRoundedOutwards) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> unit(0, 1);
  for (const auto& [low, high] : {std::pair{0.0, 1.0}, {-1.0, 1.0}, {0.0, 3.7}, {1e6, 1e6 + 1}, {-2e-9, -1e-9}}) {
    for (int i = 0; i < 20; ++i) {
      std::vector<double> values(100 + random() % 100);
      const double power = 8 * unit(random);
      for (double& value : values) value = std::clamp(low + (high - low) * std::pow(unit(random), power), low, high);
      const Interval interval = mean_interval(values, low, high, 0.1);
      const ExactBounds exact = exact_mean_bounds(values, low, high, Real(0.1) / 2);
      const Real close = twelve_digits * std::max(high - low, std::abs(low));
      EXPECT_LE(Real(interval.low), std::max(exact.low, Real(low)));
      EXPECT_GE(Real(interval.low), exact.low - close);
      EXPECT_GE(Real(interval.high), std::min(exact.high, Real(high)));
      EXPECT_LE(Real(interval.high), exact.high + close);
      const Real one_sided = exact_mean_bounds(values, low, high, Real(0.1)).low;
      EXPECT_LE(Real(mean_lower_bound(values, low, high, 0.1)), std::max(one_sided, Real(low)));
      EXPECT_GE(Real(mean_lower_bound(values, low, high, 0.1)), one_sided - close);
    }
  }
}

TEST(MeanInterval, StaysWithinTheRange) {
  const std::vector<double> few{0.1, 0.2};
  EXPECT_EQ(mean_interval(few, 0, 0.25, 0.01).low, 0);
  EXPECT_EQ(mean_interval(few, 0, 0.25, 0.01).high, 0.25);
  EXPECT_EQ(mean_lower_bound(few, 0, 0.25, 0.01), 0);
}

// Values low or high, the latter with probability p: the mean is known, and only the number of them matters.
TEST(MeanInterval, CoversByEnumerationOnTwoPoints) {
  const double low = -0.5;
  const double high = 2;
  for (const double rho : {0.5, 0.1, 0.01}) {
    for (const std::uint64_t n : {2u, 10u, 60u, 200u}) {
      std::vector<Interval> intervals;
      std::vector<double> lower_bounds;
      for (std::uint64_t k = 0; k <= n; ++k) {
        std::vector<double> values(n, low);
        std::fill_n(values.begin(), k, high);
        intervals.push_back(mean_interval(values, low, high, rho));
        lower_bounds.push_back(mean_lower_bound(values, low, high, rho));
      }
      for (int i = 0; i <= 50; ++i) {
        const Real p = Real(i) / 50;
        const Real mean = low + p * (Real(high) - low);
        Real below = 0;
        Real above = 0;
        Real alone = 0;
        for (std::uint64_t k = 0; k <= n; ++k) {
          const Real mass = exact_mass(k, n, p, 1 - p);
          if (Real(intervals[k].high) < mean) below += mass;
          if (Real(intervals[k].low) > mean) above += mass;
          if (Real(lower_bounds[k]) > mean) alone += mass;
        }
        EXPECT_LE(below, Real(rho) / 2) << n << " " << p;
        EXPECT_LE(above, Real(rho) / 2) << n << " " << p;
        EXPECT_LE(alone, Real(rho)) << n << " " << p;
      }
    }
  }
}

// Certified radii as they are: many zeros, then a spread.
TEST(MeanInterval, CoversInSimulation) {
  const std::uint64_t runs = 10'000;
  const double rho = 0.2;
  const double mean = 0.4 * 0.5;
  std::mt19937_64 random(31);
  std::uniform_real_distribution<double> unit(0, 1);
  std::uint64_t failed = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    std::vector<double> radii(100);
    for (double& radius : radii) radius = unit(random) < 0.6 ? 0 : unit(random);
    const Interval interval = mean_interval(radii, 0, 1, rho);
    failed += interval.low > mean || interval.high < mean;
  }
  EXPECT_GT(binomial_upper_tail(failed, runs, rho), false_alarm) << failed << " failures of " << runs;
}

// The same image a hundred times is one draw, not a hundred.
TEST(MeanInterval, WouldNotCoverValuesThatAreNotIndependent) {
  const std::vector<double> repeated(100, 1.0);  // with probability 1/2, and 0 otherwise: the mean is 1/2
  EXPECT_GT(mean_interval(repeated, 0, 1, 0.01).low, 0.5);
}

TEST(MeanInterval, IsOfUseAtTheSizeOfATestSet) {
  std::vector<double> radii(10'000);
  for (std::size_t i = 0; i < radii.size(); ++i) radii[i] = i % 3 == 0 ? 0 : 0.5;
  const Interval interval = mean_interval(radii, 0, 2, 0.001);
  EXPECT_LT(interval.high - interval.low, 0.04);
}

TEST(TestSet, RefusesWrongArguments) {
  for (const Bound& bound : {Bound(bernstein_bound), Bound(uniform_bound), Bound(inverted_bound), Bound(population_bound)}) {
    for (const double level : {0.0, 1.0, -0.1, not_a_number}) {
      EXPECT_THROW(bound({10, 5}, level, 0.1), InputError);
      EXPECT_THROW(bound({10, 5}, 0.1, level), InputError);
    }
    EXPECT_THROW(bound({0, 0}, 0.1, 0.1), InputError);
    EXPECT_THROW(bound({10, 11}, 0.1, 0.1), InputError);
    EXPECT_THROW(bound({most_trials + 1, 1}, 0.1, 0.1), InputError);
  }
  EXPECT_THROW(bernstein_bound({10, 5}, 0.51, 0.1), InputError);
  EXPECT_NO_THROW(uniform_bound({10, 5}, 0.51, 0.1));
  EXPECT_THROW(most_wrong(0, 0.1, 0.1), InputError);
  EXPECT_THROW(most_wrong(10, 1, 0.1), InputError);
  const std::vector<double> values{0.1, 0.2, 0.3};
  for (const double rho : {0.0, 1.0, not_a_number}) EXPECT_THROW(mean_interval(values, 0, 1, rho), InputError);
  EXPECT_THROW(mean_interval(std::span(values).first(1), 0, 1, 0.1), InputError);
  EXPECT_THROW(mean_interval(values, 0.15, 1, 0.1), InputError);
  EXPECT_THROW(mean_lower_bound(values, 0, 0.2, 0.1), InputError);
  EXPECT_THROW(mean_interval(values, 1, 0, 0.1), InputError);
  EXPECT_THROW(mean_interval(values, 0, infinite, 0.1), InputError);
  EXPECT_THROW(mean_lower_bound(std::vector<double>{0.1, not_a_number}, 0, 1, 0.1), InputError);
}

}  // namespace
}  // namespace ballast::stats::test_set_test
