// SPDX-License-Identifier: Apache-2.0
//
// The sequential test: its boundaries recomputed sample by sample, what it costs, and that it is seldom wrong.

#include "ballast/stats/sequential.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::sequential_test {
namespace {

// How far `error` may lie above the exact probability, relative to alpha: what
// the windows cut off and the bound of the rounding.
constexpr double slack = 1e-8;

// Probabilities below this play no part at the upper end of a law.
constexpr double unseen = 1e-40;

struct Outcome {
  long double certifies = 0;
  long double expected_samples = 0;
};

// One sample after the other: P(F) after n samples from P(F) and P(F - 1) after n - 1.
template <typename Number>
Outcome sample_by_sample(const SequentialSchedule& schedule, Number failure) {
  const Number success = 1 - failure;
  std::vector<Number> law{Number(1)};  // of first, first + 1, ... failures, still running
  std::int64_t first = 0;
  Number certifies = 0;
  Number samples = 0;
  std::size_t j = 0;
  for (std::uint64_t n = 1; n <= schedule.looks.back() && !law.empty(); ++n) {
    law.push_back(Number(0));
    for (std::size_t i = law.size() - 1; i > 0; --i) law[i] = law[i] * success + law[i - 1] * failure;
    law[0] *= success;
    while (law.size() > 1 && law.back() < unseen) law.pop_back();
    if (n != schedule.looks[j]) continue;
    Number stopped = 0;
    while (!law.empty() && first + std::ssize(law) > schedule.give_up_at[j]) {
      stopped += law.back();
      law.pop_back();
    }
    while (!law.empty() && first <= schedule.certify_at[j]) {
      stopped += law.front();
      certifies += law.front();
      law.erase(law.begin());
      ++first;
    }
    samples += stopped * n;
    if (++j == schedule.looks.size()) {
      for (const Number& mass : law) samples += mass * n;
    }
  }
  return {static_cast<long double>(certifies), static_cast<long double>(samples)};
}

// The same schedule, but it never gives up.
SequentialSchedule patient(SequentialSchedule schedule) {
  for (std::size_t j = 0; j < schedule.looks.size(); ++j) schedule.give_up_at[j] = static_cast<std::int64_t>(schedule.looks[j]) + 1;
  return schedule;
}

std::string describe(const SequentialDesign& design) {
  return "1 - p* = " + testing::PrintToString(design.null_failure) + ", alpha = " + testing::PrintToString(design.alpha) +
         ", N = " + std::to_string(design.most) + ", step = " + std::to_string(design.step);
}

std::vector<SequentialDesign> small_designs() {
  std::vector<SequentialDesign> designs;
  for (const double alpha : {0.3, 1e-2, 1e-3, 1e-6}) {
    for (const double null_failure : {0.95, 0.7, 0.5, 0.3085, 0.1587, 0.1}) {
      for (const std::uint64_t most : {9u, 24u, 37u, 60u}) {
        if (std::pow(1 - null_failure, most) > 0.9 * alpha) continue;
        for (const std::uint64_t step : {1u, 5u, 16u}) designs.push_back({null_failure, alpha, most, step});
      }
    }
  }
  return designs;
}

// 1 - Phi(r) for r = 0, 1/2, 1, 2, 3.
const std::vector<double>& usual_nulls() {
  static const std::vector<double> nulls{0.5, 0.308537538725987, 0.158655253931457, 0.0227501319481792, 0.00134989803163009};
  return nulls;
}

std::vector<SequentialDesign> larger_designs() {
  std::vector<SequentialDesign> designs;
  for (const double null_failure : usual_nulls()) {
    if (null_failure > 0.01) designs.push_back({null_failure, 0.01, 1000, 7});
    if (null_failure > 0.01) designs.push_back({null_failure, 1e-6, 1000, 1});
    designs.push_back({null_failure, 0.001, 10'000, 1});
    if (null_failure > 0.01) designs.push_back({null_failure, 1e-9, 10'000, 64});
  }
  designs.push_back({1e-6, 0.01, 5'000'000, 1'000'000});
  designs.push_back({0.158655253931457, 0.001, 100'000, 1});
  return designs;
}

TEST(SequentialLooks, GrowByATenthInWholeSteps) {
  EXPECT_EQ(sequential_looks(30, 1), (std::vector<std::uint64_t>{8, 9, 10, 11, 13, 15, 17, 19, 21, 24, 27, 30}));
  EXPECT_EQ(sequential_looks(100, 32), (std::vector<std::uint64_t>{32, 64, 96, 100}));
  EXPECT_EQ(sequential_looks(8, 1), (std::vector<std::uint64_t>{8}));
  EXPECT_EQ(sequential_looks(50, 64), (std::vector<std::uint64_t>{50}));
  EXPECT_EQ(sequential_looks(1, 1), (std::vector<std::uint64_t>{1}));
}

TEST(SequentialLooks, AreNeverFurtherApartThanTheGrowthAndOneStep) {
  for (const std::uint64_t step : {1u, 3u, 256u}) {
    const std::vector<std::uint64_t> looks = sequential_looks(1'000'001, step);
    EXPECT_EQ(looks.back(), 1'000'001u);
    for (std::size_t j = 1; j < looks.size(); ++j) {
      EXPECT_GT(looks[j], looks[j - 1]);
      EXPECT_LT(10 * looks[j], 11 * looks[j - 1] + 10 * step);
      EXPECT_EQ(looks[j - 1] % step, 0u);
    }
  }
}

// 2^N sequences of votes, all equally likely at p* = 1/2.
TEST(SequentialTest, CrossesInAtMostAlphaOfAllSequencesOfVotes) {
  for (const SequentialDesign& design : {SequentialDesign{0.5, 0.05, 18, 1}, SequentialDesign{0.5, 0.003, 16, 3}}) {
    const auto schedule = sequential_schedule(design);
    std::uint64_t crossings = 0;
    for (std::uint64_t votes = 0; votes < std::uint64_t{1} << design.most; ++votes) {
      for (std::size_t j = 0; j < schedule->looks.size(); ++j) {
        const std::uint64_t seen = votes & ((std::uint64_t{1} << schedule->looks[j]) - 1);
        if (std::popcount(seen) > schedule->certify_at[j]) continue;
        ++crossings;
        break;
      }
    }
    const double share = std::ldexp(static_cast<double>(crossings), -static_cast<int>(design.most));
    EXPECT_LE(share, schedule->error);
    EXPECT_NEAR(share, schedule->error, slack * design.alpha);
  }
}

TEST(SequentialTest, IsWrongWithAtMostAlphaInHundredDigitArithmetic) {
  EXPECT_GT(small_designs().size(), 100u);
  for (const SequentialDesign& design : small_designs()) {
    const auto schedule = sequential_schedule(design);
    const long double exact = sample_by_sample(patient(*schedule), Real(design.null_failure)).certifies;
    EXPECT_LE(exact, schedule->error) << describe(design);
    EXPECT_LE(schedule->error, design.alpha) << describe(design);
    EXPECT_GE(exact, schedule->error - slack * design.alpha) << describe(design);
  }
}

TEST(SequentialTest, IsWrongWithAtMostAlphaRecomputedSampleBySample) {
  for (const SequentialDesign& design : larger_designs()) {
    const auto schedule = sequential_schedule(design);
    const long double plain = sample_by_sample<long double>(patient(*schedule), design.null_failure).certifies;
    EXPECT_LE(plain, schedule->error) << describe(design);
    EXPECT_LE(schedule->error, design.alpha) << describe(design);
    EXPECT_GE(plain, schedule->error - slack * design.alpha) << describe(design);
  }
}

TEST(SequentialTest, SpendsAtMostHalfOfAlphaBeforeTheLastLook) {
  std::vector<SequentialDesign> designs = small_designs();
  designs.push_back({0.158655253931457, 0.001, 1000, 1});
  for (const SequentialDesign& design : designs) {
    SequentialSchedule early = patient(*sequential_schedule(design));
    if (early.looks.size() == 1) continue;
    early.certify_at.back() = -1;
    EXPECT_LE(sample_by_sample<long double>(early, design.null_failure).certifies, design.alpha / 2) << describe(design);
  }
}

TEST(SequentialTest, LeavesNoRoomAtTheLastLook) {
  std::vector<SequentialDesign> designs = small_designs();
  designs.push_back({0.158655253931457, 0.001, 1000, 1});
  for (const SequentialDesign& design : designs) {
    SequentialSchedule more = patient(*sequential_schedule(design));
    ++more.certify_at.back();
    EXPECT_GT(sample_by_sample<long double>(more, design.null_failure).certifies, design.alpha) << describe(design);
  }
}

// What the computation drops may lie below the boundary, so it counts as crossing: at levels that are a part in 10^12 below the
// probability of at most k failures, k failures do not certify.
TEST(SequentialTest, CountsWhatItDropsAsCrossing) {
  constexpr double just_less = 1 - 1e-12;
  int tried = 0;
  for (const std::uint64_t samples : {200u, 1000u, 3000u}) {
    for (const double failure : {0.05, 0.2, 0.4}) {
      for (std::uint64_t k = 1; static_cast<double>(k) < failure * static_cast<double>(samples); ++k) {
        const double alpha = binomial_lower_tail(k, samples, failure) * just_less;
        if (alpha < 1e-6 || alpha > 0.2) continue;
        const auto schedule = sequential_schedule({failure, alpha, samples, samples, 0});
        EXPECT_EQ(schedule->certify_at, std::vector<std::int64_t>{static_cast<std::int64_t>(k) - 1})
            << samples << " " << failure << " " << k;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 100);
}

TEST(SequentialTest, IsClopperPearsonWhereThereIsOneLook) {
  for (const double null_failure : {0.9, 0.5, 0.2}) {
    const auto schedule = sequential_schedule({null_failure, 0.01, 40, 64});
    ASSERT_EQ(schedule->looks.size(), 1u);
    const auto most = static_cast<std::uint64_t>(schedule->certify_at[0]);
    EXPECT_LE(binomial_lower_tail(most, 40, null_failure), 0.01);
    EXPECT_GT(binomial_lower_tail(most + 1, 40, null_failure), 0.01);
  }
}

// ln of the truncated Jeffreys likelihood ratio.
long double log_ratio(std::uint64_t samples, std::int64_t failures, long double null_failure) {
  using boost::math::beta;
  const auto f = static_cast<long double>(failures);
  const long double k = static_cast<long double>(samples) - f;
  // The integral of p^(k - 1/2) (1 - p)^(f - 1/2) over p > p*, divided by that for no samples and by the likelihood at p*.
  return std::log(beta(f + 0.5L, k + 0.5L, null_failure)) - std::log(beta(0.5L, 0.5L, null_failure)) - k * std::log1p(-null_failure) -
         f * std::log(null_failure);
}

// One threshold separates, at every look but the last, the counts that certify
// from those that do not; below it the next count would spend too much.
TEST(SequentialTest, BoundaryIsTheLowestOfItsShape) {
  for (const double null_failure : {0.5, 0.3085, 0.1587, 0.0228}) {
    const SequentialDesign design{null_failure, 0.01, 1000, 1};
    SequentialSchedule early = patient(*sequential_schedule(design));
    early.certify_at.back() = -1;
    long double least_inside = 1e9;
    long double greatest_outside = -1e9;
    std::size_t next = 0;
    for (std::size_t j = 0; j + 1 < early.looks.size(); ++j) {
      if (early.certify_at[j] >= 0) least_inside = std::min(least_inside, log_ratio(early.looks[j], early.certify_at[j], null_failure));
      const long double outside = log_ratio(early.looks[j], early.certify_at[j] + 1, null_failure);
      if (outside <= greatest_outside) continue;
      greatest_outside = outside;
      next = j;
    }
    EXPECT_LT(greatest_outside, least_inside) << null_failure;
    ++early.certify_at[next];
    EXPECT_GT(sample_by_sample<long double>(early, null_failure).certifies, design.alpha / 2) << null_failure;
  }
}

TEST(SequentialTest, BoundariesRiseAndGivingUpLiesAboveCertifying) {
  std::vector<SequentialDesign> designs = larger_designs();
  for (const SequentialDesign& design : small_designs()) designs.push_back(design);
  for (const double futility : {0.9, 0.2, 1e-9}) designs.push_back({0.3, 0.2, 500, 1, futility});
  for (const SequentialDesign& design : designs) {
    const auto schedule = sequential_schedule(design);
    ASSERT_EQ(schedule->certify_at.size(), schedule->looks.size());
    ASSERT_EQ(schedule->give_up_at.size(), schedule->looks.size());
    EXPECT_GE(schedule->certify_at.front(), -1);
    EXPECT_GE(schedule->certify_at.back(), 0) << describe(design);
    for (std::size_t j = 0; j < schedule->looks.size(); ++j) {
      if (j > 0) EXPECT_GE(schedule->certify_at[j], schedule->certify_at[j - 1]) << describe(design);
      EXPECT_GT(schedule->give_up_at[j], schedule->certify_at[j]) << describe(design);
      EXPECT_LE(schedule->give_up_at[j], static_cast<std::int64_t>(schedule->looks[j]) + 1) << describe(design);
    }
  }
}

// The probability of failure at which fixed-n Clopper-Pearson certifies half the time.
double even_failure(const SequentialDesign& design) {
  std::uint64_t cutoff = 0;
  while (binomial_lower_tail(cutoff + 1, design.most, design.null_failure) <= design.alpha) ++cutoff;
  const auto c = static_cast<long double>(cutoff);
  return static_cast<double>(boost::math::ibeta_inv(c + 1, static_cast<long double>(design.most) - c, 0.5L));
}

TEST(SequentialTest, GivingUpCostsAtMostTheAllowedPower) {
  for (const double null_failure : {0.5, 0.1587, 0.0228}) {
    for (const double futility : {0.001, 0.01, 0.2}) {
      const SequentialDesign design{null_failure, 0.001, 2000, 1, futility};
      const auto schedule = sequential_schedule(design);
      const double failure = even_failure(design);
      const Outcome with = sample_by_sample<long double>(*schedule, failure);
      const Outcome without = sample_by_sample<long double>(patient(*schedule), failure);
      EXPECT_GE(with.certifies, without.certifies - futility) << describe(design);
      EXPECT_LT(with.certifies, without.certifies) << describe(design);
    }
  }
}

TEST(SequentialTest, GivingUpChangesNothingElse) {
  const SequentialDesign design{0.1587, 0.001, 2000};
  SequentialDesign never = design;
  never.futility = 0;
  const auto with = sequential_schedule(design);
  const auto without = sequential_schedule(never);
  EXPECT_EQ(with->looks, without->looks);
  EXPECT_EQ(with->certify_at, without->certify_at);
  EXPECT_EQ(with->error, without->error);
  EXPECT_NE(with->give_up_at, without->give_up_at);
  EXPECT_EQ(without->give_up_at, patient(*without).give_up_at);
  EXPECT_LT(operation(*with, 0.2).expected_samples, operation(*without, 0.2).expected_samples / 2);
}

TEST(SequentialTest, IsWrongLessOftenWhereTheProbabilityIsLower) {
  for (const double null_failure : {0.5, 0.1587}) {
    const auto schedule = sequential_schedule({null_failure, 0.001, 2000, 1, 0});
    double last = schedule->error;
    for (double failure = null_failure; failure <= 1; failure += 0.01) {
      const double now = operation(*schedule, failure).certifies;
      EXPECT_LE(now, last) << failure;
      last = now;
    }
  }
}

TEST(SequentialOperation, MatchesTheRecursionSampleBySample) {
  constexpr double ten_digits = 1e-10;
  for (const SequentialDesign& design : {SequentialDesign{0.1587, 0.001, 2000, 1}, SequentialDesign{0.5, 0.01, 700, 32, 0.1}}) {
    const auto schedule = sequential_schedule(design);
    for (const double failure : {0.0, 1e-4, 0.1, 0.14, 0.3, 0.5, 0.9, 1.0}) {
      const Outcome plain = sample_by_sample<long double>(*schedule, failure);
      const Operation quick = operation(*schedule, failure);
      EXPECT_NEAR(quick.certifies, static_cast<double>(plain.certifies), ten_digits) << failure;
      EXPECT_NEAR(quick.expected_samples, static_cast<double>(plain.expected_samples), ten_digits * static_cast<double>(design.most))
          << failure;
    }
  }
}

// A table: alpha = 0.001, N = 100,000, looks not rounded to batches.
TEST(SequentialOperation, NeedsAsFewSamplesAsPublished) {
  constexpr double published_to = 0.02;
  constexpr double success_rate[] = {0.5, 0.6, 0.8, 0.9, 0.99, 0.999, 1};
  struct Row {
    double null_failure;
    double samples[7];
  };
  for (const Row& row : {Row{0.308537538725987, {72, 287, 312, 67, 26, 24, 24}}, Row{0.158655253931457, {20, 36, 826, 634, 62, 52, 51}},
                         Row{0.0227501319481792, {9, 11, 23, 76, 1922, 437, 370}}}) {
    const auto schedule = sequential_schedule({.null_failure = row.null_failure});
    for (int i = 0; i < 7; ++i) {
      const double samples = operation(*schedule, 1 - success_rate[i]).expected_samples;
      EXPECT_NEAR(samples, row.samples[i], published_to * row.samples[i] + 0.5) << row.null_failure << " at p = " << success_rate[i];
    }
  }
}

// How many of 100,000 runs at this probability of failure certify.
std::uint64_t certified_runs(const SequentialSchedule& schedule, double failure) {
  std::mt19937_64 random(20190612);
  std::vector<std::binomial_distribution<std::int64_t>> steps;
  for (std::size_t j = 0; j < schedule.looks.size(); ++j) {
    steps.emplace_back(static_cast<std::int64_t>(schedule.looks[j] - (j == 0 ? 0 : schedule.looks[j - 1])), failure);
  }
  std::uint64_t certified = 0;
  for (int run = 0; run < 100'000; ++run) {
    std::int64_t failures = 0;
    for (std::size_t j = 0; j < steps.size(); ++j) {
      failures += steps[j](random);
      if (failures >= schedule.give_up_at[j]) break;
      if (failures > schedule.certify_at[j]) continue;
      ++certified;
      break;
    }
  }
  return certified;
}

TEST(SequentialSimulation, IsSeldomWrongAtTheLeastFavourableProbability) {
  for (const double alpha : {0.01, 0.001}) {
    for (const double null_failure : {0.5, 0.1587}) {
      const auto schedule = sequential_schedule({null_failure, alpha, 2000, 1, 0});
      const std::uint64_t wrong = certified_runs(*schedule, null_failure);
      EXPECT_LE(wrong, most_wrong_runs(alpha)) << alpha << " " << null_failure;
      EXPECT_GT(binomial_lower_tail(wrong, 100'000, schedule->error), false_alarm) << alpha << " " << null_failure;
    }
  }
}

// What these tests would see if each look used all of alpha: Clopper-Pearson on the counts so far.
TEST(SequentialSimulation, RepeatedClopperPearsonWouldBeWrongTooOften) {
  const SequentialDesign design{0.1587, 0.001, 2000, 1, 0};
  SequentialSchedule naive = *sequential_schedule(design);
  for (std::size_t j = 0; j < naive.looks.size(); ++j) {
    naive.certify_at[j] = -1;
    while (binomial_lower_tail(static_cast<std::uint64_t>(naive.certify_at[j] + 1), naive.looks[j], design.null_failure) <= design.alpha) {
      ++naive.certify_at[j];
    }
  }
  EXPECT_GT(sample_by_sample<long double>(naive, design.null_failure).certifies, 3 * design.alpha);
  EXPECT_GT(certified_runs(naive, design.null_failure), most_wrong_runs(design.alpha));
}

// And if there were one more failure too many at every look.
TEST(SequentialSimulation, BoundariesOneHigherWouldBeWrongTooOften) {
  const SequentialDesign design{0.1587, 0.001, 2000, 1, 0};
  SequentialSchedule raised = *sequential_schedule(design);
  for (std::int64_t& most : raised.certify_at) ++most;
  EXPECT_GT(sample_by_sample<long double>(raised, design.null_failure).certifies, design.alpha);
  EXPECT_GT(certified_runs(raised, design.null_failure), most_wrong_runs(design.alpha));
}

TEST(SequentialSchedules, AreKept) {
  const SequentialDesign design{0.31, 0.001, 3000};
  EXPECT_EQ(sequential_schedule(design), sequential_schedule(design));
  SequentialDesign other = design;
  other.step = 2;
  EXPECT_NE(sequential_schedule(design), sequential_schedule(other));
}

TEST(SequentialSchedules, AreTheSameForAllThreads) {
  std::vector<std::shared_ptr<const SequentialSchedule>> seen(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&seen, i] { seen[i] = sequential_schedule({i % 2 == 0 ? 0.27 : 0.28, 0.001, 4000}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 2; i < seen.size(); ++i) EXPECT_EQ(seen[i], seen[i - 2]);
  EXPECT_NE(seen[0], seen[1]);
}

std::string refusal(const SequentialDesign& design) {
  try {
    sequential_schedule(design);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SequentialSchedules, SayWhatIsWrong) {
  EXPECT_EQ(refusal({.null_failure = 0}), "null_failure is 0; it must lie strictly between 0 and 1");
  EXPECT_EQ(refusal({.null_failure = 1}), "null_failure is 1; it must lie strictly between 0 and 1");
  EXPECT_EQ(refusal({.null_failure = std::nan("")}), "null_failure is nan; it must lie strictly between 0 and 1");
  EXPECT_EQ(refusal({.alpha = 1}), "alpha is 1; it must be at least 1e-100 and below 1");
  EXPECT_EQ(refusal({.alpha = 1e-101}), "alpha is 1e-101; it must be at least 1e-100 and below 1");
  EXPECT_EQ(refusal({.most = 0}), "n is 0; it must be from 1 to 100000000");
  EXPECT_EQ(refusal({.most = 100'000'001}), "n is 100000001; it must be from 1 to 100000000");
  EXPECT_EQ(refusal({.step = 0}), "step is 0; it must be from 1 to 1000000000000");
  EXPECT_EQ(refusal({.futility = 1}), "futility is 1; it must be at least 0 and below 1");
  EXPECT_EQ(refusal({.futility = -0.1}), "futility is -0.1; it must be at least 0 and below 1");
  EXPECT_THROW(sequential_looks(0, 1), InputError);
  EXPECT_THROW(sequential_looks(100, 0), InputError);
  const auto schedule = sequential_schedule({0.5, 0.01, 10});
  for (const double failure : {-0.1, 1.1, std::nan("")}) EXPECT_THROW(operation(*schedule, failure), InputError);
}

TEST(SequentialSchedules, SayTheLeastNumberWithWhichAUnanimousVoteCertifies) {
  EXPECT_EQ(refusal({0.0228, 0.001, 299}), "n is 299; to reject a probability of failure of 0.0228 at alpha 0.001 it must be at least 300");
  EXPECT_EQ(refusal({0.0228, 0.001, 300}), "accepted");
  EXPECT_EQ(refusal({1e-6, 0.001, 100'000}),
            "n is 100000; to reject a probability of failure of 1e-06 at alpha 0.001 it must be at least 6907752");
  for (const double null_failure : {0.5, 0.3, 0.75}) {
    for (const double alpha : {0.25, 0.0625, 0.001}) {
      std::uint64_t most = 1;
      while (refusal({null_failure, alpha, most}) != "accepted") ++most;
      const std::string least = "at least " + std::to_string(most);
      if (most > 1) EXPECT_NE(refusal({null_failure, alpha, 1}).find(least), std::string::npos) << null_failure << " " << alpha;
      EXPECT_LE(std::pow(1 - null_failure, most), alpha);
    }
  }
}

}  // namespace
}  // namespace ballast::stats::sequential_test
