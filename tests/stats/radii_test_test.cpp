// SPDX-License-Identifier: Apache-2.0
//
// A curve of radii on one stream of votes: what is claimed, when it ends, and how often it is false.

#include "ballast/stats/radii_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "ballast/stats/round_down.hpp"
#include "ballast/stats/tolerance_test.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::radii_test_test {
namespace {

RadiiDesign design(std::vector<double> radii, double alpha = 0.01, std::uint64_t most = 500) {
  return {.radii = std::move(radii), .alpha = alpha, .most = most, .smoothing = {NoiseLaw::gaussian, 1}};
}

// Failures at each look by this rule, until the walk is done.
template <typename Failures>
RadiiTest::Walk walked(const RadiiTest& test, Failures failures_at) {
  RadiiTest::Walk walk(test);
  while (!walk.done()) walk.look(failures_at(test.looks()[walk.next_look()]));
  return walk;
}

TEST(RadiiTest, ClaimsNoLessThanTheRadiusAsWritten) {
  const std::vector<double> radii{0, 0.1, 0.3, 0.7, 1.1};
  const RadiiTest test(design(radii, 0.001, 1000));
  ASSERT_EQ(test.size(), radii.size());
  for (std::size_t i = 0; i < radii.size(); ++i) {
    EXPECT_GE(Real(test.tested_radius(i)), Real(std::to_string(radii[i]).substr(0, 3))) << radii[i];
    EXPECT_EQ(std::stod(format_rounded_down(test.tested_radius(i), radius_decimals)), radii[i]);
  }
}

TEST(RadiiTest, TestsEachRadiusByItsOwnSchedule) {
  for (const double error : {0.0, 1e-9, 1e-3}) {
    RadiiDesign wanted = design({0, 0.25, 0.5, 1});
    wanted.noise_error = error;
    const RadiiTest test(wanted);
    for (std::size_t i = 0; i < test.size(); ++i) {
      const double exact = doubt_at_radius(wanted.smoothing, test.tested_radius(i));
      // p > p* under the law that is drawn must follow p > p* + error there, and proves p > p* under the exact one.
      const double null = error == 0 ? exact : std::nextafter(exact - error, 0.0);
      EXPECT_EQ(test.schedule(i).certify_at, sequential_schedule({null, 0.01, 500, 1, 0.01})->certify_at);
      EXPECT_LE(Real(null) + Real(error), Real(exact));
      EXPECT_LE(Real(test.p_lower(i)), 1 - Real(exact));
      EXPECT_NEAR(test.p_lower(i), 1 - exact, 1e-15);
      EXPECT_LE(test.schedule(i).error, 0.01);
    }
    EXPECT_EQ(test.looks(), sequential_looks(500, 1));
  }
}

TEST(RadiiTest, TakesEveryLawOfNoise) {
  for (const NoiseLaw law : {NoiseLaw::gaussian, NoiseLaw::uniform, NoiseLaw::laplace}) {
    RadiiDesign wanted = design({0, 0.1, 0.2});
    wanted.smoothing = {law, 0.5};
    const RadiiTest test(wanted);
    EXPECT_EQ(walked(test, [](std::uint64_t) { return 0; }).certified(), 3u);
  }
}

TEST(Walk, OfUnanimousVotesCertifiesAllAndEnds) {
  const RadiiTest test(design({0, 0.25, 0.5, 1}));
  const auto walk = walked(test, [](std::uint64_t) { return 0; });
  EXPECT_EQ(walk.certified(), 4u);
  EXPECT_LT(walk.next_look(), test.looks().size());
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(walk.crossing(i).failures, 0u);
    const auto first =
        std::find_if(test.schedule(i).certify_at.begin(), test.schedule(i).certify_at.end(), [](auto most) { return most >= 0; });
    EXPECT_EQ(walk.crossing(i).samples, test.looks()[static_cast<std::size_t>(first - test.schedule(i).certify_at.begin())]);
  }
}

TEST(Walk, OfFailuresAloneGivesUpAtOnce) {
  const RadiiTest test(design({0, 0.25, 0.5, 1}));
  const auto walk = walked(test, [](std::uint64_t samples) { return samples; });
  EXPECT_EQ(walk.certified(), 0u);
  EXPECT_LE(test.looks()[walk.next_look() - 1], 30u);
}

