// SPDX-License-Identifier: Apache-2.0
//
// Wong and Kolter's bounds as they are trained: those of the verifier, their gradients, and what random projections make of them.

#include "margin_bounds.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/verify/verifier.hpp"
#include "gradients.hpp"
#include "graph/network.hpp"
#include "reach.hpp"

namespace ballast::train::margin_bounds_test {
namespace {

using graph::testing::Network;

struct Sample {
  const char* name;
  graph::Graph graph;
  ImageShape shape;
};

Sample dense(std::uint32_t seed) {
  Network n({graph::batch, 6}, seed);
  n.linear(12), n.relu(), n.linear(10), n.relu(), n.linear(7), n.relu(), n.linear(4);
  return {"dense", n.finish(), {1, 1, 6}};
}

Sample convolutional(std::uint32_t seed) {
  Network n({graph::batch, 2, 8, 8}, seed);
  n.apply(graph::Binary{graph::Binary::Kind::subtract}, {n.x, n.constant({2, 1, 1})});
  n.apply(graph::Binary{graph::Binary::Kind::divide}, {n.x, n.constant({1, 2, 1, 1}, 0.5, 2)});
  n.convolution(4, 3, true, 1, 2), n.relu(), n.convolution(4, 3, true, 2), n.relu();
  n.flatten(), n.linear(8), n.relu(), n.linear(3);
  return {"convolutional", n.finish(), {2, 8, 8}};
}

// Windows of even size and unequal pads, dilation, two layers and an average pool without a ReLU between them.
Sample uneven(std::uint32_t seed) {
  Network n({graph::batch, 1, 9, 8}, seed);
  graph::Convolution conv;
  conv.strides = {2, 1}, conv.pads = {1, 0, 2, 1}, conv.dilations = {1, 2};
  n.apply(conv, {n.x, n.constant({3, 1, 4, 2}), n.constant({3})});
  graph::Pool pool;
  pool.kind = graph::Pool::Kind::average, pool.kernel = {2, 2}, pool.strides = {2, 1};
  n.apply(pool, {n.x}), n.relu(), n.convolution(3, 3, false), n.convolution(2, 3), n.relu();
  n.apply(graph::Reduce{{2, 3}, false}, {n.x}), n.linear(5), n.relu(), n.linear(3);
  return {"uneven", n.finish(), {1, 9, 8}};
}

std::vector<Sample> samples() { return {dense(1), dense(2), convolutional(3), convolutional(4), uneven(5), uneven(6)}; }

at::Tensor images_for(const graph::Graph& graph, std::int64_t count, std::uint32_t seed) {
  Sizes sizes = graph.dims(graph.input);
  sizes[0] = count;
  return random_values(sizes, seed, 0, 1);
}

at::Tensor labels_for(const at::Tensor& images, std::int64_t classes) { return at::arange(images.size(0), at::kLong).remainder(classes); }

// The least bound of a class that is not the label.
double least_of(const at::Tensor& bounds, std::int64_t image, std::int64_t label) {
  at::Tensor row = bounds.select(0, image).clone();
  row.select(0, label).fill_(1e30);
  return row.min().item<double>();
}

TEST(MarginBounds, AreThoseOfTheVerifier) {
  for (const Sample& sample : samples()) {
    const verify::Verifier verifier(sample.graph, sample.shape, verify::Method::wong);
    const at::Tensor images = images_for(sample.graph, 4, 7), labels = labels_for(images, sample.graph.classes());
    for (const auto& [type, relative] : {std::pair{at::kDouble, 1e-9}, std::pair{at::kFloat, 1e-4}}) {
      const model::Network network(sample.graph, type);
      for (const double radius : {0.01, 0.1, 0.3, 1.0}) {
        const at::Tensor bounds = margin_bounds(chains_of(network), images.to(type), labels, radius);
        for (std::int64_t i = 0; i < images.size(0); ++i) {
          const auto label = labels[i].item<std::int64_t>();
          const at::Tensor image = images.select(0, i).contiguous();
          const std::span<const double> pixels(image.data_ptr<double>(), static_cast<std::size_t>(image.numel()));
          const double expected = verifier.margin_bound(pixels, static_cast<Label>(label), radius);
          EXPECT_NEAR(least_of(bounds, i, label), expected, relative * (1 + std::abs(expected))) << sample.name << " at " << radius;
          EXPECT_NEAR(bounds[i][label].item<double>(), 0, 1e-10);
        }
      }
    }
  }
}

TEST(MarginBounds, OfALinearNetworkAreMarginsLessEpsilonTimesTheRowsDistance) {
  Network n({graph::batch, 5}, 1);
  n.linear(3);
  const graph::Graph linear = n.finish();
  model::Network network(linear, at::kDouble);
  const at::Tensor images = images_for(linear, 3, 2), labels = labels_for(images, 3), scores = network.forward(images);
  const at::Tensor bounds = margin_bounds(chains_of(network), images, labels, 0.7);
  const at::Tensor& rows = network.constants().at(linear.nodes[0].inputs[1]);
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t j = 0; j < 3; ++j) {
      const double margin = (scores[i][i] - scores[i][j]).item<double>(), apart = (rows[i] - rows[j]).norm().item<double>();
      EXPECT_NEAR(bounds[i][j].item<double>(), margin - 0.7 * apart, 1e-12);
    }
  }
}

