// SPDX-License-Identifier: Apache-2.0
//
// Every operation of a graph, run by every engine in single precision, against its definition.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../graph/interpreter.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/model/open.hpp"
#include "gradient_cases.hpp"
#include "scores.hpp"

namespace ballast::model::operations_test {
namespace {

constexpr std::int64_t images = 3;
namespace fs = std::filesystem;

// What the operator set that is written has no place for.
const std::set<std::string> refused_when_saved{"average_pool_dilated"};

// To oneDNN's own kernels, NaN is below everything here.
const std::set<std::string> hidden_by_onednn{"relu", "clip", "max_pool_uneven_pads", "max_pool_of_three_directions",
                                             "max_pool_beyond_its_padding"};

constexpr double bf16_precision = 0.05;    // of the largest value: 8 bits, of inputs, weights and results
constexpr double single_precision = 1e-5;  // of the largest value: sums of at most 100 terms, and polynomials for functions

std::vector<double> inputs_of(const Case& tested) {
  std::vector<double> inputs(static_cast<std::size_t>(images * graph::elements(tested.graph.dims(tested.graph.input))));
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<double>(static_cast<float>(tested.centre + number(i, 0)));
  return inputs;
}

void compare(const Case& tested, Engine engine, Precision precision, double tolerance) {
  const std::vector<double> expected = graph::testing::run(tested.graph, inputs_of(tested));
  const auto scores = scores_of(tested.graph, inputs_of(tested), static_cast<int>(images), {.engine = engine, .precision = precision});
  ASSERT_EQ(scores.size(), expected.size());
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], tolerance * largest) << "element " << i;
}

ValueId convolution(Builder& b, ValueId from, std::int64_t ins, std::int64_t outs) {
  return b.append(graph::Convolution{{1, 1}, {1, 1, 1, 1}, {1, 1}, 1}, {from, b.constant({outs, ins, 3, 3}), b.constant({outs})});
}

std::vector<Case> chains_of_images(std::int64_t channels, std::int64_t height, std::int64_t width) {
  using Kind = Activation::Kind;
  std::vector<Case> cases;
  const std::string size = fmt::format("{}x{}", height, width);
  // Normalised and concatenated, as a DenseNet's layers are; what is concatenated is also read by itself.
  Builder dense({batch, 3, height, width});
  const auto first = convolution(dense, dense.x(), 3, channels);
  const auto scaled = dense.append(Binary{Binary::Kind::multiply}, {first, dense.constant({channels, 1, 1})});
  const auto shifted = dense.append(Binary{Binary::Kind::add}, {dense.constant({channels, 1, 1}), scaled});
  const auto active = dense.append(Activation{Kind::relu}, {shifted});
  const auto both = dense.append(graph::Concat{1}, {first, convolution(dense, active, channels, 16)});
  cases.push_back({fmt::format("dense_layer_of_{}_{}", channels, size), dense.ending_in(convolution(dense, both, channels + 16, 5))});
  cases.back().keeps_nan = false;  // relu
  // A channel's share, of each image its own.
  Builder squeezed({batch, 3, height, width});
  const auto values = convolution(squeezed, squeezed.x(), 3, channels);
  const auto mean = squeezed.append(graph::Reduce{{2, 3}}, {values});
  const auto share = squeezed.append(Activation{Kind::sigmoid}, {mean});
  const auto excited = squeezed.append(Binary{Binary::Kind::multiply}, {share, values});
  cases.push_back(
      {fmt::format("squeeze_and_excitation_of_{}_{}", channels, size), squeezed.ending_in(convolution(squeezed, excited, channels, 5))});
  // By place, from the right, then activated; and a sum that somebody else reads too.
  Builder mixed({batch, 3, height, width});
  const auto own = convolution(mixed, mixed.x(), 3, channels);
  const auto by_place = mixed.append(Binary{Binary::Kind::add}, {own, mixed.constant({1, height, width})});
  const auto taken_off = mixed.append(Binary{Binary::Kind::subtract}, {mixed.constant({channels, 1, 1}), by_place});
  const auto last = mixed.append(Binary{Binary::Kind::subtract}, {mixed.append(Activation{Kind::tanh}, {taken_off}), by_place});
  cases.push_back(
      {fmt::format("sums_by_place_of_{}_{}", channels, size), mixed.ending_in(mixed.append(Binary{Binary::Kind::multiply}, {last, own}))});
  return cases;
}

