// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/quantise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <string>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/passes.hpp"
#include "network.hpp"

namespace ballast::graph::quantise_test {
namespace {

using namespace testing;

// A first layer, a block with a convolution beside it, one without, and a last layer.
struct Residual : Network {
  Residual() : Network({batch, 3, 8, 8}, 5) {
    convolution(8, 3), first = relu();
    convolution(16, 3, true, 1, 2), inner = relu();
    const ValueId main = convolution(16, 3);
    x = first;
    beside = convolution(16, 1, true, 1, 2);
    add(main), block = relu();
    convolution(16, 3), second_inner = relu();
    convolution(16, 3), add(block), last = relu();
    apply(Reduce{{2, 3}, false}, {x});
    linear(5);
  }
  ValueId first, inner, beside, block, second_inner, last;
};

std::vector<double> images(std::size_t count) {
  std::vector<double> values(count * 3 * 64);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i * i % 1009));
  return values;
}

std::vector<Extremes> extremes_over(const Graph& graph, const std::vector<ValueId>& values, std::size_t count) {
  const auto found = testing::run(extremes_of(graph, values), images(count));
  std::vector<Extremes> extremes(values.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto& [least, greatest] = extremes[i / 2 % values.size()];
    if (i % 2 == 0) least = std::min(least, static_cast<float>(found[i]));
    else greatest = std::max(greatest, static_cast<float>(found[i]));
  }
  return extremes;
}

TEST(Quantise, RoundsWhatLayersReadAndBothSidesOfSums) {
  const Residual net;
  const auto values = values_to_quantise(net.finish());
  // Of the convolutions that are added, the earlier one's result is rounded and the later one's joins it.
  const std::set<ValueId> found(values.begin(), values.end());
  EXPECT_EQ(found.size(), values.size());
  std::set<ValueId> expected{net.first, net.inner, net.block, net.second_inner, net.last};
  for (const Node& node : net.graph.nodes) {  // the main branch, which comes first here
    if (std::holds_alternative<Convolution>(node.operation) && node.inputs[0] == net.inner) expected.insert(node.output);
  }
  EXPECT_EQ(found, expected);
}

TEST(Quantise, ExtremesAreTheLeastAndTheGreatestOfEachImage) {
  const Residual net;
  const std::vector<ValueId> values{net.first, net.beside};
  const auto found = testing::run(extremes_of(net.finish(), values), images(2));
  ASSERT_EQ(found.size(), 2u * 2 * 2);
  for (std::size_t which = 0; which < values.size(); ++which) {
    Graph cut = net.graph;
    cut.output = cut.append(Reshape{}, "flat", {values[which]}, {batch, elements(cut.dims(values[which]))});
    const auto all = testing::run(cut, images(2));
    for (std::size_t image = 0; image < 2; ++image) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(image * all.size() / 2);
      const auto [least, greatest] = std::minmax_element(begin, begin + static_cast<std::ptrdiff_t>(all.size() / 2));
      EXPECT_EQ(found[image * 4 + which * 2], *least);
      EXPECT_EQ(found[image * 4 + which * 2 + 1], *greatest);
    }
  }
}

TEST(Quantise, ChangesScoresByLittleAndGivesWholeWeights) {
  const Residual net;
  const Graph graph = net.finish();
  const auto values = values_to_quantise(graph);
  const Graph rounded = quantised(graph, extremes_over(graph, values, 4));
  const auto before = testing::run(graph, images(4)), after = testing::run(rounded, images(4));
  double largest = 0, off = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    largest = std::max(largest, std::abs(before[i]));
    off = std::max(off, std::abs(before[i] - after[i]));
  }
  EXPECT_GT(off, 0);
  EXPECT_LT(off, 0.03 * largest);  // 8 bits, a few layers deep
  int whole = 0, roundings = 0;
  for (const Node& node : rounded.nodes) {
    if (const auto* activation = std::get_if<Activation>(&node.operation)) roundings += activation->kind == Activation::Kind::quantise;
    if (std::holds_alternative<Convolution>(node.operation)) whole += whole_weights(rounded.tensor(node.inputs[1])).has_value();
  }
  EXPECT_EQ(roundings, static_cast<int>(values.size()));
  EXPECT_EQ(whole, 5);  // all but the first
  EXPECT_TRUE(rounds(rounded));
}

