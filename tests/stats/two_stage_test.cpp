// SPDX-License-Identifier: Apache-2.0
//
// The two-stage radius: how often it is too large, by enumeration; what it costs, and how much of the radius it keeps.

#include "ballast/stats/two_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../../src/stats/conditional_level.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::two_stage_test {
namespace {

constexpr Smoothing gaussian_law{NoiseLaw::gaussian, 0.25};
constexpr Smoothing uniform_law{NoiseLaw::uniform, 0.5};
constexpr Smoothing laplace_law{NoiseLaw::laplace, 2.0};

// Small enough to enumerate every pair of counts.
TwoStageDesign small_design() { return {.tolerance = 0.2, .alpha = 0.01, .most = 600, .pilot = 60, .smoothing = gaussian_law}; }

// The design as it comes; it takes a while.
const TwoStageTest& usual_test() {
  static const TwoStageTest test({.smoothing = gaussian_law});
  return test;
}

// P(Bin(n, q) = k).
double mass(std::uint64_t k, std::uint64_t n, double q) { return static_cast<double>(exact_mass(k, n, Real(q), 1 - Real(q))); }

// What a test answers to every pair of counts.
class Answers {
 public:
  explicit Answers(const TwoStageTest& test) : test_(test) {
    for (std::uint64_t first = 0; first <= test.pilot(); ++first) {
      const std::uint64_t second = test.total(first) - test.pilot();
      rejected_.emplace_back();
      for (std::uint64_t f = 0; f <= second; ++f) rejected_.back().push_back(test.rejected(first, f));
    }
  }

  std::size_t rejected(std::uint64_t first, std::uint64_t second) const { return rejected_[first][second]; }

  // How many counts after the pilot, from 0 on, reject null i and all before it. Requires fall().
  std::uint64_t rejecting(std::uint64_t first, std::size_t null) const {
    const auto& row = rejected_[first];
    return static_cast<std::uint64_t>(std::partition_point(row.begin(), row.end(), [&](std::size_t r) { return r > null; }) - row.begin());
  }

  // Whether more failures after the pilot never reject more.
  bool fall() const {
    return std::all_of(rejected_.begin(), rejected_.end(), [](const auto& row) { return std::is_sorted(row.rbegin(), row.rend()); });
  }

  // The exact probability of rejecting null i and all before it, at this probability of failure.
  double probability(std::size_t null, double failure) const {
    double sum = 0;
    for (std::uint64_t first = 0; first <= test_.pilot(); ++first) {
      const std::uint64_t rejecting = this->rejecting(first, null);
      const std::uint64_t samples = test_.total(first) - test_.pilot();
      if (rejecting == 0) continue;
      const double second = rejecting > samples ? 1 : binomial_lower_tail(rejecting - 1, samples, failure);
      sum += mass(first, test_.pilot(), failure) * second;
    }
    return sum;
  }

