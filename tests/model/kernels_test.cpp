// SPDX-License-Identifier: Apache-2.0
//
// Layers in layouts for which the library has no kernel of its own are brought to others.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../graph/interpreter.hpp"
#include "ballast/graph/graph.hpp"
#include "scores.hpp"
#include "test_models.hpp"

namespace ballast::model::kernels_test {
namespace {

using graph::Graph;
using graph::ValueId;

constexpr double bf16_tolerance = 2e-2;  // of the largest score: eight bits, through a few layers

class Layers {
 public:
  explicit Layers(graph::Dims dims) { x = graph.add_input("image", std::move(dims)); }

  Graph graph;
  ValueId x;

  ValueId convolution(ValueId from, std::int64_t outs, std::int64_t kernel, std::int64_t groups) {
    const std::int64_t ins = graph.dims(from)[1] / groups;
    graph::Tensor weights{{outs, ins, kernel, kernel}, {}};
    std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(ins)));
    for (std::int64_t i = 0; i < outs * ins * kernel * kernel; ++i) weights.values.push_back(normal(random_));
    graph::Convolution conv;
    conv.pads.assign(4, kernel / 2);
    conv.groups = groups;
    const ValueId constant = graph.add_constant("w", std::move(weights));
    return graph.append(conv, "conv", {from, constant});
  }

  Graph ended(ValueId last) {
    graph.output = graph.append(graph::Reshape{}, "scores", {last}, {graph::batch, graph::elements(graph.dims(last))});
    return graph;
  }

 private:
  std::mt19937 random_{1};
};

void expect_kernels_and_scores(const Graph& network) {
  std::vector<std::vector<float>> scores;
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    ModelOptions options;
    options.precision = precision;
    const auto classifier = classifier_from(network, options);
    for (const std::string& step : classifier->plan()) EXPECT_EQ(step.find("[ref"), std::string::npos) << step;
    const auto session = classifier->new_session();
    write_formula(session->input(), classifier->affine(), false, 0, 0);
    std::vector<Label> labels(1);
    session->classify(labels);
    const auto own = session->scores(1);
    scores.emplace_back(own.begin(), own.end());
  }
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < scores[0].size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(scores[0][i])));
    difference = std::max(difference, std::abs(static_cast<double>(scores[0][i] - scores[1][i])));
  }
  EXPECT_LT(difference, bf16_tolerance * largest);
}

TEST(Kernels, AResidualThatLiesRowByRowIsSummedByAKernel) {
  if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  Layers layers({graph::batch, 64, 14, 14});
  const ValueId residual = layers.graph.append(graph::Transpose{{0, 1, 3, 2}}, "turned", {layers.convolution(layers.x, 32, 1, 1)});
  const ValueId summed = layers.convolution(layers.convolution(layers.x, 64, 1, 1), 32, 1, 1);
  expect_kernels_and_scores(layers.ended(layers.graph.append(graph::Binary{graph::Binary::Kind::add}, "sum", {summed, residual})));
}

TEST(Kernels, AWindowLargerThanTheImageIsMovedByAKernel) {
  if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  Layers layers({graph::batch, 32, 1, 1});
  expect_kernels_and_scores(layers.ended(layers.convolution(layers.convolution(layers.x, 32, 5, 32), 10, 1, 1)));
}

TEST(Kernels, GroupsOfFewChannelsAndTheirMeanAreComputedByKernels) {
  if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  for (const auto& [channels, groups] : {std::pair{128, 32}, std::pair{208, 26}}) {
    Layers layers({graph::batch, channels, 8, 8});
    const ValueId grouped = layers.convolution(layers.convolution(layers.x, channels, 1, 1), channels, 3, groups);
    expect_kernels_and_scores(layers.ended(layers.graph.append(graph::Reduce{{2, 3}}, "mean", {grouped})));
  }
}

// The second factor is brought to rows when the first one's buffer is read for the last time.
TEST(Kernels, BothFactorsOfAProductAreThereUntilItIsMade) {
  Layers layers({graph::batch, 32, 8, 8});
  const ValueId turned = layers.graph.append(graph::Transpose{{0, 3, 1, 2}}, "turned", {layers.convolution(layers.x, 32, 1, 1)});
  const ValueId other = layers.convolution(layers.x, 32, 1, 1);
  graph::Slice slice;
  slice.starts = {0, 0, 0, 0};
  slice.steps = {1, 1, 1, 1};
  const ValueId left = layers.graph.append(slice, "left", {other}, {graph::batch, 8, 2, 32 / 4});
  const ValueId right = layers.graph.append(slice, "right", {turned}, {graph::batch, 8, 8, 8});
  const ValueId product = layers.graph.append(graph::MatMul{}, "product", {left, right});
  const Graph network = layers.ended(product);
  std::vector<double> inputs(static_cast<std::size_t>(5 * 32 * 64));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    inputs[i] = static_cast<double>(static_cast<float>(std::sin(static_cast<double>(i % 997))));
  const auto expected = graph::testing::run(network, inputs);
  const auto scores = scores_of(network, inputs, 5, {.precision = Precision::fp32});
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 1e-4 * (1 + std::abs(expected[i])));
}

}  // namespace
}  // namespace ballast::model::kernels_test