TEST(MarginBounds, HaveTheGradientsOfFiniteDifferences) {
  for (const Sample& sample : {dense(1), convolutional(3), uneven(5)}) {
    model::Network network(sample.graph, at::kDouble);
    const at::Tensor images = images_for(sample.graph, 3, 8), labels = labels_for(images, sample.graph.classes());
    for (const int projections : {0, 5}) {
      const auto loss = [&] {
        const auto chains = chains_of(network);
        const at::Tensor bounds = projections == 0 ? margin_bounds(chains, images, labels, 0.2)
                                                   : margin_bounds(chains, images, labels, 0.2, projections, Draws({}, 1));
        return at::cross_entropy_loss(-bounds, labels);
      };
      expect_gradients_of_differences(network, loss);
    }
  }
}

// What the estimates' mean and deviation are, in units of what they estimate, by their laws.
struct Law {
  double mean = 0, deviation = 0;
};

// The root of a mean of k squares of normal numbers: a chi variable with k degrees of freedom over the root of k.
Law law_of_length(int k) {
  const double mean = std::sqrt(2.0 / k) * std::exp(std::lgamma((k + 1) / 2.0) - std::lgamma(k / 2.0));
  return {mean, std::sqrt(1 - mean * mean)};
}

// The middle one of k = 2 m + 1 absolute Cauchy numbers: tan(pi U / 2) of U from Beta(m + 1, m + 1), integrated by midpoints.
Law law_of_median(int k) {
  constexpr int points = 200'000;
  const double m = (k - 1) / 2.0, log_scale = std::lgamma(k + 1.0) - 2 * std::lgamma(m + 1);
  double first = 0, second = 0;
  for (int i = 0; i < points; ++i) {
    const double u = (i + 0.5) / points, weight = std::exp(log_scale + m * std::log(u * (1 - u))) / points;
    const double value = std::tan(std::numbers::pi * u / 2);
    first += weight * value, second += weight * value * value;
  }
  return {first, std::sqrt(second - first * first)};
}

constexpr int trials = 400, projections = 51;

// A mean over the trials, nearly normal, lies further from its own by chance with probability 6.6e-9: one of the 128 that are looked at
// with less than 1e-6.
constexpr double deviations = 5.8;

void expect_law(const at::Tensor& mean, const at::Tensor& exact, const Law& law) {
  const at::Tensor ratio = (mean / exact).flatten();
  for (std::int64_t i = 0; i < ratio.size(0); ++i) {
    EXPECT_NEAR(ratio[i].item<double>(), law.mean, deviations * law.deviation / std::sqrt(trials)) << "value " << i;
  }
}

template <typename Estimate>
at::Tensor mean_over_trials(Estimate estimate) {
  at::Tensor sum;
  for (std::uint32_t trial = 0; trial < trials; ++trial) {
    const at::Tensor one = estimate(Draws({11, noise::Purpose::training, 3}, trial));
    sum = sum.defined() ? sum + one : one;
  }
  return sum / trials;
}