TEST(Walk, ThatNeverGivesUpEndsAtTheLastLook) {
  RadiiDesign patient = design({0, 0.25});
  patient.futility = 0;
  const RadiiTest test(patient);
  const auto walk = walked(test, [](std::uint64_t samples) { return samples; });
  EXPECT_EQ(walk.certified(), 0u);
  EXPECT_EQ(walk.next_look(), test.looks().size());
}

TEST(Walk, GoesOnWhileALargerRadiusIsOpen) {
  const RadiiTest test(design({0, 1}));
  RadiiTest::Walk walk(test);
  bool went_on = false;
  while (!walk.done()) {
    walk.look(static_cast<std::uint64_t>(0.17 * static_cast<double>(test.looks()[walk.next_look()])));  // 1 - p* is 0.159 at radius 1
    went_on = went_on || (walk.certified() == 1 && !walk.done());
  }
  EXPECT_TRUE(went_on);
  EXPECT_EQ(walk.certified(), 1u);
}

// What is claimed stays: a later look may give up the larger radii, never take back a smaller one.
TEST(Walk, NeverTakesBackWhatItHasCertified) {
  const RadiiTest test(design({0, 0.5, 1}));
  RadiiTest::Walk walk(test);
  std::uint64_t failures = 0, before = 0;
  std::size_t certified = 0;
  while (!walk.done()) {
    const std::uint64_t look = test.looks()[walk.next_look()];
    failures += look > 20 ? look - before : 0;
    before = look;
    walk.look(failures);
    EXPECT_GE(walk.certified(), certified);
    certified = walk.certified();
  }
  EXPECT_GE(certified, 1u);
  EXPECT_LT(certified, 3u);
}

// At 1.18 and 1.181 the larger radius' test allows one failure more at the last look: alone it would reject.
TEST(Walk, DoesNotCountALargerRadiusWhoseSmallerOneHasNotCrossed) {
  RadiiDesign wanted = design({1.18, 1.181}, 0.05);
  wanted.futility = 0;
  const RadiiTest test(wanted);
  const auto between = static_cast<std::uint64_t>(test.schedule(1).certify_at.back());
  ASSERT_LT(test.schedule(0).certify_at.back(), test.schedule(1).certify_at.back());
  const auto failures_at = [&](std::uint64_t samples) { return std::min(samples, between); };
  EXPECT_EQ(walked(test, failures_at).certified(), 0u);
  wanted.radii = {1.181};
  EXPECT_EQ(walked(RadiiTest(wanted), failures_at).certified(), 1u);
}

// Giving up at one radius closes all above it, even one that has crossed already.
TEST(Walk, DoesNotCountARadiusAboveOneThatIsGivenUp) {
  const RadiiTest test(design({0, 0.25, 0.5, 1}));
  RadiiTest::Walk walk(test);
  std::uint64_t before = 0, failures = 0;
  while (!walk.done() && walk.certified() < 2) {
    before = test.looks()[walk.next_look()];
    walk.look(0);
  }
  const std::size_t certified = walk.certified();
  ASSERT_LT(certified, 4u);
  while (!walk.done()) {
    const std::uint64_t look = test.looks()[walk.next_look()];
    failures += look - before;
    before = look;
    walk.look(failures);
  }
  EXPECT_EQ(walk.certified(), certified);
}

// Steps between the looks as tables, for a hundred thousand walks in a moment.
class Votes {
 public:
  Votes(const std::vector<std::uint64_t>& looks, double failure) {
    std::uint64_t before = 0;
    for (const std::uint64_t look : looks) {
      std::vector<double> cumulative;
      for (std::uint64_t k = 0; k <= look - before; ++k) cumulative.push_back(binomial_lower_tail(k, look - before, failure));
      tables_.push_back(std::move(cumulative));
      before = look;
    }
  }

  std::uint64_t failures(std::size_t look, std::mt19937_64& random) const {
    const double place = std::uniform_real_distribution<double>()(random);
    return static_cast<std::uint64_t>(std::upper_bound(tables_[look].begin(), tables_[look].end() - 1, place) - tables_[look].begin());
  }

 private:
  std::vector<std::vector<double>> tables_;
};

// How many of run_count walks certify more than `truly` radii.
std::uint64_t false_runs(const RadiiTest& test, double failure, std::size_t truly) {
  const Votes votes(test.looks(), failure);
  std::mt19937_64 random(20190612);
  std::uint64_t wrong = 0;
  for (std::uint64_t run = 0; run < run_count; ++run) {
    RadiiTest::Walk walk(test);
    std::uint64_t failures = 0;
    while (!walk.done()) {
      failures += votes.failures(walk.next_look(), random);
      walk.look(failures);
    }
    wrong += walk.certified() > truly;
  }
  return wrong;
}

