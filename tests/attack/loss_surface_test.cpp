// SPDX-License-Identifier: Apache-2.0
//
// The objectives against their definition, and their gradients against central differences, in double precision.

#include "loss_surface.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attack_fixtures.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::attack::loss_surface_test {
namespace {

constexpr ImageShape shape{2, 4, 4};
constexpr std::size_t copies = 5;
constexpr double step = 1.0 / (1 << 14);   // a power of two
constexpr double slope_tolerance = 1e-7;   // of the largest slope: step^2 / 6 times a third derivative, and 2^-53 / step times the value
constexpr double value_tolerance = 1e-12;  // sums of at most 40 terms in another order, and exp and log
const std::vector<ChannelAffine> affine{{2, -0.5}, {0.5, 0.25}};

// Copies of an image with noise, as parts of three and two.
Slope slope_of(const LossSurface& surface, const std::vector<double>& image, Objective objective, Label label = 1) {
  std::vector<Part> parts;
  for (const std::size_t first : {0, 3}) {
    std::vector<double> images;
    for (std::size_t copy = first; copy < (first == 0 ? 3 : copies); ++copy) {
      for (std::size_t i = 0; i < image.size(); ++i) images.push_back(image[i] + 2 * arbitrary(i + 100 * copy, 9));
    }
    parts.push_back(surface.part(images, label, objective));
  }
  return joined(parts, objective, copies);
}

class Slopes : public ::testing::TestWithParam<Objective> {};

TEST_P(Slopes, AreThoseOfTheObjective) {
  const LossSurface surface(curved(shape), shape, {}, affine, at::kDouble);
  const std::vector<double> image = arbitrary_values(shape.size(), 5);
  const Slope slope = slope_of(surface, image, GetParam());
  ASSERT_EQ(slope.gradient.size(), shape.size());
  double largest = 0;
  for (const double value : slope.gradient) largest = std::max(largest, std::abs(value));
  ASSERT_GT(largest, 1e-3);
  for (std::size_t i = 0; i < image.size(); ++i) {
    auto there = image, back = image;
    there[i] += step, back[i] -= step;
    const double difference = (slope_of(surface, there, GetParam()).value - slope_of(surface, back, GetParam()).value) / (2 * step);
    EXPECT_NEAR(slope.gradient[i], difference, slope_tolerance * largest) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Slopes, ::testing::Values(Objective::mean_loss, Objective::log_mean),
                         [](const auto& instance) { return instance.param == Objective::mean_loss ? "MeanLoss" : "LogMean"; });

// For a half-space the probability of class 1 is 1 / (1 + exp(-(w . x + b))).
TEST(Value, IsThatOfTheDefinition) {
  const std::vector<double> w{1, -2, 0.5, 4};
  const LossSurface surface(half_space(w, 0.25, {1, 2, 2}), {1, 2, 2}, {}, {{1, 0}}, at::kDouble);
  const std::vector<double> images{0.1, 0.2, 0.3, 0.4, 0.9, 0.8, 0.7, 0.1, 0.5, 0.25, 0.125, 1};
  double mean_loss = 0, mean_probability = 0;
  for (std::size_t copy = 0; copy < 3; ++copy) {
    double score = 0.25;
    for (std::size_t i = 0; i < 4; ++i) score += w[i] * images[4 * copy + i];
    mean_loss += std::log1p(std::exp(-score)) / 3;
    mean_probability += 1 / (1 + std::exp(-score)) / 3;
  }
  const auto value = [&](Objective objective) {
    const std::vector<Part> parts{surface.part({images.begin(), images.begin() + 8}, 1, objective),
                                  surface.part({images.begin() + 8, images.end()}, 1, objective)};
    return joined(parts, objective, 3).value;
  };
  EXPECT_NEAR(value(Objective::mean_loss), mean_loss, value_tolerance);
  EXPECT_NEAR(value(Objective::log_mean), -std::log(mean_probability), value_tolerance);
}

TEST(LogMean, HasASlopeWhereProbabilitiesUnderflow) {
  const std::vector<double> w{3000, -4000};
  const ImageShape pair{1, 1, 2};
  const LossSurface surface(half_space(w, 0, pair), pair, {}, {{1, 0}});
  const std::vector<Part> parts{surface.part({0, 1}, 1, Objective::log_mean), surface.part({0, 0.99}, 1, Objective::log_mean)};
  const Slope slope = joined(parts, Objective::log_mean, 2);
  EXPECT_NEAR(slope.value, 3960 + std::log(2), 1e-2);  // the second copy's probability, exp(-3960), is all of the sum
  EXPECT_NEAR(slope.gradient[0], -3000, 1e-2);
  EXPECT_NEAR(slope.gradient[1], 4000, 1e-2);
}

TEST(Surface, TakesTheNetworksOwnScalingFromTheAffineMapAlone) {
  const ImageShape pair{1, 1, 2};
  graph::Graph scaled;
  graph::ValueId x = scaled.add_input("image", {graph::batch, 1, 1, 2});
  x = scaled.append(graph::Binary{graph::Binary::Kind::multiply}, "scale", {x, scaled.add_constant("s", {{1, 1, 1, 1}, {4}})});
  x = scaled.append(graph::Reshape{}, "flatten", {x}, {graph::batch, 2});
  const auto w = scaled.add_constant("w", {{2, 2}, {0, 0, 1, 2}});
  scaled.output = scaled.append(graph::Linear{}, "classify", {x, w});
  const auto classifier = classifier_of(scaled, pair);
  ASSERT_EQ(classifier->affine()[0].scale, 4);
  const LossSurface surface(scaled, pair, {}, classifier->affine(), at::kDouble);
  const double score = 4 * (0.25 + 2 * 0.125);
  EXPECT_NEAR(surface.part({0.25, 0.125}, 1, Objective::mean_loss).value, std::log1p(std::exp(-score)), value_tolerance);
}

TEST(Surface, TakesImagesAsTheNetworkWantsThem) {
  const ImageShape image{2, 1, 2};
  const std::vector<double> pixels{0.1, 0.2, 0.3, 0.4};  // channel 0, channel 1
  const auto network = [](const graph::Dims& dims) {
    graph::Graph graph;
    graph::ValueId x = graph.add_input("image", dims);
    if (dims.size() > 2) x = graph.append(graph::Reshape{}, "flatten", {x}, {graph::batch, 4});
    const auto w = graph.add_constant("w", {{2, 4}, {0, 0, 0, 0, 1, 2, 4, 8}});
    graph.output = graph.append(graph::Linear{}, "classify", {x, w});
    return graph;
  };
  const auto expect_score = [&](const graph::Dims& dims, graph::InputLayout layout, double score, const std::vector<double>& weights) {
    const LossSurface surface(network(dims), image, layout, {{1, 0}, {1, 0}}, at::kDouble);
    const Part part = surface.part(pixels, 1, Objective::mean_loss);
    EXPECT_NEAR(part.value, std::log1p(std::exp(-score)), value_tolerance);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(part.gradient[i], -weights[i] / (1 + std::exp(score)), value_tolerance) << i;
  };
  expect_score({graph::batch, 2, 1, 2}, graph::InputLayout::chw, 0.1 + 0.4 + 1.2 + 3.2, {1, 2, 4, 8});
  expect_score({graph::batch, 4}, graph::InputLayout::flat, 0.1 + 0.4 + 1.2 + 3.2, {1, 2, 4, 8});
  expect_score({graph::batch, 1, 2, 2}, graph::InputLayout::hwc, 0.1 + 2 * 0.3 + 4 * 0.2 + 8 * 0.4, {1, 4, 2, 8});
}

TEST(Surface, RefusesAnotherNumberOfChannels) { EXPECT_THROW(LossSurface(curved(shape), shape, {}, {{1, 0}}), InputError); }

}  // namespace
}  // namespace ballast::attack::loss_surface_test