// By channel and activated, as a BatchNorm is, and then what keeps it from being the end; of an input that is first its own, or a layer's.
Case normalised(std::int64_t channels, const Dims& size, bool first) {
  Dims dims{batch, channels};
  dims.insert(dims.end(), size.begin(), size.end());
  Builder b(dims);
  const Dims by_channel = [&] {
    Dims result(dims.size() - 1, 1);
    result[0] = channels;
    return result;
  }();
  ValueId value = first ? b.x() : b.append(Binary{Binary::Kind::multiply}, {b.x(), b.append(Activation{Activation::Kind::tanh}, {b.x()})});
  value = b.append(Binary{Binary::Kind::multiply}, {value, b.constant(by_channel)});
  value = b.append(Binary{Binary::Kind::add}, {value, b.constant(by_channel)});
  value = b.append(Activation{Activation::Kind::leaky_relu, 0.25F}, {value});
  value = b.append(Binary{Binary::Kind::subtract}, {value, b.constant(by_channel)});
  value = b.append(Activation{Activation::Kind::sin}, {value});
  return {fmt::format("normalised_{}_of_{}_{}", first ? "input" : "product", channels, fmt::join(size, "x")), b.ending_in(value)};
}

// Operations that an engine may do as one step, or where they lie.
std::vector<Case> chains() {
  using Kind = Activation::Kind;
  std::vector<Case> cases;
  for (const Activation activation : {Activation{Kind::swish, 1}, Activation{Kind::swish, 1.5F}, Activation{Kind::hard_swish},
                                      Activation{Kind::gelu}, Activation{Kind::gelu_tanh}, Activation{Kind::sigmoid}}) {
    const std::string name = fmt::format("{}_{}", name_of(activation.kind), static_cast<int>(2 * activation.alpha));
    Builder conv({batch, 3, 5, 4}), linear({batch, 3, 7});
    cases.push_back({"convolution_and_" + name, conv.ending_in(conv.append(activation, {convolution(conv, conv.x(), 3, 16)}))});
    const auto y = linear.append(graph::Linear{}, {linear.x(), linear.constant({6, 7}), linear.constant({6})});
    cases.push_back({"linear_and_" + name, linear.ending_in(linear.append(activation, {y}))});
  }
  // Images of one place and of few, since kernels tell layouts apart by strides, which are then the same.
  for (const auto& [height, width] : std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 4}, {1, 1}, {1, 3}, {2, 1}, {2, 2}}) {
    for (const std::int64_t channels : {16, 32, 6, 2}) {
      for (Case& chain : chains_of_images(channels, height, width)) cases.push_back(std::move(chain));
    }
  }
  for (const std::int64_t channels : {2, 5, 16, 33}) {
    for (const Dims& size : std::vector<Dims>{{}, {1}, {3}, {1, 1}, {2, 7}, {1, 1, 1}, {2, 1, 3}}) {
      for (const bool first : {true, false}) cases.push_back(normalised(channels, size, first));
    }
  }
  // A last step that goes beyond the end.
  Builder sliced({batch, 5, 3, 5});
  cases.push_back(
      {"slice_beyond_the_end", sliced.ending_in(sliced.append(graph::Slice{{0, 0, 1, 1}, {1, 2, 2, 3}}, {sliced.x()}, {batch, 3, 1, 2}))});
  return cases;
}

// What a network in use computes.
std::vector<Case> cases_in_use() {
  std::vector<Case> cases = all_cases();
  for (Case& chain : chains()) cases.push_back(std::move(chain));
  std::erase_if(cases, [](const Case& tested) { return tested.training; });
  return cases;
}

std::string name_of_instance(const ::testing::TestParamInfo<Case>& instance) { return instance.param.name; }

class Operation : public ::testing::TestWithParam<Case> {};

TEST_P(Operation, UnderOnednnIsItsDefinition) { compare(GetParam(), Engine::onednn, Precision::fp32, single_precision); }

TEST_P(Operation, UnderOnednnInBf16IsNearItsDefinition) {
  if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  if (!GetParam().has_slope || GetParam().name.find("Mod") != std::string::npos) GTEST_SKIP() << "it has steps";
  compare(GetParam(), Engine::onednn, Precision::bf16, bf16_precision);
}