 private:
  const TwoStageTest& test_;
  std::vector<std::vector<std::size_t>> rejected_;
};

std::vector<TwoStageDesign> small_designs() {
  std::vector<TwoStageDesign> designs(5, small_design());
  designs[1].smoothing = uniform_law;
  designs[1].tolerance = 0.1;
  designs[2].alpha = 0.001;
  designs[2].step = 16;
  designs[3].noise_error = 0.01;
  designs[4].smoothing = laplace_law;
  designs[4].tolerance = 0.5;  // mostly the pilot alone
  return designs;
}

// Where the null of this radius holds with nothing to spare.
double least_failure(const TwoStageDesign& design, double radius) { return doubt_at_radius(design.smoothing, radius) - design.noise_error; }

TEST(TwoStageTest, CertifiesATooLargeRadiusWithAtMostAlphaByEnumeration) {
  for (const TwoStageDesign& design : small_designs()) {
    const TwoStageTest test(design);
    const Answers answers(test);
    ASSERT_TRUE(answers.fall());
    double greatest = 0;
    for (std::size_t i = 0; i < test.radii().size(); i += 3) {
      const double wrong = answers.probability(i, least_failure(design, test.radii()[i]));
      EXPECT_LE(wrong, design.alpha) << "radius " << test.radii()[i];
      greatest = std::max(greatest, wrong);
    }
    EXPECT_GT(greatest, 0.8 * design.alpha);  // the level is used
  }
}

TEST(TwoStageTest, IsWrongLessOftenWhereTheProbabilityIsLower) {
  const TwoStageDesign design = small_design();
  const TwoStageTest test(design);
  const Answers answers(test);
  for (const std::size_t i : {0u, 20u, 100u, 300u, 450u}) {
    double last = design.alpha;
    const double least = least_failure(design, test.radii()[i]);
    for (double failure = least; failure <= 1; failure += std::max(0.02, least / 10)) {
      const double wrong = answers.probability(i, failure);
      EXPECT_LE(wrong, last) << "radius " << test.radii()[i] << " at " << failure;
      last = wrong;
    }
  }
}

// The same for a design as it is used: with F1 failures in the pilot, the most after it that still reject null i.
double probability_by_bisection(const TwoStageTest& test, std::size_t null, double failure) {
  constexpr double unlikely_level = 1e-12;
  double sum = 0;
  for (std::uint64_t first = 0; first <= test.pilot(); ++first) {
    const double weight = mass(first, test.pilot(), failure);
    if (weight < unlikely_level) {
      sum += weight;
      continue;
    }
    const std::uint64_t second = test.total(first) - test.pilot();
    std::uint64_t rejecting = 0;  // so many counts reject: 0, ..., rejecting - 1
    std::uint64_t beyond = second + 1;
    while (rejecting < beyond) {
      const std::uint64_t middle = rejecting + (beyond - rejecting) / 2;
      const bool rejects = test.rejected(first, middle) > null;
      (rejects ? rejecting : beyond) = rejects ? middle + 1 : middle;
    }
    if (rejecting > 0) sum += weight * (second == 0 ? 1 : binomial_lower_tail(rejecting - 1, second, failure));
  }
  return sum;
}

TEST(TwoStageTest, CertifiesATooLargeRadiusWithAtMostAlphaAsItIsUsed) {
  for (const double tolerance : {0.05, 0.3}) {
    const TwoStageDesign design{.tolerance = tolerance, .most = 10'000, .step = 50, .smoothing = gaussian_law};
    const TwoStageTest test(design);
    for (const std::size_t i : {0u, 10u, 100u, 250u, 500u, 700u}) {
      EXPECT_LE(probability_by_bisection(test, i, least_failure(design, test.radii()[i])), design.alpha) << "radius " << test.radii()[i];
    }
  }
}

// With many samples hardly anything is lost to whole numbers.
TEST(TwoStageTest, SpendsNearlyAllOfAlpha) {
  for (const std::size_t i : {0u, 5u, 20u}) {
    const double wrong = probability_by_bisection(usual_test(), i, doubt_at_radius(gaussian_law, usual_test().radii()[i]));
    EXPECT_LE(wrong, 0.001);
    EXPECT_GT(wrong, 0.98 * 0.001);
  }
}

TwoStageSizes sizes_of(const TwoStageTest& test) {
  TwoStageSizes sizes{.pilot = test.pilot()};
  for (std::uint64_t f = 0; f <= test.pilot(); ++f) sizes.total.push_back(test.total(f));
  return sizes;
}

// The mean of what is left for the second stage, in hundred-digit arithmetic.
Real mean_level(const TwoStageSizes& sizes, const ConditionalLevel& level, double failure) {
  Real sum = 0;
  for (std::uint64_t f = 0; f <= sizes.pilot; ++f) {
    sum += exact_mass(f, sizes.pilot, Real(failure), 1 - Real(failure)) * Real(level.after(f));
  }
  return sum;
}

const std::vector<double>& nulls() {
  static const std::vector<double> failures{0.5, 0.45, 0.3, 0.1, 0.03, 0.01, 0.003, 1e-4};
  return failures;
}

std::vector<TwoStageSizes> all_sizes() {
  std::vector<TwoStageSizes> sizes{sizes_of(usual_test())};
  for (const TwoStageDesign& design : small_designs()) sizes.push_back(sizes_of(TwoStageTest(design)));
  return sizes;
}

TEST(ConditionalLevel, MeanIsAtMostAlphaAtTheNull) {
  for (const TwoStageSizes& sizes : all_sizes()) {
    for (const double alpha : {0.1, 0.001, 1e-6}) {
      for (const double failure : nulls()) {
        const ConditionalLevel level = conditional_level(sizes, failure, alpha, alpha);
        EXPECT_LE(mean_level(sizes, level, failure), Real(alpha)) << failure;
      }
    }
  }
}

TEST(ConditionalLevel, MeanIsNearlyAlphaWhereCountsAreMany) {
  const TwoStageSizes sizes = sizes_of(usual_test());
  for (const double failure : {0.5, 0.45, 0.3, 0.1}) {
    const ConditionalLevel level = conditional_level(sizes, failure, 0.001, 0.001);
    EXPECT_GT(mean_level(sizes, level, failure), Real(0.98 * 0.001)) << failure;
  }
}

TEST(ConditionalLevel, NeverIncreasesSoThatTheMeanFallsBeyondTheNull) {
  for (const TwoStageSizes& sizes : all_sizes()) {
    for (const double failure : nulls()) {
      const ConditionalLevel level = conditional_level(sizes, failure, 0.001, 0.001);
      for (std::uint64_t f = 0; f < sizes.pilot; ++f) EXPECT_GE(level.after(f), level.after(f + 1)) << failure << " after " << f;
      Real last(0.001);
      for (const double further : {1.001, 1.1, 1.5, 2.0}) {
        const Real mean = mean_level(sizes, level, std::min(1.0, failure * further));
        EXPECT_LE(mean, last) << failure << " times " << further;
        last = mean;
      }
    }
  }
}

TEST(ConditionalLevel, HardlyDependsOnTheGuess) {
  const TwoStageSizes sizes = sizes_of(usual_test());
  for (const double guess : {1e-9, 1e-3, 0.9})
    EXPECT_NEAR(conditional_level(sizes, 0.2, 0.001, guess).pooled_alpha, 0.001, 0.0002) << guess;
}

// Pooling both stages as if the size had been fixed: what conditional error prevents.
TEST(TwoStageTest, PoolingTheStagesWouldBeWrongTooOften) {
  const TwoStageDesign design = small_design();
  const TwoStageTest test(design);
  double greatest = 0;
  for (double failure = 0.01; failure < 0.5; failure += 0.005) {
    double wrong = 0;
    for (std::uint64_t first = 0; first <= test.pilot(); ++first) {
      const std::uint64_t total = test.total(first);
      std::uint64_t rejecting = 0;
      while (binomial_lower_tail(rejecting, total, failure) <= design.alpha) ++rejecting;
      if (rejecting <= first) continue;
      const double second = total == test.pilot() ? 1 : binomial_lower_tail(rejecting - 1 - first, total - test.pilot(), failure);
      wrong += mass(first, test.pilot(), failure) * second;
    }
    greatest = std::max(greatest, wrong);
  }
  EXPECT_GT(greatest, 1.05 * design.alpha);
}

std::uint64_t failures_of(std::uint64_t samples, double failure, std::mt19937_64& random) {
  return samples == 0 ? 0 : std::binomial_distribution<std::uint64_t>(samples, failure)(random);
}

// How many of 100,000 runs certify a radius that just does not hold.
std::uint64_t wrong_runs(const TwoStageTest& test, const Answers& answers, std::size_t null, double failure) {
  std::mt19937_64 random(20190612);
  std::uint64_t wrong = 0;
  for (int run = 0; run < 100'000; ++run) {
    const std::uint64_t first = failures_of(test.pilot(), failure, random);
    const std::uint64_t second = failures_of(test.total(first) - test.pilot(), failure, random);
    if (answers.rejected(first, second) > null) ++wrong;
  }
  return wrong;
}

TEST(TwoStageSimulation, IsSeldomWrongAtTheLeastFavourableProbability) {
  const TwoStageDesign design = small_design();
  const TwoStageTest test(design);
  const Answers answers(test);
  for (const std::size_t i : {0u, 60u, 200u, 400u}) {
    const double failure = least_failure(design, test.radii()[i]);
    const std::uint64_t wrong = wrong_runs(test, answers, i, failure);
    EXPECT_GT(binomial_upper_tail(wrong, 100'000, design.alpha), false_alarm) << "radius " << test.radii()[i];
    EXPECT_GT(binomial_lower_tail(wrong, 100'000, answers.probability(i, failure)), false_alarm) << "radius " << test.radii()[i];
  }
}

// A radius further along the grid than was tested would be seen.
TEST(TwoStageSimulation, TenRadiiMoreWouldBeWrongTooOften) {
  const TwoStageDesign design = small_design();
  const TwoStageTest test(design);
  const Answers answers(test);
  const std::uint64_t wrong = wrong_runs(test, answers, 50, least_failure(design, test.radii()[60]));
  EXPECT_LT(binomial_upper_tail(wrong, 100'000, design.alpha), false_alarm);
}

// Tolerance 5 %, alpha = 0.001, N = 100,000.
TEST(TwoStageTest, NeedsAsFewSamplesAsPublished) {
  constexpr double published_to = 0.02;
  const TwoStageTest& test = usual_test();
  struct Row {
    double success, samples;
  };
  for (const Row& row : {Row{0.8, 6500}, Row{0.9, 4400}, Row{0.99, 8100}}) {
    double samples = 0;
    for (std::uint64_t f = 0; f <= test.pilot(); ++f)
      samples += mass(f, test.pilot(), 1 - row.success) * static_cast<double>(test.total(f));
    EXPECT_NEAR(samples, row.samples, published_to * row.samples) << row.success;
  }
}

// The mean radius of some runs, over that of `most` samples without chance.
double mean_fraction(const TwoStageDesign& design, const TwoStageTest& test, double success) {
  constexpr int run_count = 400;
  std::mt19937_64 random(1);
  double sum = 0;
  for (int run = 0; run < run_count; ++run) {
    const std::uint64_t first = failures_of(test.pilot(), 1 - success, random);
    const std::uint64_t second = failures_of(test.total(first) - test.pilot(), 1 - success, random);
    const std::size_t count = test.rejected(first, second);
    if (count > 0) sum += test.radii()[count - 1];
  }
  const auto successes = static_cast<std::uint64_t>(std::llround(success * static_cast<double>(design.most)));
  return sum / run_count / radius_below(design.smoothing, upper_failure_bound({successes, design.most}, design.alpha));
}

TEST(TwoStageTest, KeepsTheWantedPartOfTheRadius) {
  constexpr double simulated_to = 0.01;
  const TwoStageDesign design{.smoothing = gaussian_law};
  for (const double success : {0.8, 0.9, 0.99}) EXPECT_NEAR(mean_fraction(design, usual_test(), success), 0.95, simulated_to) << success;
}

// Also where a pilot without failures asks for far more samples than others, which ask for none.
TEST(TwoStageTest, KeepsTheWantedPartWhateverToleranceAndPilot) {
  constexpr double simulated_to = 0.03;
  for (const auto& [tolerance, pilot] : {std::pair{0.3, 300u}, std::pair{0.2, 1000u}}) {
    const TwoStageDesign design{.tolerance = tolerance, .pilot = pilot, .smoothing = gaussian_law};
    const TwoStageTest test(design);
    for (const double success : {0.8, 0.9, 0.99}) {
      EXPECT_GT(mean_fraction(design, test, success), 1 - tolerance - simulated_to) << tolerance << " " << pilot << " " << success;
    }
  }
}

TEST(TwoStageTest, GridStartsAtZeroAndReachesTheLargestRadius) {
  for (const Smoothing& smoothing : {gaussian_law, uniform_law, laplace_law}) {
    const TwoStageDesign design{.most = 5000, .smoothing = smoothing};
    const TwoStageTest test(design);
    const std::vector<double>& radii = test.radii();
    const double largest = radius_below(smoothing, upper_failure_bound({5000, 5000}, design.alpha));
    EXPECT_EQ(radii.front(), 0);
    EXPECT_TRUE(std::is_sorted(radii.begin(), radii.end()));
    EXPECT_EQ(std::adjacent_find(radii.begin(), radii.end()), radii.end());
    EXPECT_LE(radii.back(), largest * (1 + 1e-9));
    EXPECT_GT(radii.back() + (radii[1] - radii[0]), largest);
    if (smoothing.law == NoiseLaw::gaussian) EXPECT_DOUBLE_EQ(radii[1], 0.004 * smoothing.scale);
    else EXPECT_NEAR(static_cast<double>(radii.size()), 1000, 2);
  }
}

TEST(TwoStageTest, GridEndsWhereTheLawsErrorLeavesNothing) {
  TwoStageDesign design{.most = 5000, .smoothing = gaussian_law, .noise_error = 0.01};
  const TwoStageTest test(design);
  EXPECT_GT(doubt_at_radius(gaussian_law, test.radii().back()), 0.01);
  EXPECT_LT(doubt_at_radius(gaussian_law, test.radii().back() + 0.004 * gaussian_law.scale), 0.0101);
}

TEST(TwoStageTest, SizesAreWholeSteps) {
  const TwoStageTest test({.step = 64, .smoothing = gaussian_law});
  EXPECT_EQ(test.pilot(), 320u);
  for (std::uint64_t f = 0; f <= test.pilot(); ++f) {
    EXPECT_TRUE(test.total(f) % 64 == 0 || test.total(f) == 100'000) << f;
    EXPECT_GE(test.total(f), test.pilot());
  }
}

// Hopeless pilots end the test; those near one half go on to the end.
TEST(TwoStageTest, SizesFollowWhatThePilotPromises) {
  const TwoStageTest& test = usual_test();
  EXPECT_EQ(test.pilot(), 300u);
  EXPECT_EQ(test.total(150), 100'000u);
  EXPECT_EQ(test.total(152), 300u);
  EXPECT_EQ(test.total(300), 300u);
  EXPECT_EQ(test.rejected(300, 0), 0u);
  for (std::uint64_t f = 60; f < 150; ++f) EXPECT_LE(test.total(f), test.total(f + 1));
}

// The size is the least of its kind whose radius is near enough at the pilot's share of failures.
TEST(TwoStageTest, SizesAreTheLeastThatMeetTheTolerance) {
  const TwoStageDesign design{.step = 100, .smoothing = gaussian_law};
  const TwoStageTest test(design);
  const auto radius_at = [&](std::uint64_t samples) {
    return radius_below(gaussian_law, upper_failure_bound({samples * 9 / 10, samples}, design.alpha));
  };
  const std::uint64_t total = test.total(30);
  EXPECT_GE(radius_at(total), 0.95 * radius_at(100'000));
  EXPECT_LT(radius_at(total / 104 * 100), 0.95 * radius_at(100'000));
}

TEST(TwoStageTest, AUnanimousVoteComesNearTheLargestRadius) {
  for (const Smoothing& smoothing : {gaussian_law, uniform_law, laplace_law}) {
    const TwoStageDesign design{.most = 10'000, .smoothing = smoothing};
    const TwoStageTest test(design);
    const std::size_t rejected = test.rejected(0, 0);
    const double largest = radius_below(smoothing, upper_failure_bound({10'000, 10'000}, design.alpha));
    ASSERT_GT(rejected, 0u);
    EXPECT_GE(test.radii()[rejected - 1], 0.9 * largest);
    EXPECT_LE(test.radii()[rejected - 1], largest);
  }
}

TEST(TwoStageTest, WorksForTinyAlpha) {
  const TwoStageDesign design{.alpha = 1e-9, .most = 20'000, .smoothing = gaussian_law};
  const TwoStageTest test(design);
  EXPECT_NEAR(mean_fraction(design, test, 0.9), 0.95, 0.01);
  EXPECT_LE(probability_by_bisection(test, 0, 0.5), 1e-9 + 300e-12);  // what is unlikely counts as wrong there
}

std::string refusal(const TwoStageDesign& design) {
  try {
    const TwoStageTest test(design);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TwoStageTest, SaysWhatIsWrong) {
  TwoStageDesign design = small_design();
  EXPECT_EQ(refusal(design), "accepted");
  for (const double tolerance : {0.0, 1.0, std::nan("")}) {
    design.tolerance = tolerance;
    EXPECT_NE(refusal(design).find("; it must lie strictly between 0 and 1"), std::string::npos);
  }
  design = small_design();
  design.alpha = 0;
  EXPECT_EQ(refusal(design), "alpha is 0; it must be at least 1e-100 and below 1");
  design = small_design();
  design.most = 6;
  EXPECT_EQ(refusal(design), "n is 6; at alpha 0.01 it must be at least 7");
  design = small_design();
  design.pilot = 0;
  EXPECT_EQ(refusal(design), "pilot is 0; in whole steps of 1 it must be from 1 to 599");
  design.pilot = 599;
  design.step = 64;
  EXPECT_EQ(refusal(design), "pilot is 599; in whole steps of 64 it must be from 1 to 599");
  design.step = 0;
  EXPECT_EQ(refusal(design), "step is 0; it must be from 1 to 1000000000000");
  design = small_design();
  design.noise_error = 0.5;
  EXPECT_EQ(refusal(design), "noise_error is 0.5; it must be at least 0 and below 1/2");
  design = small_design();
  design.smoothing.scale = 0;
  EXPECT_NE(refusal(design).find("sigma is 0"), std::string::npos);
}

TEST(TwoStageTest, RefusesCountsThatCannotBe) {
  const TwoStageTest test(small_design());
  EXPECT_THROW(test.total(61), InputError);
  EXPECT_THROW(test.rejected(61, 0), InputError);
  EXPECT_THROW(test.rejected(3, test.total(3) - 60 + 1), InputError);
}

}  // namespace
}  // namespace ballast::stats::two_stage_test
