// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/noise/grid_table.hpp"
#include "ballast/smooth/predict.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::certify_test {
namespace {

using noise::NoisyWriter;

// P(noise >= j) under the table's law, for a one-pixel classifier's exact answer.
double at_least(const noise::GridTable& table, int j) {
  const int index = j - 1 - table.smallest();
  if (index < 0) return 1;
  if (index >= static_cast<int>(table.thresholds().size())) return 0;
  return 1 - std::ldexp(static_cast<double>(table.thresholds()[static_cast<std::size_t>(index)]), -64);
}

TEST(Certify, IsTheAlgorithmOfThePaperOnTheCountsItReports) {
  const ImageShape shape{1, 1, 1};
  const auto classifier = linear_classifier({1}, -0.5, shape);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  const Image image = grey_image(shape, 230);
  VoteCounter votes(pool, noise, image, 5, 0);
  const CertifyOptions options{.smoothing = {NoiseLaw::gaussian, 0.5}, .selection_samples = 100, .estimation_samples = 2000};
  const Certificate certificate = certify(votes, options);
  ASSERT_EQ(certificate.label, 1);
  EXPECT_EQ(certificate.selection.total(), 100u);
  EXPECT_EQ(certificate.estimation.total(), 2000u);
  const double doubt = stats::upper_failure_bound({certificate.estimation.of(1), 2000}, 0.001) + noise.noise_error(1);
  EXPECT_NEAR(certificate.radius, stats::radius_below(0.5, doubt), 1e-14);
  EXPECT_LE(certificate.radius, stats::radius_below(0.5, stats::upper_failure_bound({certificate.estimation.of(1), 2000}, 0.001)));
}

// Propositions 3 to 5 with grid noise: 10,000 images of one pixel, whose exact
// probability and so exact radius stand in the table. A certificate is false
// if its radius exceeds the exact one. The number of false ones is at most
// binomial(10000, alpha); the allowed count is exceeded with probability below 1e-6.
TEST(Certify, IsFalseNoOftenerThanAlphaOnClassifiersWhoseTruthIsKnown) {
  constexpr double alpha = 0.01;
  constexpr int images = 10'000, allowed = 152;  // P(Bin(10000, 0.01) > 152) = 4.6e-7
  EXPECT_LT(stats::binomial_upper_tail(allowed + 1, images, alpha), 1e-6);
  const ImageShape shape{1, 1, 1};
  const double sigma = 0.25;
  const noise::GridTable table({NoiseLaw::gaussian, sigma});
  const NoisyWriter noise(NoiseKind::grid, sigma, plain());
  const auto classifier = linear_classifier({1}, -127.5 / 255, shape, 100);  // class 1 from level 128 on
  ThreadPool pool(*classifier, 1);
  int false_certificates = 0, certified = 0;
  for (int i = 0; i < images; ++i) {
    const int level = i % 256;
    const Image image = grey_image(shape, level);
    VoteCounter votes(pool, noise, image, 2026, static_cast<std::uint32_t>(i));
    const Certificate certificate =
        certify(votes, {.smoothing = {NoiseLaw::gaussian, sigma}, .alpha = alpha, .selection_samples = 10, .estimation_samples = 100});
    const double p1 = at_least(table, 128 - level), p = certificate.candidate == 1 ? p1 : 1 - p1;
    if (!certificate.label) continue;
    ++certified;
    if (p <= 0.5 || certificate.radius > sigma * stats::normal_quantile(p)) ++false_certificates;
  }
  EXPECT_GT(certified, images / 2);
  EXPECT_LE(false_certificates, allowed);
}

// The same with the paper's float noise and many pixels: the exact radius is the distance to the plane.
TEST(Certify, StaysBelowTheDistanceToAPlaneWithFloatNoise) {
  constexpr double alpha = 0.001;
  constexpr int images = 2'000, allowed = 14;
  EXPECT_LT(stats::binomial_upper_tail(allowed + 1, images, alpha), 1e-6);
  const ImageShape shape{1, 3, 3};
  const std::vector<double> w{0.5, -0.25, 1, 0.125, -0.75, 0.3, 0.9, -0.6, 0.2};
  double length = 0;
  for (const double value : w) length += value * value;
  length = std::sqrt(length);
  const double sigma = 0.5;
  const NoisyWriter noise(NoiseKind::gaussian, sigma, plain());
  int false_certificates = 0, certified = 0;
  const auto classifier = linear_classifier(w, -0.7, shape, 100);
  ThreadPool pool(*classifier, 1);
  for (int i = 0; i < images; ++i) {
    std::vector<std::uint8_t> bytes(9);
    for (std::size_t j = 0; j < 9; ++j) bytes[j] = static_cast<std::uint8_t>((static_cast<std::size_t>(i) * 89 + j * 151) % 256);
    double score = -0.7;
    for (std::size_t j = 0; j < 9; ++j) score += w[j] * bytes[j] / 255.0;
    const Image image{shape, bytes};
    VoteCounter votes(pool, noise, image, 7, static_cast<std::uint32_t>(i));
    const Certificate certificate =
        certify(votes, {.smoothing = {NoiseLaw::gaussian, sigma}, .alpha = alpha, .selection_samples = 20, .estimation_samples = 200});
    if (!certificate.label) continue;
    ++certified;
    const bool right_side = (*certificate.label == 1) == (score > 0);
    if (!right_side || certificate.radius > std::abs(score) / length) ++false_certificates;
  }
  EXPECT_GT(certified, images / 2);
  EXPECT_LE(false_certificates, allowed);
}

// Why the noise's seed must be independent of model and image: a model that
// can read the noise answers as it likes on the draws it knows, and is
// certified for a class that fresh draws hardly ever give.
TEST(Certify, FailsForAModelThatKnowsTheNoise) {
  const ImageShape shape{1, 4, 4};
  const Image image = grey_image(shape, 128);
  const NoisyWriter noise(NoiseKind::grid, 0.25, plain());
  std::vector<std::vector<float>> known;
  const auto spy = model::classifier_from(
      [&](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          known.push_back(
              {images.begin() + static_cast<std::ptrdiff_t>(i * 16), images.begin() + static_cast<std::ptrdiff_t>((i + 1) * 16)});
          labels[i] = 0;
        }
      },
      shape, 2, 50);
  const CertifyOptions options{.smoothing = {NoiseLaw::gaussian, 0.25}, .selection_samples = 50, .estimation_samples = 500};
  ThreadPool spying(*spy, 1);
  VoteCounter first(spying, noise, image, 1, 0);
  certify(first, options);
  const auto cheat = model::classifier_from(
      [&](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          const std::vector<float> input(images.begin() + static_cast<std::ptrdiff_t>(i * 16),
                                         images.begin() + static_cast<std::ptrdiff_t>((i + 1) * 16));
          labels[i] = std::find(known.begin(), known.end(), input) != known.end() ? 1 : 0;
        }
      },
      shape, 2, 50);
  ThreadPool cheating(*cheat, 1);
  VoteCounter same_seed(cheating, noise, image, 1, 0), fresh(cheating, noise, image, 2, 0);
  EXPECT_EQ(certify(same_seed, options).label, 1);  // a lie
  EXPECT_EQ(certify(fresh, options).label, 0);
}

