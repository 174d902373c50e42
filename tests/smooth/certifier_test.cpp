// SPDX-License-Identifier: Apache-2.0
//
// CERTIFY by settings is the procedure that the settings name.

#include "ballast/smooth/certifier.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/certify_splitting.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::certifier_test {
namespace {

constexpr double sigma = 0.5, lambda = 60 / 510.0;
const ImageShape shape{1, 1, 2};
const procedure::Sequential of_selection{.target_is_label = false, .selection_samples = 50, .samples = 1000, .step = 20};
const procedure::Sequential of_the_label{.target_is_label = true, .selection_samples = 0, .samples = 1000, .step = 20};

procedure::Settings settings_of(procedure::Method method, NoiseKind noise = NoiseKind::grid) {
  procedure::Settings settings;
  settings.noise = noise;
  settings.scale = noise == NoiseKind::split ? lambda : sigma;
  settings.method = std::move(method);
  return settings;
}

class CertifierOfSettings : public ::testing::Test {
 protected:
  // Of one image, whose votes are the same at each call.
  template <typename Certify>
  StagedCertificate by(const procedure::Settings& settings, const Certify& certify) {
    const noise::NoisyWriter noise(*settings.noise, settings.scale, plain());
    const Image image{shape, std::vector<std::uint8_t>{210, 190}};
    VoteCounter votes(pool_, noise, image, 5, 0);
    return certify(votes, noise);
  }
  void expect_same(const procedure::Settings& settings, Label label,
                   const std::function<StagedCertificate(VoteCounter&, const noise::NoisyWriter&)>& directly) {
    const Certifier certifier(settings);
    const StagedCertificate one = by(settings, [&](VoteCounter& votes, const auto&) { return certifier(votes, label); });
    const StagedCertificate other = by(settings, directly);
    EXPECT_TRUE(one.label);
    EXPECT_EQ(one.label, other.label);
    EXPECT_EQ(one.radius, other.radius);
    EXPECT_EQ(one.p_lower, other.p_lower);
    EXPECT_EQ(one.selection.votes, other.selection.votes);
    EXPECT_EQ(one.estimation.votes, other.estimation.votes);
    EXPECT_EQ(one.looks.size(), other.looks.size());
  }

  const std::unique_ptr<model::Classifier> classifier_ = linear_classifier({1, 1}, -1.0, shape);
  ThreadPool pool_{*classifier_, 2};
};

TEST_F(CertifierOfSettings, OfFixedSamplesIsCertify) {
  for (const std::uint64_t selection : {0u, 50u}) {
    const auto settings = settings_of(procedure::FixedSamples{selection, 1000});
    expect_same(settings, 1, [&](VoteCounter& votes, const auto&) {
      return StagedCertificate{
          certify(votes, {procedure::smoothing_of(settings), settings.alpha, selection, 1000, stats::Bound::cohen, selection > 0}), {}};
    });
  }
}

TEST_F(CertifierOfSettings, OfNamedRadiiTestsTheClassOfItsSelection) {
  const auto settings = settings_of(procedure::NamedRadii{of_selection, {0, 0.1, 0.2}});
  const stats::RadiiTest test(procedure::radii_design(settings));
  expect_same(settings, 0, [&](VoteCounter& votes, const auto&) { return certify(votes, test, {{}, 50}, {}); });
}

TEST_F(CertifierOfSettings, OfAToleranceTestsTheLabel) {
  const auto settings = settings_of(procedure::Tolerance{of_the_label, 0.1, 100});
  const stats::ToleranceTest test(procedure::two_stage_design(settings), of_the_label.futility);
  expect_same(settings, 1, [&](VoteCounter& votes, const auto&) { return certify(votes, test, {1, 0}, {}); });
}

TEST_F(CertifierOfSettings, AtAnyTimeEndsWhereItIsTold) {
  const auto settings = settings_of(procedure::Anytime{of_the_label, {}});
  const stats::AnytimeTest test(procedure::anytime_design(settings));
  expect_same(settings, 1, [&](VoteCounter& votes, const auto&) { return certify(votes, test, {1, 0}, {}); });
  const Certifier certifier(settings);
  const StagedCertificate stopped = by(settings, [&](VoteCounter& votes, const auto&) {
    return certifier(votes, 1, [](const Progress& progress) { return progress.counts.total() < 200; });
  });
  EXPECT_LT(stopped.estimation.total(), 1000u);
}

TEST_F(CertifierOfSettings, OfSplittingTakesEverySplit) {
  expect_same(settings_of(procedure::Splitting{60}, NoiseKind::split), 1, [](VoteCounter& votes, const noise::NoisyWriter& noise) {
    return StagedCertificate{certify_by_splitting(votes, noise.splits()), {}};
  });
}

TEST(Certifier, OfAMethodThatCertifiesNothingIsRefused) {
  EXPECT_THROW(Certifier(settings_of(procedure::Prediction{1000})), InputError);
  EXPECT_THROW(Certifier(settings_of(procedure::FixedSamples{100, 0})), InputError);
}

}  // namespace
}  // namespace ballast::smooth::certifier_test
