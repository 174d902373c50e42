// SPDX-License-Identifier: Apache-2.0
//
// Networks of bytes under oneDNN. With steps that are powers of two nothing rounds but what is meant to, so scores are those of the
// definition to the bit.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../graph/network.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/quantise.hpp"
#include "ballast/model/open.hpp"
#include "scores.hpp"

namespace ballast::model::whole_numbers_test {
namespace {

using graph::Activation, graph::Dims, graph::ValueId;
using Kind = Activation::Kind;

class Bytes : public graph::testing::Network {
 public:
  using Network::Network;

  ValueId rounded(float step, float middle) { return apply(Activation{Kind::quantise, step, middle}, {x}); }

  // Weights of -127 ... 127, and a bias that is as whole.
  ValueId convolution(std::int64_t out, std::int64_t kernel, float step, std::int64_t groups = 1, std::int64_t stride = 1) {
    graph::Convolution conv;
    conv.groups = groups;
    conv.strides = {stride, stride};
    conv.pads.assign(4, kernel / 2);
    return apply(conv, {x, weights({out, graph.dims(x)[1] / groups, kernel, kernel}), bias(out, step)});
  }
  ValueId linear(std::int64_t out, float step) {
    return apply(graph::Linear{}, {x, weights({out, graph.dims(x).back()}), bias(out, step)});
  }

  static constexpr float weight_step = 0x1p-7F;

 private:
  ValueId weights(const Dims& dims) {
    std::vector<float> values(static_cast<std::size_t>(graph::elements(dims)));
    const std::size_t row = values.size() / static_cast<std::size_t>(dims[0]);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float step = i / row % 2 ? weight_step : weight_step / 4;
      values[i] = (i % row == 0 ? 127 : static_cast<float>(below(255)) - 127) * step;
    }
    return graph.add_constant("weights" + std::to_string(graph.values.size()), {dims, values});
  }
  ValueId bias(std::int64_t out, float step) {
    std::vector<float> values(static_cast<std::size_t>(out));
    for (float& value : values) value = (static_cast<float>(below(4001)) - 2000) * step * weight_step / 4;
    return graph.add_constant("bias" + std::to_string(graph.values.size()), {{out}, values});
  }
};

// Numbers that bf16 has, which lies between layers.
std::vector<double> inputs_of(const graph::Graph& graph, int images) {
  std::vector<double> inputs(static_cast<std::size_t>(images * graph::elements(graph.dims(graph.input))));
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = (static_cast<double>(i * i % 251) - 125) / 8;
  return inputs;
}

void expect_its_definition(const graph::Graph& graph) {
  constexpr int images = 3;
  const auto inputs = inputs_of(graph, images);
  const auto expected = graph::testing::run(graph, inputs);
  const auto scores = scores_of(graph, inputs, images, {.precision = Precision::int8});
  ASSERT_EQ(scores.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_EQ(static_cast<float>(scores[i]), static_cast<float>(expected[i])) << "score " << i;
    largest = std::max(largest, std::abs(expected[i]));
  }
  EXPECT_GT(largest, 1);
}

// Whether layers multiply whole numbers whose channels fill no whole blocks: with oneDNN 3 they are for floats.
bool takes_any_size() {
  graph::testing::Network net({graph::batch, 3, 4, 4});
  net.flatten();
  return classifier_from(net.finish(), {.precision = Precision::fp32})->engine().starts_with("onednn 2.");
}

bool has_step(const graph::Graph& graph, const std::string& begin) {
  const auto plan = classifier_from(graph, {.precision = Precision::int8})->plan();
  return std::any_of(plan.begin(), plan.end(), [&](const std::string& line) { return line.find(begin) != std::string::npos; });
}

class WholeNumbers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_int8()) GTEST_SKIP() << "this processor does not multiply bytes exactly";
  }
};

TEST_F(WholeNumbers, ResidualBlocksAreTheirDefinitionToTheBit) {
  const bool any = takes_any_size();
  for (const std::int64_t channels : any ? std::vector<std::int64_t>{4, 16, 19, 64} : std::vector<std::int64_t>{16, 64}) {
    SCOPED_TRACE(channels);
    Bytes net({graph::batch, channels, 9, 9}, static_cast<std::uint32_t>(channels));
    const ValueId start = net.rounded(0x1p-2F, 128);
    net.convolution(channels, 3, 0x1p-2F), net.relu(), net.rounded(4, 0);
    net.convolution(channels, 3, 4), net.add(start), net.relu();  // a signed value into an unsigned sum
    const ValueId middle = net.rounded(64, 0);
    net.convolution(channels, 3, 64, 1, 2), net.relu(), net.rounded(512, 0);
    net.convolution(channels, 1, 512);
    const ValueId kept = net.rounded(2048, 128);
    net.x = middle;
    net.convolution(channels, 1, 64, 1, 2), net.add(kept), net.rounded(1024, 128);  // without an activation
    net.flatten(), net.rounded(1024, 128), net.linear(any ? 5 : 64, 1024);
    expect_its_definition(net.finish());
    EXPECT_TRUE(has_step(net.finish(), "Conv + Add + Relu + Quantize"));
    EXPECT_TRUE(has_step(net.finish(), "Conv + Add + Quantize"));
  }
}

