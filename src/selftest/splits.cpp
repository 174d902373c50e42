// SPDX-License-Identifier: Apache-2.0
//
// Splitting has no chance in it: every level of a pixel is tried.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "ballast/model/callback_classifier.hpp"
#include "ballast/smooth/certify_splitting.hpp"
#include "checks.hpp"

namespace ballast::selftest {
namespace {

constexpr ImageShape splits_shape{1, 1, 1};
constexpr int levels = 256;

std::vector<smooth::Certificate> certificates_of_all_levels(const model::Classifier& classifier, double lambda, std::uint64_t seed) {
  const noise::NoisyWriter noise(NoiseKind::split, lambda, classifier.affine());
  const auto session = classifier.new_session();
  smooth::InlineExecutor executor(classifier, *session);
  std::vector<smooth::Certificate> certificates;
  for (int level = 0; level < levels; ++level) {
    const Image image{splits_shape, std::vector<std::uint8_t>{static_cast<std::uint8_t>(level)}};
    smooth::VoteCounter votes(executor, noise, image, seed, static_cast<std::uint32_t>(level));
    certificates.push_back(smooth::certify_by_splitting(votes, noise.splits()));
  }
  return certificates;
}

// How many certificates say that a level nearer than the radius has the same answer, and one has not.
Finding check_splitting(double lambda, std::uint64_t seed) {
  // Three bands, so that there are two borders.
  const auto classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = images[i] > 0.7f ? 2 : images[i] > 0.4f ? 1 : 0;
      },
      splits_shape, 3, 60);
  const auto certificates = certificates_of_all_levels(*classifier, lambda, seed);
  int wrong = 0, certified = 0;
  double largest_share = 0;
  for (int level = 0; level < levels; ++level) {
    const auto& here = certificates[static_cast<std::size_t>(level)];
    if (!here.label) continue;
    ++certified;
    int nearest = levels;
    for (int other = 0; other < levels; ++other) {
      if (certificates[static_cast<std::size_t>(other)].label != here.label) nearest = std::min(nearest, std::abs(other - level));
    }
    if (nearest == levels) continue;
    const double distance = nearest / 255.0;
    wrong += here.radius > distance;
    largest_share = std::max(largest_share, here.radius / distance);
  }
  Finding finding{"certificates", fmt::format("CERTIFY, split noise, lambda {:.4f}, every level", lambda)};
  finding.found = fmt::format("{} of {} false, largest radius {:.2f} of the true one", wrong, certified, largest_share);
  finding.allowed = "0";
  finding.verdict = wrong == 0 && certified > levels / 2 ? Finding::Verdict::holds : Finding::Verdict::fails;
  finding.numbers = {{"false", wrong}, {"images", certified}, {"most_by_chance", 0}};
  finding.random = false;
  return finding;
}

}  // namespace

std::vector<Check> splitting_checks(std::uint64_t seed) {
  std::vector<Check> checks;
  for (const double splits : {20.0, 61.0, 128.0}) checks.emplace_back([=] { return Findings{check_splitting(splits / 510, seed)}; });
  return checks;
}

}  // namespace ballast::selftest