TEST_P(Operation, SavedAndReadAgainIsTheSame) {
  if (refused_when_saved.count(GetParam().name)) {
    EXPECT_THROW(graph::save_onnx(GetParam().graph, "/nowhere/model.onnx"), InputError);
    return;
  }
  const fs::path file = fs::path(::testing::TempDir()) / fmt::format("operation_{}_{}.onnx", getpid(), GetParam().name);
  graph::save_onnx(GetParam().graph, file);
  const graph::Graph again = graph::load_onnx(file, {.classifier = false});
  fs::remove(file);
  const auto inputs = inputs_of(GetParam());
  const std::vector<double> expected = graph::testing::run(GetParam().graph, inputs), values = graph::testing::run(again, inputs);
  ASSERT_EQ(values.size(), expected.size());
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(expected[i])) EXPECT_TRUE(std::isnan(values[i])) << "element " << i;
    else EXPECT_NEAR(values[i], expected[i], single_precision * largest) << "element " << i;
  }
}

// A score that is no number stays none: no class is voted for by it. Questions answer it, and so does what is chosen by them.
TEST_P(Operation, OfNanIsNanUnderEveryEngine) {
  if (!GetParam().keeps_nan) GTEST_SKIP() << "it answers a question";
  const bool lost = hidden_by_onednn.count(GetParam().name) > 0;
  for (const Engine engine : {Engine::onednn, Engine::aten}) {
    if (engine == Engine::aten ? !has_aten() : lost) continue;
    const auto classifier = classifier_from(GetParam().graph, {.engine = engine, .precision = Precision::fp32});
    const auto session = classifier->new_session();
    std::vector<double> inputs = inputs_of(GetParam());
    std::fill(inputs.begin(), inputs.end(), std::nan(""));
    write(session->input(), classifier->affine(), inputs);
    const auto scores = session->scores(static_cast<int>(images));
    EXPECT_TRUE(std::any_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); })) << (engine == Engine::aten);
  }
}

TEST_P(Operation, UnderAtenIsItsDefinition) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  compare(GetParam(), Engine::aten, Precision::fp32, single_precision);
}

// Each of two activations that a layer may do on its way out keeps its own numbers.
TEST(Chains, OfTwoActivationsBehindALayer) {
  using Kind = Activation::Kind;
  const std::vector<Activation> activations{{Kind::relu},     {Kind::clip, -1, 2}, {Kind::clip, 0, 6}, {Kind::leaky_relu, 0.25F},
                                            {Kind::sigmoid},  {Kind::gelu},        {Kind::gelu_tanh},  {Kind::hard_swish},
                                            {Kind::swish, 1}, {Kind::swish, 1.5F}};
  for (const Activation& first : activations) {
    for (const Activation& second : activations) {
      const std::string name = fmt::format("{} {} and {} {}", name_of(first.kind), first.alpha, name_of(second.kind), second.alpha);
      for (const std::int64_t outs : {2, 16}) {
        SCOPED_TRACE(fmt::format("{}, {} outputs", name, outs));
        Builder conv({batch, 3, 5, 7}), linear({batch, 7}), narrow({batch, 5, 2, 5});
        const auto chain = [&](Builder& b, ValueId y) { return b.ending_in(b.append(second, {b.append(first, {y})})); };
        compare({name, chain(conv, convolution(conv, conv.x(), 3, outs))}, Engine::onednn, Precision::fp32, single_precision);
        compare({name, chain(linear, linear.append(graph::Linear{}, {linear.x(), linear.constant({outs, 7}), linear.constant({outs})}))},
                Engine::onednn, Precision::fp32, single_precision);
        compare({name,
                 chain(narrow, narrow.append(graph::Linear{}, {narrow.x(), narrow.constant({outs - 1, 5}), narrow.constant({outs - 1})}))},
                Engine::onednn, Precision::fp32, single_precision);
        Builder sum({batch, 3, 5, 7});
        const auto scaled = sum.append(Binary{Binary::Kind::multiply}, {convolution(sum, sum.x(), 3, outs), sum.constant({outs, 1, 1})});
        compare({name, chain(sum, scaled)}, Engine::onednn, Precision::fp32, single_precision);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Operation, ::testing::ValuesIn(cases_in_use()), name_of_instance);

}  // namespace
}  // namespace ballast::model::operations_test
