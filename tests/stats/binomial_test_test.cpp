// SPDX-License-Identifier: Apache-2.0
//
// The two-sided test, the tails and the least sample sizes against enumeration.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::binomial_test_test {
namespace {

// All outcomes no likelier than k, ties within a relative 1e-7.
Real enumerated_p_value(std::uint64_t k, std::uint64_t n, double p) {
  const Real limit = exact_mass(k, n, Real(p), 1 - Real(p)) * (1 + Real("1e-7"));
  Real sum = 0;
  for (std::uint64_t i = 0; i <= n; ++i) {
    const Real mass = exact_mass(i, n, Real(p), 1 - Real(p));
    if (mass <= limit) sum += mass;
  }
  return sum;
}

void expect_just_above(double value, const Real& exact, const std::string& what) {
  EXPECT_GE(Real(value), exact - real_epsilon) << what;
  EXPECT_LE(Real(value), exact * (1 + Real(twelve_digits))) << what;
}

TEST(TwoSidedPValue, IsTheSumOfAllOutcomesNoLikelier) {
  for (const double p : {0.0, 1e-10, 0.01, 0.1, 0.25, 0.3, 1.0 / 3, 0.4999, 0.5, 0.6, 0.75, 0.9, 0.999, 1.0}) {
    for (const std::uint64_t n : {1u, 2u, 3u, 4u, 7u, 12u, 30u}) {
      for (std::uint64_t k = 0; k <= n; ++k) {
        const std::string what = "k=" + std::to_string(k) + " n=" + std::to_string(n) + " p=" + std::to_string(p);
        expect_just_above(two_sided_p_value({k, n}, p), enumerated_p_value(k, n, p), what);
      }
    }
  }
}

TEST(TwoSidedPValue, AtOneHalfIsTwiceTheLargerTail) {
  for (const std::uint64_t n : {1u, 2u, 9u, 10u, 101u, 1000u}) {
    for (std::uint64_t k = 0; k <= n; ++k) {
      const Real twice = 2 * exact_upper_tail(std::max(k, n - k), n, 0.5);
      expect_just_above(two_sided_p_value({k, n}, 0.5), twice < 1 ? twice : Real(1), "k=" + std::to_string(k));
      EXPECT_LE(two_sided_p_value({k, n}, 0.5), 1);
      EXPECT_EQ(two_sided_p_value({k, n}, 0.5), two_sided_p_value({n - k, n}, 0.5));
    }
  }
}

TEST(TwoSidedPValue, IsExactForAUnanimousVote) {
  for (int n = 1; n <= 1075; ++n) {
    const auto trials = static_cast<std::uint64_t>(n);
    EXPECT_EQ(two_sided_p_value({trials, trials}, 0.5), std::ldexp(1.0, 1 - n));
    EXPECT_EQ(two_sided_p_value({0, trials}, 0.5), std::ldexp(1.0, 1 - n));
  }
  EXPECT_GT(two_sided_p_value({5000, 5000}, 0.5), 0);
}

// P(reject at level alpha) <= alpha when p is true.
TEST(TwoSidedPValue, RejectsATrueProportionAtMostAsOftenAsAllowed) {
  for (const double p : {0.1, 0.5, 0.77}) {
    for (const double alpha : {0.2, 0.01}) {
      Real rejected = 0;
      for (std::uint64_t k = 0; k <= 50; ++k) {
        if (two_sided_p_value({k, 50}, p) <= alpha) rejected += exact_mass(k, 50, Real(p), 1 - Real(p));
      }
      EXPECT_LE(rejected, Real(alpha)) << "p=" << p << " alpha=" << alpha;
    }
  }
}

TEST(BinomialTail, IsNeverBelowTheExactOneAndTight) {
  for (const double p : {0.0, 1e-300, 1e-9, 0.2, 0.5, 0.8, 1 - 1e-9, 1.0}) {
    for (const std::uint64_t n : {1u, 2u, 15u, 16u, 17u, 90u, 700u}) {
      for (std::uint64_t k = 0; k <= n + 1; k += 1 + n / 40) {
        const Real upper = exact_upper_tail(k, n, p);
        const Real lower = exact_lower_tail(k, n, p);
        const Real least = std::numeric_limits<double>::denorm_min();
        const std::string what = "k=" + std::to_string(k) + " n=" + std::to_string(n) + " p=" + std::to_string(p);
        EXPECT_GE(Real(binomial_upper_tail(k, n, p)), upper * (1 - real_epsilon)) << what;
        EXPECT_LE(Real(binomial_upper_tail(k, n, p)), upper * (1 + Real(twelve_digits)) + least) << what;
        EXPECT_GE(Real(binomial_lower_tail(k, n, p)), lower * (1 - real_epsilon)) << what;
        EXPECT_LE(Real(binomial_lower_tail(k, n, p)), lower * (1 + Real(twelve_digits)) + least) << what;
      }
    }
  }
}

TEST(BinomialTail, KnowsTheWholeAndTheEmptySet) {
  EXPECT_EQ(binomial_upper_tail(0, 5, 0.3), 1);
  EXPECT_EQ(binomial_upper_tail(6, 5, 0.3), 0);
  EXPECT_EQ(binomial_lower_tail(5, 5, 0.3), 1);
  EXPECT_EQ(binomial_lower_tail(9, 5, 0.3), 1);
  EXPECT_EQ(binomial_lower_tail(4, 5, 1.0), 0);
}

TEST(LeastSamples, AreTheLeastForWhichAUnanimousVoteSuffices) {
  for (const double alpha : {0.999, 0.75, 0.5, 0.3, 0.25, 0.1, 0.01, 0.001, 1.0 / 1024, 1e-6, 1e-30, 1e-300}) {
    const std::uint64_t certify = least_samples_to_certify(alpha);
    const std::uint64_t predict = least_samples_to_predict(alpha);
    const auto half_to = [](std::uint64_t n) { return std::ldexp(1.0, -static_cast<int>(n)); };
    EXPECT_LT(half_to(certify), alpha);
    EXPECT_GE(half_to(certify - 1), alpha);
    EXPECT_LE(two_sided_p_value({predict, predict}, 0.5), alpha);
    EXPECT_GT(half_to(predict - 2), alpha);
    EXPECT_GT(lower_confidence_bound({certify, certify}, alpha), 0.5);
    EXPECT_TRUE(certify == 1 || lower_confidence_bound({certify - 1, certify - 1}, alpha) <= 0.5);
  }
  EXPECT_EQ(least_samples_to_certify(0.001), 10u);
  EXPECT_EQ(least_samples_to_predict(0.001), 11u);
  EXPECT_EQ(least_samples_to_certify(0.5), 2u);
  EXPECT_EQ(least_samples_to_predict(0.5), 2u);
}

TEST(BinomialTest, RefusesWrongArguments) {
  for (const double p : {-0.1, 1.1, not_a_number}) {
    EXPECT_THROW(two_sided_p_value({1, 2}, p), InputError);
    EXPECT_THROW(binomial_upper_tail(1, 2, p), InputError);
    EXPECT_THROW(binomial_lower_tail(1, 2, p), InputError);
  }
  EXPECT_THROW(two_sided_p_value({0, 0}, 0.5), InputError);
  EXPECT_THROW(two_sided_p_value({3, 2}, 0.5), InputError);
  EXPECT_THROW(binomial_upper_tail(0, 0, 0.5), InputError);
  EXPECT_THROW(binomial_lower_tail(0, most_trials + 1, 0.5), InputError);
  for (const double alpha : {0.0, 1.0, -1.0, not_a_number}) {
    EXPECT_THROW(least_samples_to_certify(alpha), InputError);
    EXPECT_THROW(least_samples_to_predict(alpha), InputError);
  }
}

}  // namespace
}  // namespace ballast::stats::binomial_test_test
