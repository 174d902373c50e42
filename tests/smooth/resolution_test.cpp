// SPDX-License-Identifier: Apache-2.0
//
// Images of twice the resolution take twice the noise and have twice the radius
// (Cohen, Rosenfeld and Kolter 2019, Appendix G, Proposition 6): the average
// pool of noise of deviation 2 sigma is noise of deviation sigma, so that the
// model behind the pool votes as it does on the small image.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ballast/graph/compose.hpp"
#include "ballast/model/open.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "graph/network.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::resolution_test {
namespace {

using graph::testing::Network;
using graph::testing::Values;

constexpr int factor = 2;
constexpr ImageShape small{2, 6, 6}, large{2, factor * 6, factor * 6};
constexpr double sigma = 0.25;
constexpr int draws = 512, classes = 4;

// Sums of some dozens of products in single precision, in another order.
constexpr double single_precision = 2e-5;

graph::Graph small_model() {
  Network net({graph::batch, small.channels, small.height, small.width}, 5);
  net.convolution(6, 3), net.relu(), net.flatten(), net.linear(classes);
  return net.finish();
}

graph::Graph large_model() { return graph::average_pool_in_front(small_model(), factor); }

// The pool alone.
graph::Graph pool() {
  graph::Graph nothing;
  nothing.output = nothing.add_input("image", {graph::batch, small.channels, small.height, small.width});
  return graph::average_pool_in_front(nothing, factor);
}

std::size_t small_index(std::size_t large_index) {
  const auto width = static_cast<std::size_t>(large.width), f = static_cast<std::size_t>(factor);
  return large_index / width / f * static_cast<std::size_t>(small.width) + large_index % width / f;
}

// Every pixel as a square of equal ones.
template <typename Value>
std::vector<Value> enlarged(const std::vector<Value>& pixels) {
  std::vector<Value> out(large.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = pixels[small_index(i)];
  return out;
}

// The means of squares of pixels, by hand.
Values pooled(const Values& pixels) {
  Values means(small.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) means[small_index(i)] += pixels[i];
  for (double& mean : means) mean /= factor * factor;
  return means;
}

double squared_norm(const Values& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

Image small_image() {
  std::vector<float> pixels(small.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 37 % 71) / 71;
  return {small, pixels};
}

// Noisy copies of the enlarged image, one after another.
std::vector<Values> noisy_copies(double deviation) {
  const Image image{large, enlarged(small_image().unit_pixels())};
  std::vector<float> room(large.size() * static_cast<std::size_t>(draws));
  const InputBuffer buffer{room.data(), ElementType::f32, large, large.size(), large.size() / static_cast<std::size_t>(large.channels), 1};
  const noise::NoisyWriter writer(NoiseKind::gaussian, deviation, plain(large.channels));
  writer.write(image, {1234, noise::Purpose::estimation, 0}, 0, draws, buffer);
  std::vector<Values> copies;
  for (auto at = room.begin(); at != room.end(); at += static_cast<std::ptrdiff_t>(large.size()))
    copies.emplace_back(at, at + static_cast<std::ptrdiff_t>(large.size()));
  return copies;
}

// A model on the plain engine, one image at a time.
class Engine {
 public:
  explicit Engine(const graph::Graph& graph) {
    model::ModelOptions options;
    options.precision = model::Precision::fp32;
    classifier_ = model::classifier_from(graph, options);
    session_ = classifier_->new_session();
  }

  struct Answer {
    Label label;
    std::vector<float> scores;
  };
  Answer operator()(const Values& image) {
    const InputBuffer buffer = session_->input();
    const auto affine = classifier_->affine();
    const std::size_t positions = image.size() / affine.size();
    for (std::size_t i = 0; i < image.size(); ++i) {
      const auto& [scale, offset] = affine[i / positions];
      const std::size_t at = i / positions * buffer.channel_stride + i % positions * buffer.position_stride;
      static_cast<float*>(buffer.data)[at] = static_cast<float>(scale * image[i] + offset);
    }
    Answer answer;
    session_->classify({&answer.label, 1});
    const auto scores = session_->scores(1);
    answer.scores.assign(scores.begin(), scores.end());
    return answer;
  }

 private:
  std::unique_ptr<model::Classifier> classifier_;
  std::unique_ptr<model::Session> session_;
};

// Of P, the pool as a matrix: P P^T = I / factor^2. So P e is again Gaussian and independent, with sigma / factor for sigma.
TEST(Resolution, ThePoolOfIndependentNoiseIsIndependentNoiseOfHalfTheDeviation) {
  std::vector<Values> columns;
  for (std::size_t i = 0; i < large.size(); ++i) {
    Values basis(large.size());
    basis[i] = 1;
    columns.push_back(graph::testing::run(pool(), basis));
  }
  for (std::size_t a = 0; a < small.size(); ++a) {
    for (std::size_t b = 0; b < small.size(); ++b) {
      double covariance = 0;
      for (const Values& column : columns) covariance += column[a] * column[b];
      EXPECT_EQ(covariance, a == b ? 1.0 / (factor * factor) : 0) << a << " and " << b;
    }
  }
}

// 36,864 pooled draws: their mean square is normal to a good approximation, and 4.9 deviations off once in a million seeds.
TEST(Resolution, DrawnNoiseHasHalfTheDeviationBehindThePool) {
  const auto clean = small_image().unit_pixels();
  double sum = 0;
  for (const Values& copy : noisy_copies(factor * sigma)) {
    const Values means = graph::testing::run(pool(), copy);
    for (std::size_t i = 0; i < means.size(); ++i) sum += std::pow((means[i] - static_cast<double>(clean[i])) / sigma, 2);
  }
  const double count = static_cast<double>(draws) * static_cast<double>(small.size());
  EXPECT_NEAR(sum / count, 1, 4.9 * std::sqrt(2 / count));
}

TEST(Resolution, EveryVoteIsTheSmallModelsOnThePooledNoise) {
  Engine on_large(large_model()), on_small(small_model());
  std::set<Label> seen;
  double least_margin = INFINITY, largest_error = 0;
  for (const Values& copy : noisy_copies(factor * sigma)) {
    const auto [large_label, large_scores] = on_large(copy);
    auto [small_label, small_scores] = on_small(pooled(copy));
    ASSERT_EQ(large_scores.size(), static_cast<std::size_t>(classes));
    for (std::size_t c = 0; c < large_scores.size(); ++c)
      largest_error = std::max(largest_error, std::abs(static_cast<double>(large_scores[c]) - static_cast<double>(small_scores[c])));
    EXPECT_EQ(large_label, small_label);
    seen.insert(small_label);
    std::sort(small_scores.begin(), small_scores.end());
    least_margin = std::min(least_margin, static_cast<double>(small_scores[classes - 1]) - static_cast<double>(small_scores[classes - 2]));
  }
  EXPECT_LT(largest_error, single_precision);
  EXPECT_GT(least_margin, 2 * single_precision);  // of this seed: no vote hangs on rounding
  EXPECT_GT(seen.size(), 1u);
}

// The engine and, in double precision, the definition of each operation.
TEST(Resolution, TheEngineGivesTheScoresOfTheDefinition) {
  Engine on_large(large_model());
  const auto copies = noisy_copies(factor * sigma);
  for (std::size_t i = 0; i < 8; ++i) {
    const Values exact = graph::testing::run(large_model(), copies[i]);
    const Values from_small = graph::testing::run(small_model(), pooled(copies[i]));
    const auto scores = on_large(copies[i]).scores;
    for (std::size_t c = 0; c < exact.size(); ++c) {
      EXPECT_EQ(exact[c], from_small[c]);
      EXPECT_NEAR(static_cast<double>(scores[c]), exact[c], single_precision);
    }
  }
}

TEST(Resolution, ThePoolTakesAnEnlargedImageBackAndHalvesLengths) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 20; ++trial) {
    Values delta(small.size()), other(large.size());
    for (double& value : delta) value = static_cast<double>(random() % 513) / 256 - 1;  // sums of their squares are exact
    for (double& value : other) value = static_cast<double>(random() % 513) / 256 - 1;
    EXPECT_EQ(graph::testing::run(pool(), enlarged(delta)), delta);
    EXPECT_EQ(std::sqrt(squared_norm(enlarged(delta))), factor * std::sqrt(squared_norm(delta)));
    EXPECT_LE(factor * factor * squared_norm(graph::testing::run(pool(), other)), squared_norm(other));  // no perturbation gains
  }
}

TEST(Resolution, TheRadiusOfEqualCountsIsTwiceAsLarge) {
  for (const double small_sigma : {0.12, 0.25, 0.5, 1.0, 0.3337}) {
    for (const std::uint64_t failures : {0, 1, 37, 400, 4900}) {
      const double doubt = stats::upper_failure_bound({10'000 - failures, 10'000}, 0.001);
      if (doubt >= 0.5) continue;
      const double radius = stats::radius_below(small_sigma, doubt);
      EXPECT_GT(radius, 0);
      EXPECT_EQ(stats::radius_below(factor * small_sigma, doubt), factor * radius) << small_sigma << ", " << failures << " failures";
    }
  }
}

}  // namespace
}  // namespace ballast::smooth::resolution_test
