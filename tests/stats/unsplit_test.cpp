// SPDX-License-Identifier: Apache-2.0
//
// One draw for selection and estimation: its definition, and how often it claims what is false.

#include "ballast/stats/unsplit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::unsplit_test {
namespace {

constexpr double alphas[] = {0.5, 0.3, 0.1, 0.0625, 0.01, 0.001};

// P_p(X >= k) + P_{1-p}(X >= k0) at p = 1 - q.
Real exact_sum(std::uint64_t k, std::uint64_t k0, std::uint64_t n, const Real& q) {
  return exact_upper_tail(k, n, 1 - q, q) + exact_upper_tail(k0, n, q, 1 - q);
}

std::vector<double> failure_bounds(std::uint64_t n, double alpha) {
  std::vector<double> bounds;
  for (std::uint64_t k = 0; k <= n; ++k) bounds.push_back(unsplit_failure_bound(k, n, alpha));
  return bounds;
}

// Votes of the classes, lowest index first on ties: whether the claim about the winner is false.
template <std::size_t Classes>
bool claims_falsely(const std::array<std::uint64_t, Classes>& votes, const std::array<Real, Classes>& p,
                    const std::vector<double>& bounds) {
  const auto winner = static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
  const double failure = bounds[votes[winner]];
  return failure < 0.5 && 1 - Real(failure) > p[winner];
}

TEST(UnsplitLeastCount, IsTheLeastThatTwoEqualClassesSeldomReach) {
  for (const double alpha : alphas) {
    for (const std::uint64_t n : {1u, 2u, 3u, 4u, 5u, 10u, 11u, 37u, 100u}) {
      const std::uint64_t k0 = unsplit_least_count(n, alpha);
      EXPECT_GT(2 * k0, n);
      EXPECT_LE(k0, n + 1);
      if (k0 <= n) EXPECT_LE(2 * exact_upper_tail(k0, n, 0.5), Real(alpha)) << n << " " << alpha;
      EXPECT_GT(2 * exact_upper_tail(k0 - 1, n, 0.5), Real(alpha)) << n << " " << alpha;
    }
  }
  EXPECT_EQ(unsplit_least_count(100'000, 0.001), 50'521u);
  EXPECT_EQ(unsplit_least_count(10, 0.001), 11u);  // not even a unanimous vote
  EXPECT_EQ(unsplit_least_count(11, 0.001), 11u);
}

// The infimum as it is written: no p from 1/2 up to L' has a sum above alpha.
TEST(UnsplitBound, IsNotAboveTheFirstPWhoseErrorsExceedAlpha) {
  for (const double alpha : alphas) {
    for (const std::uint64_t n : {5u, 12u, 31u, 60u}) {
      const std::uint64_t k0 = unsplit_least_count(n, alpha);
      for (std::uint64_t k = k0; k <= n; ++k) {
        const Real q = unsplit_failure_bound(k, n, alpha);
        ASSERT_LE(q, Real(0.5));
        for (int i = 0; i <= 100; ++i) {
          const Real between = Real(0.5) + (q - Real(0.5)) * i / 100;
          ASSERT_LE(exact_sum(k, k0, n, between), Real(alpha)) << "k=" << k << " n=" << n << " alpha=" << alpha << " step " << i;
        }
      }
    }
  }
}

TEST(UnsplitBound, IsTightToTwelveDigits) {
  for (const double alpha : alphas) {
    for (const std::uint64_t n : {5u, 12u, 31u, 60u, 1000u}) {
      const std::uint64_t k0 = unsplit_least_count(n, alpha);
      for (std::uint64_t k = k0; k <= n; k += 1 + n / 100) {
        const Real lower = Real(unsplit_failure_bound(k, n, alpha)) * (1 - Real(twelve_digits));
        EXPECT_GT(exact_sum(k, k0, n, lower), Real(alpha)) << "k=" << k << " n=" << n << " alpha=" << alpha;
      }
    }
  }
}

// Why one point decides: from 1/2 on the sum falls, then rises, and never falls again.
TEST(UnsplitBound, ErrorsFallThenRiseInP) {
  for (const std::uint64_t n : {11u, 30u}) {
    const std::uint64_t k0 = unsplit_least_count(n, 0.1);
    for (std::uint64_t k = k0; k <= n; ++k) {
      bool rises = false;
      Real last = exact_sum(k, k0, n, 0.5);
      for (int i = 1; i < 500; ++i) {
        const Real next = exact_sum(k, k0, n, Real(500 - i) / 1000);
        ASSERT_FALSE(rises && next < last) << "k=" << k << " step " << i;
        rises = rises || next > last;
        last = next;
      }
    }
  }
}

TEST(UnsplitBound, IsNeverBetterThanClopperPearson) {
  for (const double alpha : alphas) {
    for (const std::uint64_t n : {4u, 25u, 300u}) {
      for (std::uint64_t k = 1; k <= n; ++k) EXPECT_GE(unsplit_failure_bound(k, n, alpha), upper_failure_bound({k, n}, alpha));
    }
  }
}

TEST(UnsplitBound, ShrinksWithTheWinnersVotes) {
  for (const double alpha : alphas) {
    const auto bounds = failure_bounds(200, alpha);
    for (std::size_t k = 1; k < bounds.size(); ++k) EXPECT_LE(bounds[k], bounds[k - 1]) << k << " " << alpha;
  }
}

TEST(UnsplitBound, ClaimsNothingBelowTheLeastCountAndSomethingFromThereOn) {
  for (const double alpha : {0.3, 0.01, 0.001}) {
    for (const std::uint64_t n : {20u, 100u, 1000u}) {
      const std::uint64_t k0 = unsplit_least_count(n, alpha);
      EXPECT_EQ(unsplit_failure_bound(k0 - 1, n, alpha), 1);
      EXPECT_LT(unsplit_failure_bound(k0, n, alpha), 0.5);
    }
  }
}

// p = 0.52 and 100,000 votes: a class guessed from 100 votes of its own is often the wrong one.
TEST(UnsplitBound, CertifiesACloseVoteNearlyAsClopperPearsonWould) {
  const std::uint64_t n = 100'000;
  const double alpha = 0.001;
  const double bound = unsplit_failure_bound(52'000, n, alpha);
  const double alone = upper_failure_bound({52'000, n}, alpha);
  EXPECT_LT(bound, 0.5);
  EXPECT_NEAR(bound, alone, twelve_digits);
  const std::uint64_t k0 = unsplit_least_count(n, alpha);
  EXPECT_LT(unsplit_failure_bound(k0, n, alpha), 0.5);
  EXPECT_LT(binomial_lower_tail(k0 - 1, n, 0.52), 1e-12);  // abstains that seldom
}

// Two classes, by enumeration; just below each bound a claim is as likely to be false as it gets, so those p are tried too.
TEST(UnsplitCoverage, TwoClassesAreFalselyClaimedAtMostAsOftenAsAllowed) {
  for (const std::uint64_t n : {5u, 17u, 30u, 60u}) {
    for (const double alpha : alphas) {
      const auto bounds = failure_bounds(n, alpha);
      std::vector<Real> grid;
      for (int i = 0; i <= 100; ++i) grid.push_back(Real(i) / 100);
      for (const double failure : bounds) grid.push_back((1 - Real(failure)) * (1 - Real("1e-40")));
      for (const Real& p : grid) {
        Real wrong = 0;
        for (std::uint64_t k = 0; k <= n; ++k) {
          if (claims_falsely<2>({k, n - k}, {p, 1 - p}, bounds)) wrong += exact_mass(k, n, p, 1 - p);
        }
        ASSERT_LE(wrong, Real(alpha)) << "n=" << n << " alpha=" << alpha << " p=" << p;
      }
    }
  }
}

// All outcomes of n votes among three classes.
class ThreeClasses {
 public:
  ThreeClasses(std::uint64_t n, double alpha) : n_(n), bounds_(failure_bounds(n, alpha)), choices_(n + 1) {
    for (std::uint64_t k = 0; k <= n; ++k) {
      for (std::uint64_t i = 0; i <= k; ++i) choices_[k].push_back(exact_mass(i, k, 1, 1));
    }
  }

  Real falsely_claimed(const std::array<Real, 3>& p) const {
    std::array<std::vector<Real>, 3> power;
    for (std::size_t c = 0; c < 3; ++c) {
      power[c].push_back(1);
      for (std::uint64_t k = 0; k < n_; ++k) power[c].push_back(power[c].back() * p[c]);
    }
    Real wrong = 0;
    for (std::uint64_t a = 0; a <= n_; ++a) {
      for (std::uint64_t b = 0; a + b <= n_; ++b) {
        const std::uint64_t c = n_ - a - b;
        if (!claims_falsely<3>({a, b, c}, p, bounds_)) continue;
        wrong += choices_[n_][a] * choices_[n_ - a][b] * power[0][a] * power[1][b] * power[2][c];
      }
    }
    return wrong;
  }

  const std::vector<double>& bounds() const { return bounds_; }

 private:
  std::uint64_t n_;
  std::vector<double> bounds_;
  std::vector<std::vector<Real>> choices_;
};

TEST(UnsplitCoverage, ThreeClassesAreFalselyClaimedAtMostAsOftenAsAllowed) {
  for (const std::uint64_t n : {13u, 30u, 45u}) {
    for (const double alpha : {0.3, 0.0625, 0.001}) {
      const ThreeClasses classes(n, alpha);
      for (int i = 0; i <= 20; ++i) {
        for (int j = 0; i + j <= 20; ++j) {
          const std::array<Real, 3> p{Real(i) / 20, Real(j) / 20, Real(20 - i - j) / 20};
          ASSERT_LE(classes.falsely_claimed(p), Real(alpha)) << "n=" << n << " alpha=" << alpha << " p=" << i << "," << j;
        }
      }
      for (const double failure : classes.bounds()) {  // the rest in one class, and shared by two
        const Real top = (1 - Real(failure)) * (1 - Real("1e-40"));
        for (const int share : {0, 3, 5}) {
          const Real second = (1 - top) * share / 10;
          ASSERT_LE(classes.falsely_claimed({second, top, 1 - top - second}), Real(alpha)) << "n=" << n << " alpha=" << alpha;
        }
      }
    }
  }
}

// Clopper-Pearson of the winner, as if it had been fixed beforehand: at p = 1/2 either class may win.
TEST(UnsplitCoverage, ClopperPearsonOfTheWinnerWouldNotCover) {
  const std::uint64_t n = 60;
  const double alpha = 0.1;
  Real wrong = 0;
  for (std::uint64_t k = 0; k <= n; ++k) {
    if (lower_confidence_bound({std::max(k, n - k), n}, alpha) > 0.5) wrong += exact_mass(k, n, 0.5, 0.5);
  }
  EXPECT_GT(wrong, Real(1.3 * alpha));
}

// The least count that is exceeded with probability at most false_alarm.
std::uint64_t allowed_failures(std::uint64_t runs, double probability) {
  auto allowed = static_cast<std::uint64_t>(static_cast<double>(runs) * probability);
  while (binomial_upper_tail(allowed + 1, runs, probability) > false_alarm) ++allowed;
  return allowed;
}

TEST(UnsplitCoverage, HoldsInSimulationWhereItIsLeastFavourable) {
  const std::uint64_t n = 60;
  const std::uint64_t runs = 100'000;
  const double alpha = 0.01;
  const auto bounds = failure_bounds(n, alpha);
  for (const std::uint64_t k : {unsplit_least_count(n, alpha), std::uint64_t{50}}) {
    const double p = std::nextafter(1 - bounds[k], 0.0);
    std::mt19937_64 random(20210521 + k);
    std::binomial_distribution<std::uint64_t> votes(n, p);
    std::uint64_t wrong = 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
      const std::uint64_t first = votes(random);
      if (claims_falsely<2>({first, n - first}, {Real(p), 1 - Real(p)}, bounds)) ++wrong;
    }
    EXPECT_LE(wrong, allowed_failures(runs, alpha)) << k;
    EXPECT_GT(wrong, runs / 1000) << "p is not least favourable";
  }
}

TEST(Unsplit, WorksWithAsManyVotesAsAreAllowed) {
  EXPECT_LT(unsplit_failure_bound(most_trials, most_trials, 0.001), 7e-12);
  EXPECT_NEAR(static_cast<double>(unsplit_least_count(1'000'000'000, 0.001)), 500'052'027, 10);
}

TEST(Unsplit, RefusesWrongArguments) {
  for (const double alpha : {0.0, 1.0, -0.1, std::nan("")}) {
    EXPECT_THROW(unsplit_least_count(10, alpha), InputError);
    EXPECT_THROW(unsplit_failure_bound(5, 10, alpha), InputError);
  }
  EXPECT_THROW(unsplit_least_count(0, 0.1), InputError);
  EXPECT_THROW(unsplit_least_count(most_trials + 1, 0.1), InputError);
  EXPECT_THROW(unsplit_failure_bound(0, 0, 0.1), InputError);
  EXPECT_THROW(unsplit_failure_bound(11, 10, 0.1), InputError);
}

}  // namespace
}  // namespace ballast::stats::unsplit_test
