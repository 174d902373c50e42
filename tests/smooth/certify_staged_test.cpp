// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify_staged.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "ballast/core/errors.hpp"
#include "ballast/noise/grid_table.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/normal.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::certify_staged_test {
namespace {

using noise::NoisyWriter;

constexpr double sigma = 0.25;
const ImageShape pixel{1, 1, 1};

stats::RadiiDesign design(std::vector<double> radii, std::uint64_t most = 2000, double alpha = 0.001) {
  return {std::move(radii), alpha, most, 20, 0.01, {NoiseLaw::gaussian, sigma}, 0};
}

TEST(CertifyRadii, StopsAtTheLookThatTheVotesCall) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const stats::RadiiTest test(design({0, 0.1, 0.2}));
  for (const int level : {100, 128, 140, 160, 200, 255}) {
    const Image image = grey_image(pixel, level);
    VoteCounter votes(pool, noise, image, 7, 3);
    const auto certificate = certify(votes, test, {.label = 1});
    // The same samples, looked at one look after another.
    VoteCounter again(pool, noise, image, 7, 3);
    stats::RadiiTest::Walk walk(test);
    Counts counts = again.next(noise::Purpose::estimation, 0);
    while (!walk.done()) {
      const std::uint64_t look = test.looks()[walk.next_look()];
      counts += again.next(noise::Purpose::estimation, look - counts.total());
      walk.look(look - counts.of(1));
    }
    EXPECT_EQ(certificate.estimation.votes, counts.votes) << level;
    EXPECT_EQ(certificate.looks.size(), walk.certified()) << level;
    EXPECT_EQ(certificate.label.has_value(), walk.certified() > 0) << level;
    EXPECT_EQ(certificate.radius, walk.certified() > 0 ? test.radius(walk.certified() - 1) : 0) << level;
    EXPECT_EQ(certificate.selection.total(), 0u);
  }
}

// Stopped after so many questions; the radii are those that Progress told.
struct Patience {
  int questions = 0;
  std::vector<std::optional<double>> radii;
  bool operator()(const Progress& progress) {
    radii.push_back(progress.radius);
    return static_cast<int>(radii.size()) <= questions;
  }
};

TEST(CertifyRadii, StoppedEarlyClaimsWhatItHasProvedAndNoMore) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const stats::RadiiTest test(design({0, 0.1, 0.2, 0.3}));
  const Image image = grey_image(pixel, 220);
  VoteCounter whole_votes(pool, noise, image, 7, 3);
  const auto whole = certify(whole_votes, test, {.label = 1});
  ASSERT_TRUE(whole.label);
  bool ended = false;
  for (int questions = 0; !ended; ++questions) {
    Patience patience{questions, {}};
    VoteCounter votes(pool, noise, image, 7, 3);
    const auto certificate = certify(votes, test, {.label = 1}, std::ref(patience));
    // The samples up to the last look, looked at one look after another.
    VoteCounter again(pool, noise, image, 7, 3);
    stats::RadiiTest::Walk walk(test);
    Counts counts = again.next(noise::Purpose::estimation, 0);
    while (!walk.done() && static_cast<int>(walk.next_look()) < questions) {
      counts += again.next(noise::Purpose::estimation, test.looks()[walk.next_look()] - counts.total());
      walk.look(counts.total() - counts.of(1));
    }
    EXPECT_EQ(certificate.estimation.votes, counts.votes) << questions;
    EXPECT_EQ(certificate.label.has_value(), walk.certified() > 0) << questions;
    EXPECT_EQ(certificate.radius, walk.certified() > 0 ? test.radius(walk.certified() - 1) : 0) << questions;
    EXPECT_LE(certificate.radius, whole.radius) << questions;
    ended = static_cast<int>(patience.radii.size()) <= questions;
    if (ended) EXPECT_EQ(certificate.radius, whole.radius);
  }
}

TEST(CertifyToTolerance, StoppedEarlyClaimsTheLabelAloneOrNothing) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const stats::ToleranceTest test({0.1, 0.001, 2000, 20, 300, {NoiseLaw::gaussian, sigma}, 0}, 0.01);
  const Image image = grey_image(pixel, 220);
  VoteCounter whole_votes(pool, noise, image, 7, 3);
  const auto whole = certify(whole_votes, test, {.label = 1});
  ASSERT_GT(whole.radius, 0);
  bool ended = false, claimed = false;
  for (int questions = 0; !ended; ++questions) {
    Patience patience{questions, {}};
    VoteCounter votes(pool, noise, image, 7, 3);
    const auto certificate = certify(votes, test, {.label = 1}, std::ref(patience));
    ended = static_cast<int>(patience.radii.size()) <= questions;
    EXPECT_EQ(certificate.radius, ended ? whole.radius : 0) << questions;
    EXPECT_EQ(certificate.label.has_value(), ended || patience.radii.back().has_value()) << questions;
    EXPECT_TRUE(certificate.label || !claimed) << questions;  // what has been claimed stays so
    claimed = certificate.label.has_value();
    EXPECT_LE(certificate.estimation.total(), whole.estimation.total()) << questions;
    if (ended) EXPECT_EQ(certificate.estimation.votes, whole.estimation.votes);
  }
}

