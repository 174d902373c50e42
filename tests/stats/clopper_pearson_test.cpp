// SPDX-License-Identifier: Apache-2.0
//
// Confidence bounds: closed forms, soundness without tolerance, coverage by enumeration, tightness.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::clopper_pearson_test {
namespace {

struct Case {
  BinomialCount count;
  double alpha;
};

// Counts of all kinds: near both ends, in the middle, few and many trials; alpha from 1e-300 to nearly 1.
std::vector<Case> random_cases(int number, std::uint64_t largest) {
  std::mt19937_64 random(20190201);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<Case> cases;
  for (int i = 0; i < number; ++i) {
    const auto n = static_cast<std::uint64_t>(std::pow(static_cast<double>(largest), unit(random)));
    const auto near_end = static_cast<std::uint64_t>(std::pow(static_cast<double>(n), unit(random)));
    const std::uint64_t choices[] = {near_end, n - near_end, n, static_cast<std::uint64_t>(static_cast<double>(n) * unit(random))};
    const double alphas[] = {0.001, unit(random), std::pow(10.0, -10 * unit(random)), std::pow(10.0, -300 * unit(random))};
    const Case next{{choices[random() % 4], n}, alphas[random() % 4]};
    if (next.count.successes > 0 && next.alpha > 0) cases.push_back(next);
  }
  return cases;
}

// A test that holds over all random cases; the large ones cost most.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> result = random_cases(many(3000), 2000);
    for (const Case& large : random_cases(many(60), 200'000)) result.push_back(large);
    return result;
  }();
  return all;
}

std::string describe(const Case& c) {
  return "k=" + std::to_string(c.count.successes) + " n=" + std::to_string(c.count.trials) + " alpha=" + testing::PrintToString(c.alpha);
}

TEST(ClopperPearson, NeverExceedsTheTrueBound) {
  for (const Case& c : cases()) {
    const double bound = lower_confidence_bound(c.count, c.alpha);
    EXPECT_LE(exact_upper_tail(c.count.successes, c.count.trials, bound), Real(c.alpha)) << describe(c);
  }
}

TEST(ClopperPearson, IsTightToTwelveDigits) {
  for (const Case& c : cases()) {
    if (c.alpha > 0.999) continue;  // there the bound itself hangs on the last digits of alpha
    const double higher = std::min(1.0, lower_confidence_bound(c.count, c.alpha) * (1 + twelve_digits));
    EXPECT_GT(exact_upper_tail(c.count.successes, c.count.trials, higher), Real(c.alpha)) << describe(c);
  }
}

TEST(ClopperPearson, FailureBoundIsNeverBelowTheTrueOne) {
  for (const Case& c : cases()) {
    const Real q = upper_failure_bound(c.count, c.alpha);
    EXPECT_LE(exact_upper_tail(c.count.successes, c.count.trials, 1 - q, q), Real(c.alpha)) << describe(c);
  }
}

TEST(ClopperPearson, FailureBoundIsTightRelativeToItself) {
  for (const Case& c : cases()) {
    if (c.alpha > 0.999) continue;
    const Real q = Real(upper_failure_bound(c.count, c.alpha)) * (1 - Real(twelve_digits));
    EXPECT_GT(exact_upper_tail(c.count.successes, c.count.trials, 1 - q, q), Real(c.alpha)) << describe(c);
  }
}

TEST(ClopperPearson, UpperBoundIsTheFailureBoundOfTheOtherOutcome) {
  for (const Case& c : cases()) {
    const BinomialCount other{c.count.trials - c.count.successes, c.count.trials};
    EXPECT_EQ(upper_confidence_bound(other, c.alpha), upper_failure_bound(c.count, c.alpha)) << describe(c);
  }
}

// The bound fails exactly when k >= K, the least count whose bound is above p.
// Just below each bound that is as likely as it gets, so those p are tried too.
TEST(ClopperPearson, CoverageByEnumerationIsAtLeastOneMinusAlpha) {
  for (const std::uint64_t n : {1u, 2u, 5u, 10u, 37u, 100u}) {
    for (const double alpha : {0.5, 0.1, 0.001}) {
      std::vector<double> bounds;
      for (std::uint64_t k = 0; k <= n; ++k) bounds.push_back(lower_confidence_bound({k, n}, alpha));
      std::vector<double> grid;
      for (int i = 0; i <= 200; ++i) grid.push_back(i / 200.0);
      for (std::size_t k = 1; k <= n; ++k) grid.push_back(std::nextafter(bounds[k], 0.0));
      for (const double p : grid) {
        Real covered = 0;
        for (std::uint64_t k = 0; k <= n; ++k) {
          if (bounds[k] <= p) covered += exact_mass(k, n, Real(p), 1 - Real(p));
        }
        EXPECT_GE(covered, 1 - Real(alpha) - real_epsilon) << "n=" << n << " alpha=" << alpha << " p=" << p;
      }
    }
  }
}

// The same for the failure bound, as CERTIFY uses it: it fails when it is below 1 - p.
TEST(ClopperPearson, FailureBoundCoversByEnumeration) {
  for (const std::uint64_t n : {1u, 7u, 60u}) {
    for (const double alpha : {0.3, 0.01}) {
      for (int i = 0; i <= 300; ++i) {
        const double q = i / 300.0;
        Real covered = 0;
        for (std::uint64_t k = 0; k <= n; ++k) {
          if (upper_failure_bound({k, n}, alpha) >= q) covered += exact_mass(k, n, 1 - Real(q), Real(q));
        }
        EXPECT_GE(covered, 1 - Real(alpha) - real_epsilon) << "n=" << n << " alpha=" << alpha << " q=" << q;
      }
    }
  }
}

// What the two coverage tests would see if the bound were raised by 0.001.
TEST(ClopperPearson, RaisedByOneThousandthWouldNotCover) {
  const BinomialCount count{90, 100};
  const double raised = lower_confidence_bound(count, 0.001) + 0.001;
  EXPECT_GT(exact_upper_tail(count.successes, count.trials, std::nextafter(raised, 0.0)), Real(0.001));
}

TEST(ClopperPearson, GrowsWithSuccessesAndWithAlpha) {
  for (const std::uint64_t n : {1u, 10u, 101u}) {
    for (const double alpha : {1e-6, 0.001, 0.2}) {
      for (std::uint64_t k = 0; k < n; ++k) {
        EXPECT_LT(lower_confidence_bound({k, n}, alpha), lower_confidence_bound({k + 1, n}, alpha));
        EXPECT_GT(upper_failure_bound({k, n}, alpha), upper_failure_bound({k + 1, n}, alpha));
        EXPECT_LT(lower_confidence_bound({k + 1, n}, alpha), lower_confidence_bound({k + 1, n}, 2 * alpha));
      }
    }
  }
}

TEST(ClopperPearson, ShrinksWhenAFailureIsAdded) {
  for (std::uint64_t n = 10; n < 60; ++n) EXPECT_GT(lower_confidence_bound({10, n}, 0.001), lower_confidence_bound({10, n + 1}, 0.001));
}

TEST(ClopperPearson, MatchesClosedForms) {
  const double alpha = 0.001;
  EXPECT_EQ(lower_confidence_bound({0, 100}, alpha), 0);
  EXPECT_EQ(upper_confidence_bound({100, 100}, alpha), 1);
  EXPECT_EQ(upper_failure_bound({0, 100}, alpha), 1);
  for (const std::uint64_t n : {1u, 2u, 100u, 100'000u, 1'000'000'000u}) {
    const auto trials = static_cast<double>(n);
    const double all = std::exp(std::log(alpha) / trials);
    const double none = -std::expm1(std::log(alpha) / trials);
    const double one = -std::expm1(std::log1p(-alpha) / trials);  // k = 1: 1 - (1-p)^n = alpha
    EXPECT_NEAR(lower_confidence_bound({n, n}, alpha), all, twelve_digits * all);
    EXPECT_NEAR(upper_failure_bound({n, n}, alpha), none, twelve_digits * none);
    EXPECT_NEAR(upper_confidence_bound({0, n}, alpha), none, twelve_digits * none);
    EXPECT_NEAR(lower_confidence_bound({1, n}, alpha), one, twelve_digits * one);
  }
  EXPECT_NEAR(lower_confidence_bound({2, 3}, 0.5), 0.5, twelve_digits);  // 3p^2 - 2p^3 = 1/2
}

TEST(ClopperPearson, WorksAtTheEdgesOfItsRange) {
  const double smallest = 5e-324;
  EXPECT_NEAR(lower_confidence_bound({1, 1}, 1e-300), 1e-300, 1e-312);
  EXPECT_GE(lower_confidence_bound({1, most_trials}, smallest), 0);
  EXPECT_EQ(upper_failure_bound({1, 1}, smallest), 1);
  EXPECT_LT(upper_failure_bound({most_trials, most_trials}, 0.001), 7e-12);
  EXPECT_NEAR(lower_confidence_bound({500'000'000, 1'000'000'000}, 0.001), 0.499951138637196, 1e-12);
  EXPECT_LT(lower_confidence_bound({1, 100'000}, std::nextafter(1.0, 0.0)), 1);
}

TEST(ClopperPearson, RefusesWrongArguments) {
  const double nan = std::nan("");
  for (const double alpha : {0.0, 1.0, -0.1, 2.0, nan}) {
    EXPECT_THROW(lower_confidence_bound({1, 2}, alpha), InputError);
    EXPECT_THROW(upper_confidence_bound({1, 2}, alpha), InputError);
    EXPECT_THROW(upper_failure_bound({1, 2}, alpha), InputError);
  }
  for (const BinomialCount count : {BinomialCount{0, 0}, BinomialCount{3, 2}, BinomialCount{1, most_trials + 1}}) {
    EXPECT_THROW(lower_confidence_bound(count, 0.001), InputError);
    EXPECT_THROW(upper_confidence_bound(count, 0.001), InputError);
    EXPECT_THROW(upper_failure_bound(count, 0.001), InputError);
  }
}

TEST(ClopperPearson, SaysWhichArgumentIsWrong) {
  try {
    lower_confidence_bound({3, 2}, 0.001);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "successes is 3; it must be at most the number of trials, 2");
  }
}

}  // namespace
}  // namespace ballast::stats::clopper_pearson_test