TEST(Quantise, IsTheSameWhenWrittenAndReadAgain) {
  const Residual net;
  const Graph graph = net.finish();
  const Graph rounded = quantised(graph, extremes_over(graph, values_to_quantise(graph), 4));
  const auto file = std::filesystem::temp_directory_path() / ("ballast_quantised_" + std::to_string(std::random_device{}()) + ".onnx");
  save_onnx(rounded, file);
  const auto single = std::filesystem::file_size(file);
  save_onnx(rounded, file, {.weights = WeightForm::whole});
  EXPECT_LT(std::filesystem::file_size(file), single / 2);
  Graph again = load_onnx(file);
  std::filesystem::remove(file);
  recognise_operations(again);
  EXPECT_EQ(again.nodes.size(), rounded.nodes.size());
  const auto before = testing::run(rounded, images(4)), after = testing::run(again, images(4));
  // Weights are a whole number times a step, rounded: once more where the step was found again from them.
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-4 * std::abs(before[i]) + 1e-4);
}

// A value that was 0 throughout, and a residual that is the image itself.
TEST(Quantise, NothingToMeasureAndAResidualOfTheImageAreNoTrouble) {
  Network net({batch, 4, 6, 6}, 3);
  const ValueId image = net.x;
  net.convolution(4, 3), net.relu();
  net.convolution(4, 3), net.add(image), net.relu();
  net.convolution(4, 3), net.flatten(), net.linear(3);
  const Graph graph = net.finish();
  const auto values = values_to_quantise(graph);
  EXPECT_FALSE(std::count(values.begin(), values.end(), image));
  const Graph rounded = quantised(graph, std::vector<Extremes>(values.size(), {0, 0}));
  for (const Node& node : rounded.nodes) {
    const auto* activation = std::get_if<Activation>(&node.operation);
    if (activation && activation->kind == Activation::Kind::quantise) EXPECT_EQ(activation->alpha, 1);
  }
}

TEST(Quantise, ARowOfLeastNumbersIsZero) {
  Network net({batch, 3, 6, 6}, 3);
  net.convolution(4, 3), net.relu();
  const ValueId before = net.x;
  Tensor weights{{2, 4, 1, 1}, {1, 2, 3, 4, 1e-40F, 0, 1e-41F, 0}};
  net.apply(Convolution{}, {before, net.graph.add_constant("w", weights)});
  net.flatten(), net.linear(3);
  const Graph graph = net.finish();
  const Graph rounded = quantised(graph, std::vector<Extremes>(values_to_quantise(graph).size(), {0, 1}));
  int whole = 0;
  for (const Node& node : rounded.nodes) {
    if (std::holds_alternative<Convolution>(node.operation)) whole += whole_weights(rounded.tensor(node.inputs[1])).has_value();
  }
  EXPECT_EQ(whole, 1);
}

TEST(Quantise, WhatIsNotFiniteIsRefusedByName) {
  const Residual net;
  const Graph graph = net.finish();
  std::vector<Extremes> extremes(values_to_quantise(graph).size(), {0, 1});
  extremes[0].greatest = std::numeric_limits<float>::infinity();
  try {
    quantised(graph, extremes);
    ADD_FAILURE() << "it was quantised";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("reaches from 0 to inf"), std::string::npos) << error.what();
  }
}

TEST(WholeWeights, AreFoundWithTheirSteps) {
  Tensor weights{{3, 4}, {}};
  const std::int8_t numbers[] = {127, -3, 0, 50, 2, -4, 6, 100, 0, 0, 0, 0};
  const float steps[] = {0.0123F, 1.7e-5F, 1};
  for (std::size_t i = 0; i < 12; ++i) weights.values.push_back(static_cast<float>(numbers[i]) * steps[i / 4]);
  const auto whole = whole_weights(weights);
  ASSERT_TRUE(whole);
  for (std::size_t i = 0; i < 12; ++i) {
    const float value = static_cast<float>(whole->numbers[i]) * whole->steps[i / 4];
    EXPECT_NEAR(value, weights.values[i], 1e-6 * std::abs(weights.values[i]));
  }
  EXPECT_EQ(whole->numbers[0], 127);
  EXPECT_EQ(whole->numbers[7], 50);  // all of them even: by steps of twice the size
}

TEST(WholeWeights, OthersAreNot) {
  EXPECT_FALSE(whole_weights({{1, 3}, {1, 0.5F, 0.3101F}}));
  EXPECT_FALSE(whole_weights({{1, 2}, {128, 1}}));  // beyond 127 steps
  EXPECT_FALSE(whole_weights({{1, 2}, {1, std::numeric_limits<float>::quiet_NaN()}}));
  EXPECT_FALSE(whole_weights({{2}, {1, 2}}));  // no outputs
}

}  // namespace
}  // namespace ballast::graph::quantise_test
