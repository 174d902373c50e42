// SPDX-License-Identifier: Apache-2.0
//
// Composed networks compute one network after the other, whatever their values are called.

#include "ballast/graph/compose.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/diffusion.hpp"
#include "ballast/graph/onnx.hpp"
#include "network.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::compose_test {
namespace {

using namespace testing;

// What the error of an action that must fail says.
template <typename Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "it must be refused";
  return {};
}

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << "'" << word << "' in: " << message;
}

Graph filter(std::uint32_t seed, std::int64_t channels = 2) {
  Network net({batch, channels, 4, 6}, seed);
  net.convolution(channels, 3), net.relu();
  return net.finish();
}

Graph classifier(std::uint32_t seed = 7, std::int64_t channels = 2) {
  Network net({batch, channels, 4, 6}, seed);
  net.convolution(3, 3), net.relu(), net.flatten(), net.linear(5);
  return net.finish();
}

Graph reloaded(const Graph& graph, const OnnxOptions& options = {}) {
  const auto file = std::filesystem::temp_directory_path() / ("ballast_compose_" + std::to_string(std::random_device{}()) + ".onnx");
  save_onnx(graph, file);
  Graph again = load_onnx(file, options);
  std::filesystem::remove(file);
  return again;
}

TEST(Join, RunsTheSecondNetworkOnWhatTheFirstGives) {
  const Graph joined = join(filter(3), classifier(), "a filter in front");
  for (const std::int64_t count : {1, 2}) {
    const auto images = sample_images(joined, count);
    EXPECT_EQ(run(joined, images), run(classifier(), run(filter(3), images)));
  }
  EXPECT_EQ(joined.dims(joined.input), (Dims{batch, 2, 4, 6}));
  EXPECT_EQ(joined.dims(joined.output), (Dims{batch, 5}));
  EXPECT_EQ(cost(joined).parameters, cost(filter(3)).parameters + cost(classifier()).parameters);
  expect_same(reloaded(joined), joined);
}

// Both are written with the same names, and one network may be joined to itself.
TEST(Join, KeepsNamesApart) {
  const Graph joined = join(join(filter(3), filter(4), ""), classifier(), "");
  std::set<std::string> values, nodes;
  for (const Value& value : joined.values) EXPECT_TRUE(values.insert(value.name).second) << value.name;
  for (const Node& node : joined.nodes) EXPECT_TRUE(nodes.insert(node.name).second) << node.name;
  EXPECT_EQ(joined.value(joined.input).name, "image");
  EXPECT_TRUE(nodes.count("node0") && nodes.count("next.node0") && nodes.count("next.next.node0"));
}

TEST(Join, LeavesOutWhatTheSecondNetworkDoesNotNeed) {
  Network first({batch, 2, 4, 6});
  const ValueId kept = first.convolution(2, 3);
  first.convolution(9, 3);
  first.x = kept;
  EXPECT_EQ(count_of<Convolution>(join(first.finish(), classifier(), "")), 2);
}

TEST(Join, KeepsTheMetadataOfTheSecondNetworkAndSaysWhatWasDone) {
  Graph first = filter(3), second = classifier();
  first.metadata = {{"who", "first"}, {"only", "first"}};
  second.metadata = {{"who", "second"}};
  const Graph once = join(first, second, "a filter in front");
  EXPECT_EQ(once.metadata, (std::map<std::string, std::string>{{"who", "second"}, {"ballast.composed", "a filter in front"}}));
  EXPECT_EQ(join(first, once, "another").metadata.at("ballast.composed"), "another; a filter in front");
}

TEST(Join, TakesANetworkThatDoesNothing) {
  Graph nothing;
  nothing.output = nothing.add_input("image", {batch, 2, 4, 6});
  expect_same(join(nothing, classifier(), ""), classifier());
  expect_same(join(filter(3), nothing, ""), filter(3));
}

TEST(Join, RefusesShapesThatDoNotFitNamingBoth) {
  expect_words(refusal([] { join(filter(3, 3), classifier(), ""); }), {"batch x 3 x 4 x 6", "batch x 2 x 4 x 6"});
  expect_words(refusal([] { join(classifier(), classifier(), ""); }), {"batch x 5", "batch x 2 x 4 x 6"});
}