TEST_F(WholeNumbers, GroupsAndStridesAreTheirDefinitionToTheBit) {
  const bool any = takes_any_size();
  for (const std::int64_t groups : {2, 32}) {
    SCOPED_TRACE(groups);
    Bytes net({graph::batch, 32, 8, 8}, static_cast<std::uint32_t>(groups));
    net.rounded(0x1p-2F, 128), net.convolution(32, 3, 0x1p-2F, groups), net.relu(), net.rounded(1, 0);
    net.convolution(32, 3, 1, groups, 2), net.rounded(4, 128);
    net.convolution(any ? 7 : 16, 1, 4), net.apply(Activation{Kind::leaky_relu, 0.25F}, {net.x}), net.rounded(16, 128);
    net.flatten(), net.rounded(16, 128), net.linear(any ? 3 : 64, 16);
    expect_its_definition(net.finish());
    EXPECT_TRUE(has_step(net.finish(), "Conv + Relu + Quantize"));
    EXPECT_TRUE(has_step(net.finish(), "Conv + LeakyRelu + Quantize"));
  }
}

TEST_F(WholeNumbers, LinearLayersOfManyRowsAreTheirDefinitionToTheBit) {
  const bool any = takes_any_size();
  Bytes net({graph::batch, 7, any ? 24 : 64}, 3);
  net.rounded(0x1p-2F, 128), net.linear(any ? 40 : 64, 0x1p-2F), net.relu(), net.rounded(1, 0);
  net.linear(any ? 33 : 64, 1), net.rounded(8, 128);
  net.flatten(), net.rounded(8, 128), net.linear(any ? 4 : 64, 8);
  expect_its_definition(net.finish());
  EXPECT_TRUE(has_step(net.finish(), "Linear + Relu + Quantize"));
}

// Steps whose products are no normal numbers, and sums that 31 bits may not hold, are for floats: the numbers stay what they are.
TEST_F(WholeNumbers, StepsOutOfRangeAreForFloats) {
  for (const float step : {0x1p-120F, 0x1p-140F, 0x1p120F}) {
    SCOPED_TRACE(step);
    Bytes net({graph::batch, 16, 4, 4}, 2);
    net.rounded(step, 128), net.convolution(16, 1, 0.25F), net.relu(), net.rounded(0x1p-7F, 0);
    net.flatten(), net.rounded(0x1p-7F, 0), net.linear(3, 0x1p-7F);
    const graph::Graph graph = net.finish();
    const auto inputs = inputs_of(graph, 2);
    const auto expected = graph::testing::run(graph, inputs);
    const auto scores = scores_of(graph, inputs, 2, {.precision = Precision::int8});
    double largest = 1e-6;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 0.05 * largest) << i;
  }
  Bytes wide({graph::batch, 70'000}, 4);
  wide.rounded(0x1p-2F, 128), wide.linear(4, 0x1p-2F), wide.relu(), wide.rounded(0x1p20F, 0), wide.linear(3, 1);
  EXPECT_FALSE(has_step(wide.finish(), "Linear + Relu + Quantize"));
}

TEST_F(WholeNumbers, NumbersThatAreNotFiniteAreRefused) {
  Bytes net({graph::batch, 16, 4, 4}, 2);
  net.rounded(1, 128), net.convolution(16, 1, 1), net.flatten();
  net.apply(graph::Linear{}, {net.x, net.graph.add_constant("w", {{2, 256}, std::vector<float>(512, std::nanf(""))})});
  EXPECT_THROW(classifier_from(net.finish(), {.precision = Precision::int8}), InputError);
}

// A middle that is no type's runs in floats, and so does a layer whose weights are not whole.
TEST_F(WholeNumbers, OtherNumbersAreMixedWithThem) {
  Bytes net({graph::batch, 16, 8, 8}, 9);
  net.rounded(0x1p-2F, 128), net.convolution(16, 3, 0x1p-2F), net.rounded(8, 100);
  net.Network::convolution(16, 3), net.relu(), net.rounded(1, 0);
  net.convolution(8, 3, 1), net.flatten(), net.linear(4, 1);
  const graph::Graph graph = net.finish();
  const auto inputs = inputs_of(graph, 2);
  const auto expected = graph::testing::run(graph, inputs);
  const auto scores = scores_of(graph, inputs, 2, {.precision = Precision::int8});
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 0.02 * largest);  // bf16
}

// In the middle of steps, x / step may round to the other side than x times 1 / step: a step apart, and no more.
TEST_F(WholeNumbers, StepsOfAnySizeAreAStepAwayAtMost) {
  Bytes net({graph::batch, 16, 8, 8}, 11);
  net.rounded(0.3141593F, 128), net.Network::convolution(16, 3), net.relu(), net.rounded(0.37F, 0);
  graph::Graph graph = net.finish();
  auto& weights = graph.nodes[1].inputs[1];
  graph::Tensor whole = graph.tensor(weights);
  for (std::size_t i = 0; i < whole.values.size(); ++i) whole.values[i] = std::round(whole.values[i] * 127) * 0.00123F;
  weights = graph.add_constant("whole", whole);
  graph.output = graph.append(graph::Reshape{}, "flat", {graph.output}, {graph::batch, 16 * 64});
  const auto inputs = inputs_of(graph, 2);
  const auto expected = graph::testing::run(graph, inputs);
  const auto scores = scores_of(graph, inputs, 2, {.precision = Precision::int8});
  int apart = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double bf16 = 0x1p-8 * std::abs(expected[i]);  // in which they are
    EXPECT_NEAR(scores[i], expected[i], 0.371 + bf16) << i;
    apart += std::abs(scores[i] - expected[i]) > 0.185 + bf16;
  }
  EXPECT_LT(apart, 20);  // of 2,048
}

TEST_F(WholeNumbers, ANetworkWithoutThemIsRefused) {
  graph::testing::Network net({graph::batch, 3, 8, 8});
  net.convolution(4, 3), net.flatten(), net.linear(3);
  try {
    classifier_from(net.finish(), {.precision = Precision::int8});
    ADD_FAILURE() << "it was made";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("nothing in the network is rounded"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace ballast::model::whole_numbers_test
