// SPDX-License-Identifier: Apache-2.0
//
// Proposition 1 of Cohen, Rosenfeld and Kolter 2019, by enumeration: how often PREDICT answers with a class that is not the likeliest.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ballast/stats/claim.hpp"

namespace ballast::stats::predict_theorem_test {
namespace {

using Three = std::array<double, 3>;

long double log_factorial(std::uint64_t k) { return std::lgamma(static_cast<long double>(k) + 1); }

long double log_power(double p, std::uint64_t k) {
  return k == 0 ? 0.0L : static_cast<long double>(k) * std::log(static_cast<long double>(p));
}

// The probability that n votes with these probabilities, of which the first is the greatest, lead to another answer. All p-values are
// multiplied by `factor`.
long double wrong_answers(std::uint64_t n, const Three& p, double alpha, double factor) {
  long double wrong = 0;
  for (std::uint64_t a = 0; a <= n; ++a) {
    for (std::uint64_t b = 0; a + b <= n; ++b) {
      std::array<std::uint64_t, 3> votes{a, b, n - a - b};
      if (std::max_element(votes.begin(), votes.end()) == votes.begin()) continue;
      long double log_mass = log_factorial(n);
      for (std::size_t c = 0; c < 3; ++c) log_mass += log_power(p[c], votes[c]) - log_factorial(votes[c]);
      std::sort(votes.begin(), votes.end());
      if (factor * prediction_level(votes[2], votes[1], n, 0) <= alpha) wrong += std::exp(log_mass);
    }
  }
  return wrong;
}

constexpr Three near_ties[] = {{0.5, 0.5, 0}, {0.45, 0.45, 0.1}, {0.4, 0.3, 0.3}, {1.0 / 3, 1.0 / 3, 1.0 / 3}, {0.51, 0.48, 0.01}};

TEST(PropositionOne, AWrongClassIsAnsweredAtMostAsOftenAsAllowed) {
  for (const std::uint64_t n : {20u, 60u}) {
    for (const double alpha : {0.3, 0.05, 0.01}) {
      for (const Three& p : near_ties) EXPECT_LE(wrong_answers(n, p, alpha, 1), alpha) << n << " " << alpha << " " << p[0];
    }
  }
}

// Of two classes that are alike either may win, but one of them is the answer: the two-sided test spends half of alpha there, so that a
// quarter of its p-value would be seen.
TEST(PropositionOne, AQuarterOfThePValueWouldBeWrongTooOften) {
  for (const double alpha : {0.3, 0.05, 0.01}) EXPECT_GT(wrong_answers(60, {0.5, 0.5, 0}, alpha, 0.25), alpha) << alpha;
}

}  // namespace
}  // namespace ballast::stats::predict_theorem_test