TEST(AveragePoolInFront, IsTheModelOnMeansOfBlocks) {
  for (const int factor : {2, 3}) {
    const Graph pooled = average_pool_in_front(classifier(), factor);
    EXPECT_EQ(pooled.dims(pooled.input), (Dims{batch, 2, 4 * factor, 6 * factor}));
    EXPECT_EQ(pooled.value(pooled.input).name, "image");
    const auto images = sample_images(pooled, 2);
    std::vector<double> means(images.size() / static_cast<std::size_t>(factor * factor));
    for (std::size_t i = 0; i < images.size(); ++i) {
      const std::size_t f = static_cast<std::size_t>(factor), width = 6 * f, row = i / width, column = i % width;
      means[row / f * 6 + column / f] += images[i] / static_cast<double>(f * f);
    }
    expect_near(run(pooled, images), run(classifier(), means), 1e-12);
    expect_same(reloaded(pooled), pooled);
    EXPECT_EQ(pooled.metadata.at("ballast.composed"), "average pool of " + std::string(factor == 2 ? "2 x 2" : "3 x 3") + " in front");
  }
}

TEST(AveragePoolInFront, TwiceIsOneOfTheProduct) {
  const Graph twice = average_pool_in_front(average_pool_in_front(classifier(), 2), 2), once = average_pool_in_front(classifier(), 4);
  const auto images = sample_images(once, 1);
  expect_near(run(twice, images), run(once, images), 1e-12);
}

TEST(AveragePoolInFront, RefusesOtherFactorsAndOtherInputs) {
  for (const int factor : {-2, 0, 1, 9}) {
    expect_words(refusal([&] { average_pool_in_front(classifier(), factor); }), {std::to_string(factor), "2 to 8"});
  }
  Network flat({batch, 24});
  flat.linear(3);
  expect_words(refusal([&] { average_pool_in_front(flat.finish(), 2); }), {"batch x 24", "channels"});
  Network last({batch, 32, 32, 3});
  last.flatten(), last.linear(3);
  expect_words(refusal([&] { average_pool_in_front(last.finish(), 2); }), {"batch x 32 x 32 x 3", "channels first"});
}

TEST(Affine, InFrontAndBehindWithOneValueOrOneAChannel) {
  const std::array<ChannelAffine, 2> channels{{{2, -1}, {0.5, 0.25}}};
  const std::array<ChannelAffine, 1> whole{{{-4, 0.5}}};
  const auto scaled = [](std::vector<double> values, std::span<const ChannelAffine> by, std::size_t positions) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& [scale, offset] = by[i / positions % by.size()];
      values[i] = scale * values[i] + offset;
    }
    return values;
  };
  const auto images = sample_images(filter(3), 2);
  EXPECT_EQ(run(affine_in_front(filter(3), channels), images), run(filter(3), scaled(images, channels, 24)));
  EXPECT_EQ(run(affine_in_front(filter(3), whole), images), run(filter(3), scaled(images, whole, 24)));
  EXPECT_EQ(run(affine_behind(filter(3), channels), images), scaled(run(filter(3), images), channels, 24));
  EXPECT_EQ(run(affine_behind(filter(3), whole), images), scaled(run(filter(3), images), whole, 24));
  EXPECT_EQ(run(affine_behind(classifier(), whole), images), scaled(run(classifier(), images), whole, 1));
  const Graph thrice = affine_in_front(affine_in_front(affine_in_front(classifier(), channels), whole), channels);
  expect_same(reloaded(thrice), thrice);
}

TEST(Affine, AddsNoLayerForWhatChangesNothingAndKeepsMetadata) {
  Graph model = filter(3);
  model.metadata["sigma"] = "0.25";
  const std::array<ChannelAffine, 2> same{{{1, 0}, {1, 0}}}, scale{{{1, 0}, {2, 0}}}, offset{{{1, 0}, {1, 3}}};
  EXPECT_EQ(affine_in_front(model, same).nodes.size(), model.nodes.size());
  EXPECT_EQ(affine_behind(model, same).nodes.size(), model.nodes.size());
  EXPECT_EQ(affine_in_front(model, scale).nodes.size(), model.nodes.size() + 1);
  EXPECT_EQ(affine_behind(model, offset).nodes.size(), model.nodes.size() + 1);
  EXPECT_EQ(affine_in_front(model, scale).metadata, model.metadata);
}

