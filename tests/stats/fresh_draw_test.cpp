// SPDX-License-Identifier: Apache-2.0
//
// Claims held against fresh draws: known answers, exact tails, and simulated logs, honest and not.

#include "ballast/stats/fresh_draw.hpp"

#include <gtest/gtest.h>

#include <random>

#include "ballast/core/errors.hpp"
#include "ballast/stats/test_set.hpp"
#include "high_precision.hpp"

namespace ballast::stats::fresh_draw_test {
namespace {

using Random = std::mt19937_64;

// P(X >= k), from its definition.
Real exact_tail(std::uint64_t k, std::uint64_t n, std::uint64_t m, std::uint64_t successes) {
  const auto choose = [](std::uint64_t from, std::uint64_t of) -> Real {
    if (of > from) return 0;
    Real value = 1;
    for (std::uint64_t i = 1; i <= of; ++i) value = value * (from - of + i) / i;
    return value;
  };
  Real sum = 0;
  for (std::uint64_t x = k; x <= std::min(n, successes); ++x) {
    if (successes - x <= m) sum += choose(n, x) * choose(m, successes - x);
  }
  return sum / choose(n + m, successes);
}

TEST(Hypergeometric, IsNeverBelowTheExactTailNorFarAboveIt) {
  constexpr double closeness = 1e-9;
  for (const auto& [n, m] : {std::pair{1u, 1u}, {1u, 7u}, {7u, 1u}, {6u, 9u}, {30u, 20u}, {13u, 64u}}) {
    for (std::uint64_t successes = 0; successes <= n + m; ++successes) {
      for (std::uint64_t k = 0; k <= n + 1; ++k) {
        const Real exact = exact_tail(k, n, m, successes);
        const double tail = hypergeometric_upper_tail(k, n, m, successes);
        EXPECT_GE(Real(tail), exact) << n << " " << m << " " << successes << " " << k;
        const bool above_mean = k * (n + m) > n * successes;
        if (above_mean) EXPECT_LE(Real(tail), exact * (1 + closeness) + 1e-300) << n << " " << m << " " << successes << " " << k;
        EXPECT_LE(tail, 1);
      }
    }
  }
  EXPECT_EQ(hypergeometric_upper_tail(3, 2, 5, 4), 0);
  EXPECT_THROW(hypergeometric_upper_tail(1, 2, 2, 5), InputError);
  EXPECT_THROW(hypergeometric_upper_tail(1, 0, 2, 1), InputError);
}

TEST(Hypergeometric, IsExactForLargeCountsToo) {
  const double tail = hypergeometric_upper_tail(9300, 10'000, 2'000, 11'100);
  const Real exact = exact_tail(9300, 10'000, 2'000, 11'100);
  EXPECT_GE(Real(tail), exact);
  EXPECT_LE(Real(tail), exact * (1 + 1e-9));
}

TEST(FreshDraw, GivesTheKnownAnswers) {
  EXPECT_EQ(most_wrong(200, 0.001, fresh_draw_error), 5u);
  EXPECT_EQ(most_wrong(1000, 0.001, fresh_draw_error), 9u);
  const double level = fresh_draw_error / 200;
  const double needed = lower_confidence_bound({92'000, 100'000}, 0.001);
  EXPECT_NEAR(needed, 0.917315651686, 1e-12);
  EXPECT_NEAR(upper_confidence_bound({18'000, 20'000}, level), 0.911735117944, 1e-12);
  EXPECT_TRUE(refutes_claim({needed, {18'000, 20'000}, {}}, level, 0));
  EXPECT_FALSE(refutes_claim({needed, {18'000, 20'000}, {}}, level, 0.006));  // another arithmetic may be that far off
  const double unanimous = lower_confidence_bound({100'000, 100'000}, 0.001);
  EXPECT_NEAR(unanimous, 0.999930924833, 1e-12);
  EXPECT_NEAR(upper_confidence_bound({19'987, 20'000}, level), 0.999927793863, 1e-12);
  EXPECT_NEAR(upper_confidence_bound({19'988, 20'000}, level), 0.999941132596, 1e-12);
  EXPECT_TRUE(refutes_claim({unanimous, {19'987, 20'000}, {}}, level, 0));
  EXPECT_FALSE(refutes_claim({unanimous, {19'988, 20'000}, {}}, level, 0));
}

TEST(FreshDraw, VotesAreHeldAgainstItOnlyWhereTheyAreLogged) {
  const FreshDraw raised{0, {18'400, 20'000}, BinomialCount{94'000, 100'000}};
  EXPECT_TRUE(refutes_votes(raised, 5e-9, 0));
  EXPECT_FALSE(refutes_votes(raised, 5e-9, 0.02));
  EXPECT_FALSE(refutes_votes({0, {18'400, 20'000}, {}}, 5e-9, 0));
  EXPECT_FALSE(refutes_votes({0, {18'400, 20'000}, BinomialCount{92'000, 100'000}}, 5e-9, 0));
}

// A row as certify would have it: a claim where the bound is above one half.
std::vector<FreshDraw> row_of(double p, std::uint64_t n, std::uint64_t fresh, Random& random, double raised = 0) {
  const auto draw = [&](std::uint64_t trials) { return std::binomial_distribution<std::uint64_t>(trials, p)(random); };
  const std::uint64_t count = std::min(n, draw(n) + static_cast<std::uint64_t>(raised * static_cast<double>(n)));
  return {{lower_confidence_bound({count, n}, 0.001), {draw(fresh), fresh}, BinomialCount{count, n}}};
}

TEST(FreshDraw, FindsALogInWhichFiveRowsOfTwoHundredWereRaised) {
  Random random(8);
  for (int log = 0; log < 20; ++log) {
    std::vector<std::vector<FreshDraw>> rows;
    for (int i = 0; i < 200; ++i) {
      const double p = std::uniform_real_distribution(0.9, 0.97)(random);
      rows.push_back(row_of(p, 100'000, 20'000, random, i % 40 == 0 ? 0.02 : 0));
    }
    const FreshVerdict verdict = judge(rows, 0.001, 0);
    EXPECT_TRUE(verdict.is_finding());
    EXPECT_EQ(verdict.allowed, 5u);
    EXPECT_FALSE(verdict.other_votes.empty());
    for (const auto& place : verdict.other_votes) EXPECT_EQ(place.row % 40, 0u);
  }
}

// The declared probability of a false finding is 3e-6 a log; of 10,000 logs more than three of them have one with probability 1e-7.
TEST(FreshDraw, FindsNothingInHonestLogs) {
  Random random(9);
  int findings = 0;
  for (int log = 0; log < 10'000; ++log) {
    const std::uint64_t n = log % 3 == 0 ? 100 : log % 3 == 1 ? 1'000 : 100'000;
    std::vector<std::vector<FreshDraw>> rows;
    while (rows.size() < 8) {
      auto row = row_of(std::uniform_real_distribution(0.5, 1.0)(random), n, 2'000, random);
      if (row.front().needed > 0.5 || rows.size() % 2 == 0) rows.push_back(std::move(row));
    }
    findings += judge(rows, 0.001, 0).is_finding();
  }
  EXPECT_LE(findings, 3);
}

// What would refute a row that stands alone does not refute one of two hundred.
TEST(FreshDraw, RowsShareTheProbabilityOfAFalseFinding) {
  const auto fresh = [](std::uint64_t successes) { return FreshDraw{0.9, {successes, 1000}, {}}; };
  std::uint64_t most = 0;  // with which a row of two hundred is refuted
  while (refutes_claim(fresh(most + 1), fresh_draw_error / 200, 0)) ++most;
  ASSERT_TRUE(refutes_claim(fresh(most + 1), fresh_draw_error, 0));
  std::vector<std::vector<FreshDraw>> rows(200, {fresh(1000)});
  rows[7] = {fresh(most + 1)};
  EXPECT_TRUE(judge(rows, 0.001, 0).refuted.empty());
  rows[7] = {fresh(most)};
  EXPECT_EQ(judge(rows, 0.001, 0).refuted.size(), 1u);
}

TEST(FreshDraw, ClaimsOfOneRowShareItsLevelAndCountOnce) {
  const FreshDraw wrong{0.9, {100, 1000}, {}}, right{0.1, {900, 1000}, {}};
  const std::vector<std::vector<FreshDraw>> rows{{wrong, wrong}, {right, wrong}, {right, right}, {}};
  const FreshVerdict verdict = judge(rows, 0.001, 0);
  ASSERT_EQ(verdict.refuted.size(), 2u);
  EXPECT_EQ(verdict.refuted[1].row, 1u);
  EXPECT_EQ(verdict.refuted[1].claim, 1u);
  EXPECT_FALSE(judge(std::vector<std::vector<FreshDraw>>{}, 0.001, 0).is_finding());
}

}  // namespace
}  // namespace ballast::stats::fresh_draw_test
