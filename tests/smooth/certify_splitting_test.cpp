// SPDX-License-Identifier: Apache-2.0
//
// Deterministic smoothing on images of two pixels: every perturbation is tried.

#include "ballast/smooth/certify_splitting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "smooth_fixtures.hpp"

namespace ballast::smooth::certify_splitting_test {
namespace {

constexpr std::uint64_t splits = 60;
constexpr double lambda = splits / 510.0;
const ImageShape shape{1, 1, 2};

class Smoothed {
 public:
  explicit Smoothed(const model::Classifier& classifier) : workers_(classifier, 1) {}

  Certificate operator()(int first, int second, std::uint32_t index) {
    const Image image{shape, std::vector<std::uint8_t>{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)}};
    VoteCounter votes(workers_, noise_, image, 5, index);
    return certify_by_splitting(votes, noise_.splits());
  }

 private:
  ThreadPool workers_;
  noise::NoisyWriter noise_{NoiseKind::split, lambda, plain()};
};

TEST(Splitting, CountsEverySplitOnce) {
  const auto classifier = linear_classifier({1, 1}, -1.0, shape);
  Smoothed smoothed(*classifier);
  const Certificate certificate = smoothed(200, 180, 0);
  EXPECT_EQ(certificate.estimation.total(), splits);
  EXPECT_EQ(certificate.label, 1);
  EXPECT_LE(certificate.radius, splits / 510.0);
}

TEST(Splitting, IsOneClassifierForAllImages) {
  const auto classifier = linear_classifier({1, -1}, 0.01, shape);
  Smoothed smoothed(*classifier);
  EXPECT_EQ(smoothed(100, 110, 0).estimation.votes, smoothed(100, 110, 17).estimation.votes);
}

TEST(Splitting, NeverAnswersNan) {
  const auto nan = model::classifier_from(
      [](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 2); }, shape, 2, 20);
  Smoothed smoothed(*nan);
  const Certificate certificate = smoothed(100, 110, 0);
  EXPECT_EQ(certificate.estimation.of(2), splits);
  EXPECT_FALSE(certificate.label);
  EXPECT_EQ(certificate.radius, 0);
}

// The certificate says: within the radius no image has another answer. Both are functions, so it can be tried.
TEST(Splitting, HoldsForEveryPerturbationOfTwoPixels) {
  const auto classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          const float x = images[2 * i], y = images[2 * i + 1];
          labels[i] = x * y > 0.25f ? 2 : x + 0.3f * std::sin(20 * y) > 0.45f ? 1 : 0;
        }
      },
      shape, 3, 20);
  Smoothed smoothed(*classifier);
  std::vector<std::optional<Label>> answers(256 * 256);
  std::vector<double> radii(256 * 256);
  constexpr int low = 90, high = 170;
  for (int x = low; x < high; ++x) {
    for (int y = low; y < high; ++y) {
      const Certificate certificate = smoothed(x, y, 0);
      answers[static_cast<std::size_t>(256 * x + y)] = certificate.label;
      radii[static_cast<std::size_t>(256 * x + y)] = certificate.radius;
    }
  }
  int checked = 0, changed = 0;
  for (int x = low + 10; x < high - 10; x += 3) {
    for (int y = low + 10; y < high - 10; y += 3) {
      const auto center = static_cast<std::size_t>(256 * x + y);
      if (!answers[center]) continue;
      for (int dx = -10; dx <= 10; ++dx) {
        for (int dy = -10; dy <= 10; ++dy) {
          const bool differs = answers[static_cast<std::size_t>(256 * (x + dx) + y + dy)] != answers[center];
          changed += differs;
          if ((std::abs(dx) + std::abs(dy)) / 255.0 >= radii[center]) continue;
          ++checked;
          EXPECT_FALSE(differs) << x << " " << y << " " << dx << " " << dy;
        }
      }
    }
  }
  EXPECT_GT(checked, 10'000);
  EXPECT_GT(changed, 100);  // there are answers that change, further out
}

}  // namespace
}  // namespace ballast::smooth::certify_splitting_test