TEST(Affine, RefusesOtherNumbersOfChannelsAndWhatIsNotFinite) {
  const std::array<ChannelAffine, 3> three{};
  expect_words(refusal([&] { affine_in_front(filter(3), three); }), {"3 scales", "batch x 2 x 4 x 6"});
  expect_words(refusal([&] { affine_behind(filter(3), {}); }), {"0 scales"});
  for (const ChannelAffine& wrong : {ChannelAffine{NAN, 0}, ChannelAffine{1, INFINITY}}) {
    expect_words(refusal([&] { affine_in_front(filter(3), std::array{wrong}); }), {"finite"});
  }
}

// The products of both papers at some timesteps, computed with 60 digits elsewhere.
TEST(SignalLevels, AreThoseOfThePapers) {
  const auto linear = signal_levels(NoiseSchedule::linear), cosine = signal_levels(NoiseSchedule::cosine);
  ASSERT_EQ(linear.size(), 1000u);
  ASSERT_EQ(cosine.size(), 1000u);
  EXPECT_DOUBLE_EQ(linear[0], 0.9999);
  EXPECT_NEAR(linear[499], 0.078587242881778235, 1e-12);
  EXPECT_NEAR(linear[999], 4.0358297653756835e-05, 1e-15);
  EXPECT_NEAR(cosine[0], 0.99995871577517825, 1e-12);
  EXPECT_NEAR(cosine[499], 0.49384359044063769, 1e-12);
  EXPECT_NEAR(cosine[999], 2.4287669070344683e-09, 1e-15);
  for (std::size_t t = 1; t < 1000; ++t) EXPECT_TRUE(linear[t] < linear[t - 1] && cosine[t] < cosine[t - 1]) << t;
}

TEST(NearestStep, FindsTheTimestepThatASigmaCameFrom) {
  for (const NoiseSchedule schedule : {NoiseSchedule::linear, NoiseSchedule::cosine}) {
    const auto levels = signal_levels(schedule);
    for (const int t : {0, 1, 17, 500, 998, 999}) {
      const double signal = levels[static_cast<std::size_t>(t)], sigma = std::sqrt((1 - signal) / signal) / 2;
      EXPECT_EQ(nearest_step(schedule, sigma).timestep, t);
      EXPECT_EQ(nearest_step(schedule, sigma).signal, signal);
      if (t == 0 || t == 999) continue;
      EXPECT_EQ(nearest_step(schedule, sigma * 1.0001).timestep, t);
      EXPECT_EQ(nearest_step(schedule, sigma / 1.0001).timestep, t);
    }
  }
}

// Timesteps on either side of the middle between two, in the logarithm.
TEST(NearestStep, IsNearestInTheLogarithm) {
  const auto levels = signal_levels(NoiseSchedule::linear);
  const double below = DiffusionStep{100, levels[100]}.sigma(), above = DiffusionStep{101, levels[101]}.sigma();
  EXPECT_EQ(nearest_step(NoiseSchedule::linear, std::sqrt(below * above) * 0.99999).timestep, 100);
  EXPECT_EQ(nearest_step(NoiseSchedule::linear, std::sqrt(below * above) * 1.00001).timestep, 101);
}

