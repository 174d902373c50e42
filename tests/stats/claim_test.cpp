// SPDX-License-Identifier: Apache-2.0
//
// What votes prove: each bound against its formula, and how often a claim is false.

#include "ballast/stats/claim.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"
#include "ballast/stats/unsplit.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::claim_test {
namespace {

constexpr double table_digit = 0.0005;  // half a unit of a table's third decimal
constexpr Bound bounds[] = {Bound::cohen, Bound::pb, Bound::lecuyer, Bound::li};

ClaimSettings settings(Bound bound, double alpha = 0.001, double sigma = 1) {
  return {.alpha = alpha, .smoothing = {NoiseLaw::gaussian, sigma}, .bound = bound};
}

std::vector<Votes> some_votes() {
  return {{100, 100, 0}, {100, 90, 10}, {100, 90, 3}, {1000, 600, 100}, {1000, 999, 1}, {100'000, 51'000, 20'000}, {100'000, 99'000, 700}};
}

double doubt_of(const Votes& votes, double alpha) { return upper_failure_bound({votes.count, votes.samples}, alpha); }

TEST(Bound, HasANameThatComesBack) {
  for (const Bound bound : bounds) EXPECT_EQ(bound_from(to_string(bound)), bound);
  EXPECT_EQ(to_string(Bound::pb), "pb");
  EXPECT_FALSE(bound_from("pair"));
  EXPECT_FALSE(bound_from(""));
}

TEST(Claim, OfCohenIsTheRadiusOfTheFailureBoundInEveryLaw) {
  for (const NoiseLaw law : {NoiseLaw::gaussian, NoiseLaw::uniform, NoiseLaw::laplace}) {
    for (const Votes& votes : some_votes()) {
      for (const double alpha : {0.05, 0.001}) {
        const Smoothing smoothing{law, 0.25};
        const Claim made = claim({.alpha = alpha, .smoothing = smoothing}, votes);
        ASSERT_TRUE(made.radius) << votes.count << " of " << votes.samples;
        EXPECT_EQ(*made.radius, radius_below(smoothing, doubt_of(votes, alpha)));
        EXPECT_LE(Real(made.p_lower), 1 - Real(doubt_of(votes, alpha)));
        EXPECT_NEAR(made.p_lower, lower_confidence_bound({votes.count, votes.samples}, alpha), twelve_digits);
      }
    }
  }
}

TEST(Claim, WithoutASelectionOfItsOwnTakesTheBoundForTheWinner) {
  for (const Votes& votes : some_votes()) {
    ClaimSettings unsplit = settings(Bound::cohen);
    unsplit.independent_selection = false;
    const double doubt = unsplit_failure_bound(votes.count, votes.samples, 0.001);
    const Claim made = claim(unsplit, votes);
    ASSERT_EQ(made.radius.has_value(), doubt < 0.5);
    if (made.radius) EXPECT_EQ(*made.radius, radius_below(1, doubt));
  }
  ClaimSettings unsplit = settings(Bound::cohen);
  unsplit.independent_selection = false;
  EXPECT_FALSE(claim(unsplit, {100'000, 50'520, 49'480}).radius);  // below k0
  EXPECT_EQ(claim(unsplit, {100'000, 50'520, 49'480}).p_lower, 0);
  EXPECT_TRUE(claim(unsplit, {100'000, 50'600, 49'400}).radius);
}

TEST(Claim, OfLecuyerAndLiIsTheirRadiusAtTheSameProbabilities) {
  for (const Votes& votes : some_votes()) {
    const double doubt = doubt_of(votes, 0.001), p = 1 - doubt;
    const double cohen = claim(settings(Bound::cohen), votes).radius.value();
    const double li = claim(settings(Bound::li), votes).radius.value(), lecuyer = claim(settings(Bound::lecuyer), votes).radius.value();
    EXPECT_NEAR(li, li_radius(1, std::nextafter(p, 0.0), doubt), twelve_digits);
    EXPECT_NEAR(lecuyer, lecuyer_radius(1, std::nextafter(p, 0.0), doubt), twelve_digits);
    EXPECT_LE(li, cohen);
    EXPECT_LE(lecuyer, li);
  }
}

TEST(Claim, OfAPairSharesAlphaNineToOne) {
  for (const Votes& votes : some_votes()) {
    const double doubt = doubt_of(votes, 0.9 * 0.001);
    const double other = upper_confidence_bound({votes.runner_up, votes.samples}, 0.1 * 0.001);
    const double expected = other < doubt ? radius_from_pair(1, 1 - doubt, other) : radius_below(1, doubt);
    EXPECT_NEAR(claim(settings(Bound::pb), votes).radius.value(), expected, 1e-9) << votes.count << " of " << votes.samples;
  }
}

// The levels that are spent are not above alpha, in exact arithmetic: with the failure bound at either half an ulp more there
// would be another double for the claim.
TEST(Claim, OfAPairNeverSpendsMoreThanAlpha) {
  for (const double alpha : {0.001, 0.0007, 0.05, 1e-6, 0.3}) {
    const Votes unanimous{50, 50, 0};  // p_A decides alone: 1 - p_A is 1 - level^(1/50)
    const Claim made = claim(settings(Bound::pb, alpha), unanimous);
    const Real level = pow(Real(made.p_lower), 50);
    EXPECT_LE(level, Real(alpha) - Real(0.1 * alpha));
    EXPECT_NEAR(static_cast<double>(level / Real(alpha)), 0.9, 1e-9);
  }
}

TEST(Claim, OfAPairReachesAsFarAsTheMethodSays) {
  const auto radius = [](Bound bound, std::uint64_t count, std::uint64_t runner_up) {
    return claim(settings(bound), {100'000, count, runner_up}).radius.value();
  };
  EXPECT_NEAR(radius(Bound::pb, 90'000, 5'000), 1.442, table_digit);
  EXPECT_NEAR(radius(Bound::cohen, 90'000, 5'000), 1.265, table_digit);
  EXPECT_NEAR(radius(Bound::pb, 60'000, 20'000), 0.533, table_digit);
  EXPECT_NEAR(radius(Bound::cohen, 60'000, 20'000), 0.241, table_digit);
}

TEST(Claim, OfAPairCertifiesBelowOneHalf) {
  const Votes votes{100'000, 40'000, 20'000};
  EXPECT_FALSE(claim(settings(Bound::cohen), votes).radius);
  const Claim made = claim(settings(Bound::pb), votes);
  EXPECT_LT(made.p_lower, 0.4);
  const double exact = (normal_quantile(0.4) - normal_quantile(0.2)) / 2;
  ASSERT_TRUE(made.radius);
  EXPECT_LT(*made.radius, exact);
  EXPECT_GT(*made.radius, 0.95 * exact);
  EXPECT_FALSE(claim(settings(Bound::pb), {100'000, 40'000, 39'500}).radius);
  EXPECT_FALSE(claim(settings(Bound::pb), {100, 0, 100}).radius);
}

// What is known of the law drawn is known of the exact law to within its error, and nothing is rounded up on the way.
TEST(Claim, AllowsForTheErrorOfTheNoise) {
  for (const double error : {1e-13, 1e-9, 1e-4}) {
    for (const Votes& votes : some_votes()) {
      for (const Bound bound : bounds) {
        ClaimSettings shifted = settings(bound);
        shifted.noise_error = error;
        const Claim exact = claim(settings(bound), votes), made = claim(shifted, votes);
        EXPECT_LT(made.p_lower, exact.p_lower);
        EXPECT_NEAR(made.p_lower, exact.p_lower - error, twelve_digits);
        if (bound != Bound::pb) EXPECT_LE(Real(made.p_lower) + Real(doubt_of(votes, 0.001)) + Real(error), Real(1));
        EXPECT_LE(made.radius.value_or(0), exact.radius.value());
        if (error == 1e-4) EXPECT_LT(made.radius.value_or(0), exact.radius.value());
      }
    }
  }
  ClaimSettings shifted = settings(Bound::cohen);
  shifted.noise_error = 1e-4;
  EXPECT_EQ(claim(shifted, {1000, 900, 100}).radius, radius_below(1, std::nextafter(doubt_of({1000, 900, 100}, 0.001) + 1e-4, 1.0)));
  EXPECT_TRUE(claim(settings(Bound::cohen), {100'000, 50'490, 49'510}).radius);  // p_A is 0.500009
  EXPECT_FALSE(claim(shifted, {100'000, 50'490, 49'510}).radius);
}

// Both ends of a pair move: p_A down, p_B up.
TEST(Claim, OfAPairAllowsForTheErrorOfTheNoiseTwice) {
  const Votes votes{100'000, 60'000, 20'000};
  ClaimSettings shifted = settings(Bound::pb);
  shifted.noise_error = 0.01;
  const double p_a = 1 - doubt_of(votes, 0.0009) - 0.01, p_b = upper_confidence_bound({20'000, 100'000}, 0.0001) + 0.01;
  EXPECT_NEAR(claim(shifted, votes).radius.value(), radius_from_pair(1, p_a, p_b), 1e-9);
}

// One half is no majority, whatever the bound: nothing is claimed, and nothing thrown.
TEST(Claim, OfADoubtOfExactlyOneHalfAbstains) {
  for (const Bound bound : bounds) {
    ClaimSettings given = settings(bound);
    const Votes votes{1000, 600, 400};
    const double level = bound == Bound::pb ? std::nextafter(given.alpha - runner_up_level(given.alpha), 0.0) : given.alpha;
    const double last_below = std::nextafter(0.5, 0.0);
    given.noise_error = last_below - doubt_of(votes, level);  // exact; the sum is rounded up to the next number, which is one half
    const Claim made = claim(given, votes);
    EXPECT_EQ(made.p_lower, last_below) << to_string(bound);
    EXPECT_FALSE(made.radius) << to_string(bound);
  }
}

// Levine and Feizi 2021: lambda (p_A - p_B) with lambda = splits / 510, so the difference of the votes over 510; exact, but never rounded
// up.
TEST(ExactClaim, IsTheDifferenceOfTheVotesOver510) {
  for (const std::uint64_t splits : {2u, 60u, 257u}) {
    for (std::uint64_t count = 0; count <= splits; ++count) {
      for (std::uint64_t runner_up = 0; runner_up <= splits - count; ++runner_up) {
        const Claim made = exact_claim({splits, count, runner_up});
        ASSERT_LE(static_cast<long double>(made.p_lower) * static_cast<long double>(splits), static_cast<long double>(count));
        ASSERT_NEAR(made.p_lower, static_cast<double>(count) / static_cast<double>(splits), twelve_digits);
        ASSERT_EQ(made.radius.has_value(), count > runner_up) << count << " " << runner_up;  // a tie is no answer
        if (!made.radius) continue;
        const auto difference = static_cast<long double>(count - runner_up);
        ASSERT_LE(static_cast<long double>(*made.radius) * 510, difference);
        ASSERT_NEAR(*made.radius, static_cast<double>(difference) / 510, twelve_digits);
      }
    }
  }
}

TEST(Claim, GrowsWithTheVotesAndWithAlpha) {
  for (const Bound bound : bounds) {
    double before = -1;
    for (std::uint64_t count = 0; count <= 200; ++count) {
      const double radius = claim(settings(bound), {200, count, 0}).radius.value_or(-1);
      EXPECT_GE(radius, before) << to_string(bound) << " " << count;
      before = radius;
    }
    EXPECT_LT(claim(settings(bound, 0.001), {200, 190, 5}).radius.value(), claim(settings(bound, 0.01), {200, 190, 5}).radius.value());
    EXPECT_NEAR(claim(settings(bound, 0.001, 2), {200, 190, 5}).radius.value(),
                2 * claim(settings(bound, 0.001, 1), {200, 190, 5}).radius.value(), 1e-9);
  }
  double before = std::numeric_limits<double>::infinity();
  for (std::uint64_t runner_up = 0; runner_up <= 80; ++runner_up) {
    const double radius = claim(settings(Bound::pb), {200, 120, runner_up}).radius.value_or(-1);
    EXPECT_LE(radius, before) << runner_up;
    before = radius;
  }
}

TEST(LargestRadius, IsThatOfAUnanimousVote) {
  for (const Bound bound : bounds) {
    EXPECT_EQ(largest_radius(settings(bound), 1000), claim(settings(bound), {1000, 1000, 0}).radius.value());
    EXPECT_EQ(largest_radius(settings(bound), 1), 0);
  }
  EXPECT_NEAR(largest_radius(settings(Bound::cohen), 10'000), 3.1985775147383316, 1e-12);  // the reference table
  EXPECT_EQ(largest_radius(settings(Bound::cohen), 9), 0);                                 // 0.001^(1/9) < 1/2
  EXPECT_GT(largest_radius(settings(Bound::cohen), 10), 0);
}

TEST(Claim, RefusesWhatDoesNotGoTogether) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const Votes votes{100, 90, 5};
  for (const double alpha : {0.0, 1.0, -0.1, nan}) EXPECT_THROW(claim(settings(Bound::cohen, alpha), votes), InputError) << alpha;
  for (const double sigma : {0.0, -1.0, infinity, nan}) EXPECT_THROW(claim(settings(Bound::cohen, 0.1, sigma), votes), InputError) << sigma;
  for (const double error : {-1e-9, 0.5, nan}) {
    ClaimSettings wrong = settings(Bound::cohen);
    wrong.noise_error = error;
    EXPECT_THROW(check(wrong), InputError) << error;
    EXPECT_THROW(claim(wrong, votes), InputError) << error;
  }
  for (const Bound bound : {Bound::pb, Bound::lecuyer, Bound::li}) {
    ClaimSettings uniform = settings(bound);
    uniform.smoothing.law = NoiseLaw::uniform;
    EXPECT_THROW(claim(uniform, votes), InputError) << to_string(bound);
    ClaimSettings unsplit = settings(bound);
    unsplit.independent_selection = false;
    if (bound == Bound::pb) EXPECT_THROW(claim(unsplit, votes), InputError);
    else EXPECT_NO_THROW(claim(unsplit, votes)) << to_string(bound);
  }
}

TEST(Claim, RefusesCountsThatCannotBe) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const Bound bound : bounds) {
    for (const Votes& votes : {Votes{0, 0, 0}, {100, 101, 0}, {100, 60, 41}, {100, 90, most - 80}, {100, most, 2}, {most, most, 0}}) {
      EXPECT_THROW(claim(settings(bound), votes), InputError) << votes.samples << " " << votes.count << " " << votes.runner_up;
    }
  }
}

TEST(PredictionLevel, IsThePValueAndTheNoiseOfAllSamples) {
  EXPECT_EQ(prediction_level(90, 10, 100, 0), two_sided_p_value({90, 100}, 0.5));
  EXPECT_EQ(prediction_level(60, 10, 100, 0), two_sided_p_value({60, 70}, 0.5));
  const double level = prediction_level(60, 10, 100, 1e-9);
  EXPECT_GE(Real(level), Real(two_sided_p_value({60, 70}, 0.5)) + 100 * Real(1e-9));
  EXPECT_NEAR(level, two_sided_p_value({60, 70}, 0.5) + 1e-7, 1e-20);
}

// Exact: the law of three classes' votes, summed over all outcomes in which the claim about the first one is false.
long double false_claims(const ClaimSettings& settings, std::uint64_t n, double p_a, double p_b) {
  const double p_c = 1 - p_a - p_b, runner_up = std::max(p_b, p_c);
  const double truth = settings.smoothing.scale / 2 * (normal_quantile(p_a) - normal_quantile(runner_up));
  const auto log_power = [](double p, std::uint64_t k) {
    return k == 0 ? 0.0L : static_cast<long double>(k) * std::log(static_cast<long double>(p));
  };
  const auto log_factorial = [](std::uint64_t k) { return std::lgamma(static_cast<long double>(k) + 1); };
  long double sum = 0;
  for (std::uint64_t a = 0; a <= n; ++a) {
    for (std::uint64_t b = 0; a + b <= n; ++b) {
      const std::uint64_t c = n - a - b;
      const Claim made = claim(settings, {n, a, std::max(b, c)});
      if (!made.radius || (p_a > runner_up && *made.radius <= truth)) continue;
      sum += std::exp(log_factorial(n) - log_factorial(a) - log_factorial(b) - log_factorial(c) + log_power(p_a, a) + log_power(p_b, b) +
                      log_power(p_c, c));
    }
  }
  return sum;
}

TEST(Claim, IsFalseWithAtMostAlphaWhateverTheClassesProbabilities) {
  constexpr std::uint64_t n = 40;
  for (const double alpha : {0.1, 0.01}) {
    for (const Bound bound : {Bound::cohen, Bound::pb}) {
      for (const double p_a : {0.2, 0.34, 0.45, 0.5, 0.55, 0.7, 0.9, 0.97}) {
        for (const double share : {0.01, 0.25, 0.5}) {
          EXPECT_LE(false_claims(settings(bound, alpha), n, p_a, share * (1 - p_a)), alpha)
              << to_string(bound) << " alpha " << alpha << " p_A " << p_a << " p_B share " << share;
        }
      }
    }
  }
}

// Its worst case uses up most of alpha, so that a bound at four times alpha would be seen.
TEST(Claim, IsFalseWithNearlyAlphaJustBelowABound) {
  for (const double alpha : {0.1, 0.01}) {
    const double p_a = lower_confidence_bound({30, 40}, alpha) * (1 - 1e-12);
    const long double most = false_claims(settings(Bound::cohen, alpha), 40, p_a, 1 - p_a);
    EXPECT_LE(most, alpha);
    EXPECT_GT(most, 0.99 * alpha);
    EXPECT_GT(false_claims(settings(Bound::cohen, 4 * alpha), 40, p_a, 1 - p_a), alpha);
  }
}

// How many of run_count runs claim what is false: three classes, the first one tested.
std::uint64_t false_runs(const ClaimSettings& settings, std::uint64_t n, double p_a, double p_b) {
  std::mt19937_64 random(20190612);
  std::binomial_distribution<std::uint64_t> first(n, p_a);
  const double runner_up = std::max(p_b, 1 - p_a - p_b);
  const double truth = settings.smoothing.scale / 2 * (normal_quantile(p_a) - normal_quantile(runner_up));
  std::uint64_t wrong = 0;
  std::vector<std::vector<int>> known(n + 1, std::vector<int>(n + 1, -1));
  for (std::uint64_t run = 0; run < run_count; ++run) {
    const std::uint64_t a = first(random), b = std::binomial_distribution<std::uint64_t>(n - a, p_b / (1 - p_a))(random);
    const std::uint64_t other = std::max(b, n - a - b);
    int& is_false = known[a][other];
    if (is_false < 0) {
      const Claim made = claim(settings, {n, a, other});
      is_false = made.radius && (p_a <= runner_up || *made.radius > truth);
    }
    wrong += static_cast<std::uint64_t>(is_false);
  }
  return wrong;
}

TEST(ClaimSimulation, IsSeldomFalseAtTheLeastFavourableProbabilities) {
  constexpr double alpha = 0.01;
  const std::uint64_t allowed = most_wrong_runs(alpha);
  const double p_a = lower_confidence_bound({240, 300}, alpha) * (1 - 1e-12);
  const std::uint64_t wrong = false_runs(settings(Bound::cohen, alpha), 300, p_a, 1 - p_a);
  EXPECT_LE(wrong, allowed);
  EXPECT_GT(wrong, run_count * alpha / 2);                                                 // it is the worst case
  EXPECT_GT(false_runs(settings(Bound::cohen, 1.5 * alpha), 300, p_a, 1 - p_a), allowed);  // and this test can fail
  for (const auto& [a, b] : {std::pair{p_a, 1 - p_a - 0.001}, {0.5, 0.499}, {0.45, 0.45}, {0.4, 0.35}, {0.34, 0.33}, {0.6, 0.2}}) {
    EXPECT_LE(false_runs(settings(Bound::pb, alpha), 300, a, b), allowed) << a << " " << b;
  }
}

}  // namespace
}  // namespace ballast::stats::claim_test