TEST(CertifyRadii, NeedsFewSamplesWhereTheVoteIsUnanimous) {
  const auto classifier = linear_classifier({1}, 5, pixel, 20);  // always class 1
  ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const Image image = grey_image(pixel, 200);
  VoteCounter votes(pool, noise, image, 1, 0);
  const auto certificate = certify(votes, stats::RadiiTest(design({0, 0.25}, 100'000)), {.label = 1});
  EXPECT_EQ(certificate.label, 1);
  EXPECT_GE(certificate.radius, 0.25);
  EXPECT_LE(certificate.estimation.total(), 60u);
  VoteCounter others(pool, noise, image, 1, 0);
  const auto wrong = certify(others, stats::RadiiTest(design({0, 0.25}, 100'000)), {.label = 0});
  EXPECT_FALSE(wrong.label);
  EXPECT_EQ(wrong.radius, 0);
  EXPECT_LE(wrong.estimation.total(), 60u);
}

TEST(CertifyRadii, TestsTheClassThatSamplesOfTheirOwnGive) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const Image image = grey_image(pixel, 20);
  VoteCounter votes(pool, noise, image, 1, 0);
  const auto certificate = certify(votes, stats::RadiiTest(design({0})), {.label = {}, .selection_samples = 50});
  EXPECT_EQ(certificate.selection.total(), 50u);
  EXPECT_EQ(certificate.candidate, 0);
  EXPECT_EQ(certificate.label, 0);
  EXPECT_THROW(certify(votes, stats::RadiiTest(design({0})), {.label = {}, .selection_samples = 0}), InputError);
}

TEST(CertifyRadii, NeverAnswersNan) {
  const auto classifier = model::classifier_from(
      [](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 2); }, pixel, 2, 20);
  ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const Image image = grey_image(pixel, 20);
  VoteCounter votes(pool, noise, image, 1, 0);
  const auto certificate = certify(votes, stats::RadiiTest(design({0})), {.label = {}, .selection_samples = 50});
  EXPECT_FALSE(certificate.label);
  EXPECT_EQ(certificate.estimation.total(), 0u);
}

// P(class 1) under the table's law for a classifier that answers 1 from level 128 on.
double p_of(const noise::GridTable& table, int level) {
  const int index = 127 - level - table.smallest();
  if (index < 0) return 1;
  if (index >= static_cast<int>(table.thresholds().size())) return 0;
  return 1 - std::ldexp(static_cast<double>(table.thresholds()[static_cast<std::size_t>(index)]), -64);
}

// One-pixel classifiers, whose exact radius stands in the table: a certificate
// is false if its radius exceeds it. The number of false ones is at most
// binomial(images, alpha); the allowed count is exceeded with probability below 1e-6.
template <typename Test>
void expect_few_false_certificates(const Test& test, double alpha, int images, std::uint64_t allowed) {
  EXPECT_LT(stats::binomial_upper_tail(allowed + 1, static_cast<std::uint64_t>(images), alpha), 1e-6);
  const noise::GridTable table({NoiseLaw::gaussian, sigma});
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const auto classifier = linear_classifier({1}, -127.5 / 255, pixel, 20);
  ThreadPool pool(*classifier, 1);
  std::uint64_t wrong = 0, certified = 0;
  for (int i = 0; i < images; ++i) {
    const int level = 120 + i % 80;
    const Image image = grey_image(pixel, level);
    VoteCounter votes(pool, noise, image, 2026, static_cast<std::uint32_t>(i));
    const auto certificate = certify(votes, test, {.label = 1});
    if (!certificate.label) continue;
    ++certified;
    const double p = p_of(table, level);
    wrong += p <= 0.5 || certificate.radius > sigma * stats::normal_quantile(p) + 1e-12;
  }
  EXPECT_GT(certified, static_cast<std::uint64_t>(images) / 3);
  EXPECT_LE(wrong, allowed);
}

TEST(CertifyRadii, IsFalseNoOftenerThanAlpha) {
  expect_few_false_certificates(stats::RadiiTest(design({0, 0.02, 0.05, 0.1, 0.2}, 400, 0.05)), 0.05, 4000, 270);
}

TEST(CertifyToTolerance, IsFalseNoOftenerThanAlpha) {
  expect_few_false_certificates(stats::ToleranceTest({0.2, 0.05, 400, 20, 60, {NoiseLaw::gaussian, sigma}, 0}, 0.01), 0.05, 4000, 270);
}

TEST(CertifyToTolerance, UsesTheSamplesOfTheScreenAgain) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const stats::ToleranceTest test({0.1, 0.001, 5000, 20, 100, {NoiseLaw::gaussian, sigma}, 0}, 0.01);
  for (const int level : {130, 150, 180, 255}) {
    const Image image = grey_image(pixel, level);
    VoteCounter votes(pool, noise, image, 11, 0);
    const auto certificate = certify(votes, test, {.label = 1});
    if (!certificate.label) continue;
    ASSERT_EQ(certificate.looks.size(), 3u);
    const auto &screen = certificate.looks[0], &pilot = certificate.looks[1], &end = certificate.looks[2];
    EXPECT_EQ(pilot.samples, test.stages.pilot());
    EXPECT_EQ(end.samples, test.stages.total(pilot.failures));
    EXPECT_EQ(certificate.estimation.total(), std::max(screen.samples, end.samples)) << level;
    VoteCounter again(pool, noise, image, 11, 0);
    EXPECT_EQ(pilot.failures, pilot.samples - again.next(noise::Purpose::estimation, pilot.samples).of(1));
    const std::size_t rejected = test.stages.rejected(pilot.failures, end.failures - pilot.failures);
    EXPECT_EQ(certificate.radius, test.stages.radii()[rejected - 1]);
  }
}

stats::AnytimeDesign anytime_design(std::optional<double> gain = {}, std::uint64_t most = 2000) {
  return {0.001, most, 20, 0.01, gain, {NoiseLaw::gaussian, sigma}, 0};
}

TEST(CertifyAnytime, ClaimsTheLeastBoundThatItSaw) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  for (const std::optional<double> gain : {std::optional<double>(), std::optional(0.1)}) {
    const stats::AnytimeTest test(anytime_design(gain));
    for (const int level : {60, 100, 128, 140, 160, 200, 255}) {
      const Image image = grey_image(pixel, level);
      VoteCounter votes(pool, noise, image, 7, 3), again(pool, noise, image, 7, 3);
      const auto certificate = certify(votes, test, {.label = 1});
      stats::Claim best;
      stats::AnytimeTest::Look at;
      Counts counts = again.next(noise::Purpose::estimation, 0);
      for (const std::uint64_t look : test.looks()) {
        if (look > certificate.estimation.total()) break;
        counts += again.next(noise::Purpose::estimation, look - counts.total());
        const auto claim = stats::anytime_claim(look, look - counts.of(1), 0.001, {NoiseLaw::gaussian, sigma}, 0);
        if (claim.p_lower > best.p_lower) best = claim, at = {look, look - counts.of(1)};
      }
      EXPECT_EQ(certificate.estimation.votes, counts.votes) << level;
      EXPECT_EQ(certificate.label.has_value(), best.radius.has_value()) << level;
      EXPECT_EQ(certificate.radius, best.radius.value_or(0)) << level;
      if (!best.radius) continue;
      ASSERT_EQ(certificate.looks.size(), 1u);
      EXPECT_EQ(certificate.looks[0].samples, at.samples) << level;
      EXPECT_EQ(certificate.looks[0].failures, at.failures) << level;
    }
  }
}

TEST(CertifyAnytime, HasAnAnswerWhereverItIsStopped) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const stats::AnytimeTest test(anytime_design());
  const Image image = grey_image(pixel, 220);
  double last = 0;
  for (int patience = 1; patience < 12; ++patience) {
    VoteCounter votes(pool, noise, image, 7, 3);
    int questions = 0;
    std::optional<double> told;
    const auto certificate = certify(votes, test, {.label = 1}, [&](const Progress& progress) {
      told = progress.radius;
      return ++questions <= patience;
    });
    EXPECT_LT(certificate.estimation.total(), 2000u);
    EXPECT_EQ(certificate.radius, told.value_or(0)) << patience;  // what a person was shown last is the answer
    EXPECT_GE(certificate.radius, last);
    last = certificate.radius;
  }
  EXPECT_GT(last, 0.1);
}

TEST(CertifyAnytime, GivesUpWhereItIsHopelessAndGoesOnWhereItIsNot) {
  const auto classifier = linear_classifier({1}, -0.5, pixel, 20);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const stats::AnytimeTest test(anytime_design({}, 20'000));
  auto patient = anytime_design({}, 20'000);
  patient.futility = 0;
  const Image dark = grey_image(pixel, 60), bright = grey_image(pixel, 200);
  VoteCounter hopeless(pool, noise, dark, 7, 3), kept_up(pool, noise, dark, 7, 3), clear(pool, noise, bright, 7, 3);
  EXPECT_LT(certify(hopeless, test, {.label = 1}).estimation.total(), 1000u);
  EXPECT_EQ(certify(kept_up, stats::AnytimeTest(patient), {.label = 1}).estimation.total(), 20'000u);
  EXPECT_EQ(certify(clear, test, {.label = 1}).estimation.total(), 20'000u);
}

}  // namespace
}  // namespace ballast::smooth::certify_staged_test