TEST(NearestStep, RefusesSigmasBeyondTheSchedule) {
  for (const double sigma : {0.0, -1.0, 0.004, 100.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    expect_words(refusal([&] { nearest_step(NoiseSchedule::linear, sigma); }), {"sigma", "goes from 0.005 to 78"});
  }
}

constexpr double single_precision = 1e-6;  // constants of the graph are floats

// A diffusion model that knows the noise: it gives gain * x_t + shift, and two more channels that must be dropped.
Graph knowing_model(double gain, double shift) {
  Network net({batch, 2, 4, 6});
  const ValueId image = net.x;
  const std::array affine{ChannelAffine{gain, shift}}, wrong{ChannelAffine{-17, 3}};
  const ValueId right = append_affine(net.graph, image, "right", affine), rest = append_affine(net.graph, image, "rest", wrong);
  net.apply(Concat{1}, {right, rest});
  return net.finish();
}

TEST(OneStepDenoiser, GivesTheModelTheScaledImageAndMapsItsImageBack) {
  const DiffusionStep step{321, 0.64};  // sqrt(abar) = 0.8, sqrt(1 - abar) = 0.6
  DenoiserOptions options;
  options.predicts = DenoiserOptions::Predicts::image;
  const Graph denoiser = one_step_denoiser(knowing_model(0.5, 0.1), step, options);
  const auto images = sample_images(denoiser, 2);
  std::vector<double> expected;
  for (const double pixel : images) expected.push_back((0.5 * (0.8 * (2 * pixel - 1)) + 0.1 + 1) / 2);
  expect_near(run(denoiser, images), expected, single_precision);
  EXPECT_EQ(denoiser.dims(denoiser.output), denoiser.dims(denoiser.input));
  expect_same(reloaded(denoiser, {.classifier = false}), denoiser);
}

TEST(OneStepDenoiser, TakesThePredictedNoiseOff) {
  const Graph denoiser = one_step_denoiser(knowing_model(0.5, 0.1), {321, 0.64}, {});
  const auto images = sample_images(denoiser, 2);
  std::vector<double> expected;
  for (const double pixel : images) {
    const double noisy = 0.8 * (2 * pixel - 1), predicted = 0.5 * noisy + 0.1;
    expected.push_back(((noisy - 0.6 * predicted) / 0.8 + 1) / 2);
  }
  expect_near(run(denoiser, images), expected, single_precision);
}

// For an image x and noise sigma e, a model that predicts e exactly gives x back at whatever timestep.
TEST(OneStepDenoiser, GivesTheCleanImageBackWhereThePredictionIsRight) {
  for (const NoiseSchedule schedule : {NoiseSchedule::linear, NoiseSchedule::cosine}) {
    const auto levels = signal_levels(schedule);
    const DiffusionStep step = nearest_step(schedule, DiffusionStep{300, levels[300]}.sigma());
    const double clean = 0.3, signal = std::sqrt(step.signal), noise = std::sqrt(1 - step.signal);
    // e = (x_t - sqrt(abar) (2 clean - 1)) / sqrt(1 - abar)
    const Graph denoiser = one_step_denoiser(knowing_model(1 / noise, -signal * (2 * clean - 1) / noise), step, {});
    for (const double restored : run(denoiser, sample_images(denoiser, 1))) EXPECT_NEAR(restored, clean, single_precision * 10);
  }
}

TEST(OneStepDenoiser, CutsToPixelsWhereItIsAsked) {
  DenoiserOptions options{DenoiserOptions::Predicts::image, false};
  const auto extremes = [&] {
    const Graph denoiser = one_step_denoiser(knowing_model(5, 0), {0, 0.9}, options);
    const auto pixels = run(denoiser, sample_images(denoiser, 1));
    return std::pair{*std::min_element(pixels.begin(), pixels.end()), *std::max_element(pixels.begin(), pixels.end())};
  };
  EXPECT_LT(extremes().first, -1);
  EXPECT_GT(extremes().second, 2);
  options.clip = true;
  EXPECT_EQ(extremes(), (std::pair{0.0, 1.0}));
}

TEST(OneStepDenoiser, RefusesModelsThatGiveNoImageOfTheSameSize) {
  Network fewer({batch, 2, 4, 6});
  fewer.convolution(1, 3);
  Network smaller({batch, 2, 4, 6});
  smaller.convolution(2, 3, true, 1, 2);
  for (const Graph& model : {fewer.finish(), smaller.finish(), classifier()}) {
    expect_words(refusal([&] { one_step_denoiser(model, {0, 0.9}, {}); }), {"batch x 2 x 4 x 6", to_string(model.dims(model.output))});
  }
  EXPECT_THROW(one_step_denoiser(filter(3), {0, 1.0}, {}), InputError);
}

// x and a second input, which is added to it (behind a cast where it holds integers).
OnnxBuilder model_of_time(const Ints& dims, int type, std::int64_t image_batch = -1) {
  OnnxBuilder model;
  const auto x = model.input("x", {image_batch, 4});
  auto time = model.input("time", dims, type);
  if (type != onnx::TensorProto::FLOAT) time = model.node("Cast", "cast", {time}, {number("to", onnx::TensorProto::FLOAT)});
  model.output(model.node("Add", "sum", {x, time}));
  return model;
}

Graph load(const OnnxBuilder& model, const OnnxOptions& options) { return parse_onnx(model.bytes(), "test.onnx", options); }

TEST(OnnxConstantInputs, AreFilledAtTheirDeclaredShapeAndType) {
  for (const int type : {onnx::TensorProto::FLOAT, onnx::TensorProto::DOUBLE, onnx::TensorProto::INT64, onnx::TensorProto::INT32}) {
    for (const Ints& dims : {Ints{}, Ints{1}, Ints{-1}, Ints{4}, Ints{-1, 1}, Ints{1, 4}, Ints{-1, 4}}) {
      const Graph graph = load(model_of_time(dims, type), {.constants = {{"time", 250}}});
      EXPECT_EQ(run(graph, {1, 2, -3, 4, 0, 0, 0, 0}), (Values{251, 252, 247, 254, 250, 250, 250, 250}));
    }
  }
  EXPECT_EQ(run(load(model_of_time({1}, onnx::TensorProto::FLOAT), {.constants = {{"time", 0.5}}}), {0, 0, 0, 1}),
            (Values{0.5, 0.5, 0.5, 1.5}));
}

// A fixed batch of both is freed in both; sizes that are not the batch stay.
TEST(OnnxConstantInputs, HaveABatchOfOneWhereTheImagesHaveABatch) {
  const Graph graph = load(model_of_time({5, 4}, onnx::TensorProto::FLOAT, 5), {.constants = {{"time", 2}}});
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 4}));
  EXPECT_EQ(run(graph, {1, 2, 3, 4}), (Values{3, 4, 5, 6}));
}

