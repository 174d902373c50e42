// SPDX-License-Identifier: Apache-2.0
//
// A bound at any time: known answers, its definition in a hundred digits, and the exact probability of ever being wrong.

#include "ballast/stats/anytime.hpp"

#include <gtest/gtest.h>

#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/anytime_test.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "high_precision.hpp"

namespace ballast::stats::anytime_test {
namespace {

// Nine digits, never below.
void expect_known(std::uint64_t draws, std::uint64_t failures, double expected) {
  const double bound = anytime_failure_bound(draws, failures, 0.001);
  EXPECT_NEAR(bound, expected, 1e-9 * expected) << draws << " " << failures;
}

TEST(Anytime, GivesTheKnownAnswers) {
  expect_known(100, 0, 7.750198114e-02);
  expect_known(100, 10, 2.637095981e-01);
  expect_known(1'000, 10, 2.875173735e-02);
  expect_known(10'000, 1'000, 1.141076336e-01);
  expect_known(100'000, 0, 8.072517739e-05);
  expect_known(100'000, 10'000, 1.045758587e-01);
  expect_known(100'000, 30'000, 3.071028928e-01);
  expect_known(100'000, 45'000, 4.577600766e-01);
  expect_known(100'000, 48'400, 4.918040138e-01);
}

TEST(Anytime, KnowsNothingBeforeADrawAndWhereAllFailed) {
  EXPECT_EQ(anytime_failure_bound(0, 0, 0.001), 1);
  EXPECT_EQ(anytime_failure_bound(7, 7, 0.001), 1);
  EXPECT_THROW(anytime_failure_bound(7, 8, 0.001), InputError);
  EXPECT_THROW(anytime_failure_bound(7, 3, 0), InputError);
  EXPECT_THROW(anytime_failure_bound(most_trials + 1, 3, 0.1), InputError);
}

// ln M_t(q) by its definition.
Real log_evidence(std::uint64_t draws, std::uint64_t failures, const Real& q) {
  using boost::math::beta;
  using boost::math::ibeta;
  const Real half("0.5"), f = Real(failures), k = Real(draws - failures);
  return log(beta(Real(f + half), Real(k + half), q)) - log(beta(half, half, q)) - k * log1p(-q) - f * log(q);
}

// At the bound the evidence is beyond 1 / alpha, as the definition has it in fifty digits and more; two parts in 10^12 below it is not.
TEST(Anytime, IsTheDefinitionsAndNeverBelow) {
  for (const double alpha : {0.1, 0.001, 1e-6}) {
    const Real limit = -log(Real(alpha));
    for (const std::uint64_t draws : {2u, 5u, 17u, 60u, 250u}) {
      for (std::uint64_t failures = 0; failures < draws; failures += 1 + draws / 7) {
        const double bound = anytime_failure_bound(draws, failures, alpha);
        if (bound == 1) continue;
        EXPECT_GE(log_evidence(draws, failures, Real(bound)), limit) << draws << " " << failures << " " << alpha;
        EXPECT_LT(log_evidence(draws, failures, Real(bound) * Real("0.999999999998")), limit) << draws << " " << failures << " " << alpha;
      }
    }
  }
}

TEST(Anytime, FallsWithDrawsAndRisesWithFailures) {
  for (const std::uint64_t draws : {10u, 100u, 1'000u, 1'000'000u}) {
    double before = 0;
    for (std::uint64_t failures = 0; failures < draws; failures += draws / 10) {
      const double bound = anytime_failure_bound(draws, failures, 0.001);
      EXPECT_GE(bound, before);
      EXPECT_GE(bound, upper_confidence_bound({failures, draws}, 0.001)) << draws << " " << failures;  // any time costs something
      before = bound;
    }
  }
}

// P_q(U_t < q for some t <= most), looked at after each draw, by dynamic programming over failures. The bound is below q exactly for few
// failures, the more the later.
double ever_wrong(double q, std::uint64_t most, double alpha) {
  std::vector<double> state{1};
  double wrong = 0;
  std::uint64_t first_safe = 0;  // fewer failures than this are wrong
  for (std::uint64_t t = 1; t <= most; ++t) {
    std::vector<double> next(t + 1);
    for (std::size_t f = 0; f < state.size(); ++f) {
      next[f] += state[f] * (1 - q);
      next[f + 1] += state[f] * q;
    }
    while (first_safe <= t && anytime_failure_bound(t, first_safe, alpha) < q) ++first_safe;
    for (std::uint64_t f = 0; f < first_safe; ++f) wrong += next[f], next[f] = 0;
    state = std::move(next);
  }
  return wrong;
}

TEST(Anytime, IsEverWrongWithTheKnownProbabilityBelowAlpha) {
  EXPECT_NEAR(ever_wrong(0.1, 500, 0.001), 6.906e-4, 5e-8);
  EXPECT_NEAR(ever_wrong(0.3, 500, 0.001), 7.479e-4, 5e-8);
  EXPECT_NEAR(ever_wrong(0.45, 500, 0.001), 6.823e-4, 5e-8);
  EXPECT_NEAR(ever_wrong(0.1, 2'000, 0.001), 8.268e-4, 5e-8);
  EXPECT_NEAR(ever_wrong(0.3, 2'000, 0.001), 8.210e-4, 5e-8);
  EXPECT_NEAR(ever_wrong(0.45, 2'000, 0.001), 7.392e-4, 5e-8);
}

// The worst stopping: as soon as the bound is below the truth. Of 100,000 runs of up to 2,000 draws at alpha = 0.01 the bound is ever wrong
// in more than 1,154 with probability 1e-6 at most.
TEST(Anytime, IsSeldomWrongUnderTheWorstStopping) {
  std::mt19937_64 random(12);
  constexpr double q = 0.2, alpha = 0.01;
  std::vector<std::uint64_t> first_safe(2'001);
  for (std::uint64_t t = 1; t <= 2'000; ++t) {
    std::uint64_t safe = first_safe[t - 1];
    while (safe <= t && anytime_failure_bound(t, safe, alpha) < q) ++safe;
    first_safe[t] = safe;
  }
  int wrong = 0;
  std::uniform_real_distribution<double> uniform;
  for (int run = 0; run < 100'000; ++run) {
    std::uint64_t failures = 0;
    for (std::uint64_t t = 1; t <= 2'000; ++t) {
      failures += uniform(random) < q;
      if (failures >= first_safe[t]) continue;
      ++wrong;
      break;
    }
  }
  EXPECT_LE(wrong, 1'154);
  EXPECT_GT(wrong, 500);  // and not far below what it may be
}

AnytimeDesign design(std::optional<double> gain = {}) { return {0.001, 100'000, 20, 0.01, gain, {NoiseLaw::gaussian, 0.25}, 0}; }

TEST(AnytimeTest, RefusesWhatItCannotBe) {
  const auto refused = [](auto change) {
    AnytimeDesign wrong = design();
    change(wrong);
    EXPECT_THROW(AnytimeTest{wrong}, InputError);
  };
  refused([](AnytimeDesign& d) { d.alpha = 0; });
  refused([](AnytimeDesign& d) { d.most = 0; });
  refused([](AnytimeDesign& d) { d.most = 8; });  // not even a unanimous vote
  refused([](AnytimeDesign& d) { d.step = 0; });
  refused([](AnytimeDesign& d) { d.futility = 1; });
  refused([](AnytimeDesign& d) { d.gain = 0; });
  refused([](AnytimeDesign& d) { d.gain = 1; });
  refused([](AnytimeDesign& d) { d.noise_error = 0.5; });
  refused([](AnytimeDesign& d) { d.noise_error = -1e-9; });
  EXPECT_THROW(anytime_claim(100, 0, 0.001, {NoiseLaw::gaussian, 0.25}, -1e-9), InputError);
  EXPECT_NO_THROW(AnytimeTest{design(0.05)});
  // Beyond what the boundaries of giving up are computed for.
  AnytimeDesign large = design();
  large.most = std::uint64_t{1} << 32;
  EXPECT_NO_THROW(AnytimeTest{large});
  large.alpha = 1e-300;
  EXPECT_NO_THROW(AnytimeTest{large});
}

// The noise's own error is added once, whatever was drawn.
TEST(AnytimeTest, ClaimsABoundWithTheNoisesError) {
  const double bound = anytime_failure_bound(1000, 10, 0.001), error = 1e-3;
  const Smoothing smoothing{NoiseLaw::gaussian, 0.25};
  EXPECT_EQ(anytime_claim(1000, 10, 0.001, smoothing, 0).radius, radius_below(smoothing, bound));
  const Claim claim = anytime_claim(1000, 10, 0.001, smoothing, error);
  EXPECT_LE(claim.p_lower, 1 - bound - error);
  EXPECT_NEAR(claim.p_lower, 1 - bound - error, 1e-15);
  EXPECT_NEAR(claim.radius.value(), radius_below(smoothing, bound + error), 1e-12);
  EXPECT_FALSE(anytime_claim(1000, 500, 0.001, smoothing, 0).radius);
  EXPECT_FALSE(anytime_claim(0, 0, 0.001, smoothing, 0).radius);
  EXPECT_EQ(anytime_claim(0, 0, 0.001, smoothing, 0).p_lower, 0);
}

// The draws that 95 % of the radius of 100,000 takes, as the mean over votes of a known probability.
TEST(AnytimeTest, StopsAfterAboutTheKnownNumberOfDraws) {
  const AnytimeTest test(design(0.05));
  std::mt19937_64 random(20261128);
  for (const auto& [failure, expected] : {std::pair{0.2, 14'200.0}, {0.1, 8'900.0}, {0.01, 9'900.0}, {0.001, 20'200.0}}) {
    constexpr int runs = 60;
    double drawn = 0;
    for (int i = 0; i < runs; ++i) {
      AnytimeTest::Walk walk(test);
      std::uint64_t last = 0, failures = 0;
      while (!walk.done()) {
        const std::uint64_t look = test.looks()[walk.next_look()];
        failures += std::binomial_distribution<std::uint64_t>(look - last, failure)(random);
        last = look;
        walk.look(failures);
      }
      drawn += static_cast<double>(last) / runs;
    }
    EXPECT_NEAR(drawn, expected, 0.2 * expected) << failure;
  }
}

}  // namespace
}  // namespace ballast::stats::anytime_test