TEST(RadiiSimulation, IsSeldomWrongWhereTheTruthIsOneOfTheRadii) {
  constexpr double alpha = 0.01;
  RadiiDesign wanted = design({0.25, 0.5, 0.75, 1}, alpha);
  wanted.futility = 0;
  const RadiiTest test(wanted);
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double failure = doubt_at_radius(wanted.smoothing, test.tested_radius(i));  // radius i itself is not below the truth
    const std::uint64_t wrong = false_runs(test, failure, i);
    EXPECT_LE(wrong, most_wrong_runs(alpha)) << test.tested_radius(i);
    // Every smaller radius has to cross as well, which it does, mostly, by then: the level is used.
    EXPECT_GT(wrong, run_count * alpha / 4) << test.tested_radius(i);
    EXPECT_GT(false_runs(test, 0.9 * failure, i), most_wrong_runs(alpha)) << "a smaller failure probability must be seen";
  }
}

TEST(RadiiTest, RefusesWhatIsNotAllowed) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& radii : std::vector<std::vector<double>>{
           {}, {-0.1}, {0.5, 0.5}, {0.5, 0.25}, {nan}, {infinity}, {0.1234567}, {1e-7}, {0, 5}, {0, 100}, {1e300}}) {
    EXPECT_THROW(RadiiTest{design(radii)}, InputError) << testing::PrintToString(radii);
  }
  for (const double error : {-1e-9, 0.5, nan}) {
    RadiiDesign wrong = design({0});
    wrong.noise_error = error;
    EXPECT_THROW(RadiiTest{wrong}, InputError) << error;
  }
  RadiiDesign wrong = design({0, 0.5});
  wrong.noise_error = 0.4;  // more than 1 - p*
  EXPECT_THROW(RadiiTest{wrong}, InputError);
  wrong = design({0.1, 0.5});
  wrong.smoothing = {NoiseLaw::uniform, 0.5};  // no vote certifies lambda itself
  EXPECT_THROW(RadiiTest{wrong}, InputError);
  for (const double alpha : {0.0, 1.0, nan}) EXPECT_THROW(RadiiTest{design({0}, alpha)}, InputError) << alpha;
  for (const std::uint64_t most : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 60}) {
    EXPECT_THROW(RadiiTest{design({0}, 0.01, most)}, InputError) << most;
  }
  wrong = design({0});
  wrong.step = 0;
  EXPECT_THROW(RadiiTest{wrong}, InputError);
}

// Refused before any schedule is made: the radii alone would not do.
TEST(RadiiTest, RefusesMoreRadiiThanItMakesSchedulesFor) {
  std::vector<double> radii;
  for (std::size_t i = 0; i <= most_radii; ++i) radii.push_back(static_cast<double>(i) * 10);
  try {
    RadiiTest{design(radii)};
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "there are 257 radii; 1 to 256 are allowed");
  }
}

TEST(RadiiTest, NamesTheRadiusThatCannotBeReached) {
  try {
    RadiiTest{design({0, 0.5, 4})};
    FAIL() << "500 samples cannot certify four sigma";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("radius 4: "), std::string::npos) << error.what();
  }
}

TEST(ToleranceTest, ScreensOneHalfAndKnowsTheProbabilityOfEveryRadius) {
  TwoStageDesign wanted;
  wanted.most = 2000;
  wanted.noise_error = 1e-9;
  wanted.smoothing = {NoiseLaw::gaussian, 0.5};
  const ToleranceTest test(wanted, 0.01);
  ASSERT_EQ(test.screen.size(), 1u);
  EXPECT_EQ(test.screen.tested_radius(0), 0);
  EXPECT_EQ(test.screen.looks().back(), 2000u);
  for (std::size_t i = 0; i < test.stages.radii().size(); i += 10) {
    const double exact = doubt_at_radius(wanted.smoothing, test.stages.radii()[i]);
    EXPECT_LE(Real(test.p_lower(i)), 1 - Real(exact));
    EXPECT_NEAR(test.p_lower(i), 1 - exact, 1e-15);
  }
}

}  // namespace
}  // namespace ballast::stats::radii_test_test