TEST(Certify, AbstainsWhereTheClassIsNotANumber) {
  const ImageShape shape{1, 2, 2};
  const auto nan =
      model::classifier_from([](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 2); }, shape, 2);
  ThreadPool pool(*nan, 1);
  const NoisyWriter noise(NoiseKind::grid, 0.25, plain());
  const Image image = grey_image(shape, 9);
  VoteCounter votes(pool, noise, image, 1, 0);
  const Certificate certificate = certify(votes, {});
  EXPECT_FALSE(certificate.label);
  EXPECT_EQ(certificate.radius, 0);
  EXPECT_EQ(certificate.estimation.votes, (std::vector<std::uint64_t>{0, 0, 100'000}));
  EXPECT_FALSE(predict(votes, {}).label);
}

TEST(Predict, IsTheTestOfThePaperOnTheCountsItReports) {
  const ImageShape shape{1, 1, 1};
  const NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  const auto classifier = linear_classifier({1}, -127.5 / 255, shape);
  ThreadPool pool(*classifier, 2);
  int answered = 0;
  for (const int level : {100, 126, 127, 128, 129, 160}) {
    const Image image = grey_image(shape, level);
    VoteCounter votes(pool, noise, image, 5, static_cast<std::uint32_t>(level));
    const Prediction prediction = predict(votes, {.alpha = 0.001, .samples = 1000});
    const std::uint64_t top = std::max(prediction.counts.of(0), prediction.counts.of(1));
    const bool decided = stats::two_sided_p_value({top, 1000}, 0.5) <= 0.001;
    EXPECT_EQ(prediction.label.has_value(), decided);
    if (decided) EXPECT_EQ(*prediction.label, level > 127 ? 1 : 0);
    answered += decided;
  }
  EXPECT_GE(answered, 2);
  EXPECT_LE(answered, 4);  // the four levels beside the border cannot be told apart with 1,000 samples
}

// Of which only the first pixel matters; the error of the noise drawn grows with their number.
constexpr ImageShape many_pixels{1, 96, 128};

std::unique_ptr<model::Classifier> classifier_of_the_first_pixel() {
  std::vector<double> w(many_pixels.size(), 0.0);
  w[0] = 1;
  return linear_classifier(std::move(w), -127.5 / 255, many_pixels);
}

TEST(Certify, AllowsForTheErrorOfTheNoiseThatItDrew) {
  const NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  const auto classifier = classifier_of_the_first_pixel();
  ThreadPool pool(*classifier, 2);
  const Image image = grey_image(many_pixels, 200);
  const double error = noise.noise_error(many_pixels.size());
  ASSERT_GT(error, 1e-13);
  VoteCounter votes(pool, noise, image, 5, 0);
  const CertifyOptions options{.smoothing = {NoiseLaw::gaussian, 0.5}, .selection_samples = 20, .estimation_samples = 500};
  const Certificate certificate = certify(votes, options);
  ASSERT_EQ(certificate.label, 1);
  const double doubt = stats::upper_failure_bound({certificate.estimation.of(1), 500}, options.alpha);
  EXPECT_LE(certificate.p_lower, 1 - (doubt + 0.99 * error));
  EXPECT_GE(certificate.p_lower, 1 - (doubt + 1.01 * error));
}

// At the border one sample selects either class, whatever the estimation's votes then say.
TEST(Certify, TestsTheClassThatTheSelectionGave) {
  const ImageShape shape{1, 1, 1};
  const auto classifier = linear_classifier({1}, -127.5 / 255, shape);
  ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  int of_another_class = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const Image image = grey_image(shape, 140);
    VoteCounter votes(pool, noise, image, 5, i);
    const Certificate certificate =
        certify(votes, {.smoothing = {NoiseLaw::gaussian, 0.5}, .alpha = 0.01, .selection_samples = 1, .estimation_samples = 2000});
    ASSERT_EQ(certificate.selection.total(), 1u);
    EXPECT_EQ(certificate.candidate, certificate.selection.winner());
    of_another_class += certificate.candidate != certificate.estimation.winner();
  }
  EXPECT_GT(of_another_class, 0);  // each with probability above 0.4
}

TEST(Predict, AnswersFromTheLevelOnThatTheVotesAndTheNoiseAllow) {
  constexpr std::uint64_t samples = 1000;
  const NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  const auto classifier = classifier_of_the_first_pixel();
  ThreadPool pool(*classifier, 2);
  const Image image = grey_image(many_pixels, 132);
  const auto predicted = [&](double alpha) {
    VoteCounter votes(pool, noise, image, 5, 0);
    return predict(votes, {.alpha = alpha, .samples = samples});
  };
  const double p = predicted(0.5).p_value, error = static_cast<double>(samples) * noise.noise_error(many_pixels.size());
  ASSERT_GT(p, 1e-6);
  ASSERT_LT(p, 0.4);
  ASSERT_GT(error, 1e-9 * p);
  EXPECT_TRUE(predicted(p + 1.01 * error).label);
  EXPECT_FALSE(predicted(p + 0.99 * error).label);
}

TEST(Options, ThatCannotWorkAreRefused) {
  EXPECT_THROW(check(CertifyOptions{.smoothing = {NoiseLaw::gaussian, 0}}), InputError);
  EXPECT_THROW(check(CertifyOptions{.smoothing = {NoiseLaw::gaussian, std::nan("")}}), InputError);
  EXPECT_THROW(check(CertifyOptions{.alpha = 0}), InputError);
  EXPECT_THROW(check(CertifyOptions{.alpha = 1}), InputError);
  EXPECT_THROW(check(CertifyOptions{.selection_samples = 0}), InputError);
  EXPECT_THROW(check(CertifyOptions{.alpha = 0.001, .estimation_samples = 9}), InputError);
  EXPECT_NO_THROW(check(CertifyOptions{.alpha = 0.001, .estimation_samples = 10}));
  EXPECT_THROW(check(PredictOptions{.alpha = 0.001, .samples = 10}), InputError);
  EXPECT_NO_THROW(check(PredictOptions{.alpha = 0.001, .samples = 11}));
}

}  // namespace
}  // namespace ballast::smooth::certify_test