TEST(Projections, EstimateLengthsOfRowsByNormalNumbers) {
  const model::Network network(convolutional(3).graph, at::kDouble);
  const auto chains = chains_of(network);
  const at::Tensor exact = ExactDualBounds(chains, 0.3, at::kDouble).of_next();
  const at::Tensor mean =
      mean_over_trials([&](const Draws& draws) { return ProjectedDualBounds(chains, 0.3, at::kDouble, projections, draws).of_next(); });
  ASSERT_EQ(exact.numel(), 64);
  expect_law(mean, exact, law_of_length(projections));
}

// Slopes of 0 leave the room of the first ReLU alone.
TEST(Projections, EstimateSumsOverRoomByCauchyNumbers) {
  const model::Network network(convolutional(3).graph, at::kDouble);
  const auto chains = chains_of(network);
  const ParallelLines lines{at::zeros({2, 4, 4, 4}, at::kDouble), random_values({2, 4, 4, 4}, 4, 0.1, 2)};
  ExactDualBounds reach(chains, 0.3, at::kDouble);
  reach.pass(lines);
  const at::Tensor exact = reach.of_next().select(0, 1);
  const at::Tensor mean = mean_over_trials([&](const Draws& draws) {
    ProjectedDualBounds projected(chains, 0.3, at::kDouble, projections, draws);
    projected.of_next();
    projected.pass(lines);
    return projected.of_next().select(0, 1);
  });
  ASSERT_EQ(exact.numel(), 64);
  expect_law(mean, exact, law_of_median(projections));
}

// A median of very many numbers is what it estimates, layer by layer and for the margins.
TEST(Projections, ComeCloseToTheBoundsWhereTheyAreMany) {
  for (const Sample& sample : {dense(1), convolutional(4), uneven(5)}) {
    const model::Network network(sample.graph, at::kDouble);
    const at::Tensor images = images_for(sample.graph, 4, 9), labels = labels_for(images, sample.graph.classes());
    const auto chains = chains_of(network);
    const at::Tensor exact = margin_bounds(chains, images, labels, 0.1);
    const at::Tensor far = exact - margin_bounds(chains, images, labels, 0);
    const at::Tensor estimated = margin_bounds(chains, images, labels, 0.1, 10'000, Draws({5, noise::Purpose::training, 3}, 0));
    EXPECT_LT((estimated - exact).abs().max().item<double>(), 0.05 * far.abs().max().item<double>()) << sample.name;
    EXPECT_GT((estimated - exact).abs().max().item<double>(), 0);
  }
}

std::string refusal(const graph::Graph& graph) {
  try {
    chains_of(model::Network(graph));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Chains, RefuseOtherNetworksByOperationAndNode) {
  const auto starts_with = [](const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; };
  Network norm({graph::batch, 2, 4, 4});
  norm.convolution(3, 3), norm.batch_norm();
  EXPECT_TRUE(starts_with(refusal(norm.finish()), "BatchNormalization node 'node1': its statistics mix"));
  Network sum({graph::batch, 4});
  const auto x = sum.x;
  sum.linear(4), sum.relu(), sum.add(x);
  EXPECT_TRUE(starts_with(refusal(sum.finish()), "Add node 'node2': it reads more than the value before it"));
  Network pooled({graph::batch, 2, 4, 4});
  pooled.apply(graph::Pool{}, {pooled.x});
  EXPECT_TRUE(starts_with(refusal(pooled.finish()), "MaxPool node 'node0': its margins cannot be bounded"));
  Network curved({graph::batch, 4});
  curved.linear(4), curved.apply(graph::Activation{graph::Activation::Kind::tanh}, {curved.x});
  EXPECT_TRUE(starts_with(refusal(curved.finish()), "Tanh node 'node1'"));
  EXPECT_FALSE(refusal(graph::build_architecture("resnet8", {1, 8, 8}, 4, {})).empty());
  EXPECT_EQ(refusal(graph::build_architecture("cnn-large", {1, 8, 8}, 4, {{0.5f}, {0.5f}})), "");
}

TEST(Chains, OfTheSmallNetworkNeedGigabytesAtMost) {
  const model::Network network(graph::build_architecture("cnn-small", {1, 28, 28}, 10, {}));
  EXPECT_EQ(matrix_elements(chains_of(network), 50), std::int64_t{50} * 1568 * 3136);
}

}  // namespace
}  // namespace ballast::train::margin_bounds_test