// The learned embedding of a timestep is a row of a table.
TEST(OnnxConstantInputs, AreFoldedIntoWhatDependsOnThem) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2});
  const auto time = model.input("time", {-1}, onnx::TensorProto::INT64);
  const auto row = model.node("Gather", "embed", {model.floats("table", {3, 2}, {1, 2, 30, 40, 500, 600}), time}, {number("axis", 0)});
  const Graph graph = load(model.output(model.node("Add", "sum", {x, row})), {.constants = {{"time", 1}}});
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(run(graph, {0, 0, 1, 2}), (Values{30, 40, 31, 42}));
}

TEST(OnnxConstantInputs, AreRefusedWhereTheyCannotBe) {
  const auto refused = [](const OnnxBuilder& model, const OnnxOptions& options, const std::vector<std::string>& words) {
    const std::string message = refusal([&] { load(model, options); });
    expect_words(message, words);
    EXPECT_EQ(message.rfind("test.onnx: ", 0), 0u) << message;
  };
  const auto whole = model_of_time({1}, onnx::TensorProto::INT64), real = model_of_time({1}, onnx::TensorProto::FLOAT);
  refused(whole, {}, {"two inputs", "'x'", "'time'"});
  refused(whole, {.constants = {{"tme", 1}}}, {"two inputs"});
  refused(whole, {.constants = {{"time", 1}, {"sum'", 1}}}, {"no input 'sum''"});
  refused(whole, {.constants = {{"time", 1}, {"x", 1}}}, {"all made constant"});
  refused(whole, {.constants = {{"time", 1.5}}}, {"'time'", "1.5", "whole"});
  refused(whole, {.constants = {{"time", 1e300}}}, {"'time'", "whole"});
  refused(real, {.constants = {{"time", INFINITY}}}, {"'time'", "finite"});
  refused(model_of_time({1}, onnx::TensorProto::BOOL), {.constants = {{"time", 1}}}, {"'time'", "INT64"});
  refused(model_of_time({1, -1}, onnx::TensorProto::FLOAT), {.constants = {{"time", 1}}}, {"'time'", "open"});
  refused(model_of_time({1, 1 << 20, 1 << 20}, onnx::TensorProto::FLOAT), {.constants = {{"time", 1}}}, {"'time'", "too large"});
  refused(model_of_time({1, 1 << 13, 1 << 12}, onnx::TensorProto::FLOAT), {.constants = {{"time", 1}}}, {"'time'", "too large"});
  OnnxBuilder weights;
  weights.input("w", {1, 4});
  weights.weights("w", {1, 4});
  weights.output(weights.node("Add", "sum", {weights.input("x", {-1, 4}), "w"}));
  refused(weights, {.constants = {{"w", 1}}}, {"no input 'w'"});
}

// A network with more than a million outputs is no classifier, and one with a single output gets a second score.
TEST(OnnxLoad, TakesAnyOutputWhereNoClassifierIsAskedFor) {
  for (const std::int64_t size : {1, 1'000'001}) {
    OnnxBuilder model;
    model.output(model.node("Relu", "r", {model.input("x", {-1, size})}));
    if (size > 1) EXPECT_THROW(load(model, {}), InputError);
    else EXPECT_EQ(load(model, {}).classes(), 2);
    const Graph graph = load(model, {.classifier = false});
    EXPECT_EQ(graph.dims(graph.output), (Dims{batch, size}));
  }
}

}  // namespace
}  // namespace ballast::graph::compose_test
