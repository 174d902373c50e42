// SPDX-License-Identifier: Apache-2.0
//
// Networks by name: sizes that were published or counted by hand, the wiring that a paper asks for, and names that stay what they are.

#include "ballast/graph/architectures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/graph/onnx.hpp"
#include "network.hpp"

namespace ballast::graph::architectures_test {
namespace {

using namespace testing;
namespace fs = std::filesystem;

constexpr ImageShape cifar{3, 32, 32}, mnist{1, 28, 28}, imagenet{3, 224, 224}, tiny{3, 8, 8};

// What training sets, without the statistics that norms keep: how the papers count.
std::int64_t trained_parameters(const Graph& graph) {
  std::int64_t count = 0;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Binary>(node.operation)) continue;
    const std::size_t end = std::holds_alternative<BatchNorm>(node.operation) ? 3 : node.inputs.size();
    for (std::size_t i = 1; i < end; ++i) count += elements(graph.dims(node.inputs[i]));
  }
  return count;
}

std::int64_t trained_parameters(const std::string& name, const ImageShape& shape, int classes) {
  return trained_parameters(build_architecture(name, shape, classes, {}));
}

const Node& node_of(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes) {
    if (node.name == name) return node;
  }
  throw std::logic_error("no node " + name);
}

// Random weights, and norms that do something.
Graph with_weights(Graph graph) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(0.1f, 0.6f);
  for (Value& value : graph.values) {
    if (!value.constant) continue;
    Tensor tensor = *value.constant;
    for (float& weight : tensor.values) weight += uniform(random) * (random() % 3 == 0 ? -0.1f : 0.1f);
    value.constant = std::make_shared<const Tensor>(std::move(tensor));
  }
  return graph;
}

Graph reloaded(const Graph& graph) {
  const fs::path file = fs::temp_directory_path() / ("ballast_architecture_" + std::to_string(std::random_device{}()) + ".onnx");
  save_onnx(graph, file);
  Graph again = load_onnx(file);
  fs::remove(file);
  return again;
}

void expect_same_nodes(const Graph& actual, const Graph& expected) {
  ASSERT_EQ(actual.nodes.size(), expected.nodes.size());
  for (std::size_t i = 0; i < expected.nodes.size(); ++i) {
    const Node &a = actual.nodes[i], &b = expected.nodes[i];
    EXPECT_EQ(name_of(a.operation), name_of(b.operation)) << b.name;
    EXPECT_EQ(actual.dims(a.output), expected.dims(b.output)) << b.name;
    ASSERT_EQ(a.inputs.size(), b.inputs.size()) << b.name;
    for (std::size_t k = 0; k < b.inputs.size(); ++k) {
      ASSERT_EQ(actual.is_constant(a.inputs[k]), expected.is_constant(b.inputs[k])) << b.name;
      if (!expected.is_constant(b.inputs[k])) EXPECT_EQ(actual.value(a.inputs[k]).name, expected.value(b.inputs[k]).name) << b.name;
      else EXPECT_TRUE(actual.tensor(a.inputs[k]).values == expected.tensor(b.inputs[k]).values) << b.name;
    }
  }
}

TEST(Architectures, ResNet50HasThePublishedSize) {
  const Graph graph = build_architecture("resnet50", imagenet, 1000, {});
  EXPECT_EQ(trained_parameters(graph), 25'557'032);
  EXPECT_EQ(cost(graph).parameters, 25'557'032 + 53'120);  // and two statistics for each of 26,560 channels
  EXPECT_EQ(cost(graph).multiply_adds, 4'089'184'256);
}

TEST(Architectures, ResNet50HalvesInItsStemAndThenInTheMiddleOfThreeBottlenecks) {
  const Graph graph = build_architecture("resnet50", imagenet, 1000, {});
  const auto dims = [&](const std::string& name) { return graph.dims(node_of(graph, name).output); };
  const auto strides = [&](const std::string& name) { return std::get<Convolution>(node_of(graph, name).operation).strides[0]; };
  EXPECT_EQ(dims("stem.conv"), (Dims{batch, 64, 112, 112}));
  EXPECT_EQ(dims("stem.pool"), (Dims{batch, 64, 56, 56}));
  EXPECT_EQ(dims("stage1.block3.relu3"), (Dims{batch, 256, 56, 56}));
  EXPECT_EQ(dims("stage2.block4.relu3"), (Dims{batch, 512, 28, 28}));
  EXPECT_EQ(dims("stage3.block6.relu3"), (Dims{batch, 1024, 14, 14}));
  EXPECT_EQ(dims("stage4.block3.relu3"), (Dims{batch, 2048, 7, 7}));
  EXPECT_EQ(dims("mean"), (Dims{batch, 2048}));
  EXPECT_EQ(strides("stage2.block1.1.conv"), 1);
  EXPECT_EQ(strides("stage2.block1.2.conv"), 2);
  EXPECT_EQ(strides("stage2.block1.shortcut.conv"), 2);
  EXPECT_EQ(strides("stage1.block1.2.conv"), 1);
}

TEST(Architectures, CifarResidualNetworksHaveTheSizeOfThePaperAndItsShortcuts) {
  // 269,722 with shortcuts that cost nothing (He et al.: 0.27 million), and 1x1 convolutions with norms for two of them.
  EXPECT_EQ(trained_parameters("resnet20", cifar, 10), 269'722 + (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64));
  EXPECT_EQ(trained_parameters("resnet110", cifar, 10), 1'727'962 + 576 + 2176);
}

// Group by group: convolutions, norms, shortcut; then the last norm and the linear layer.
TEST(Architectures, WideResidualNetworksHaveTheirPaperSize) {
  const std::int64_t first = 2 * 16 + 9 * 16 * 64 + 2 * 64 + 9 * 64 * 64 + 16 * 64 + 2 * (2 * 64 + 9 * 64 * 64);
  const std::int64_t second = 2 * 64 + 9 * 64 * 128 + 2 * 128 + 9 * 128 * 128 + 64 * 128 + 2 * (2 * 128 + 9 * 128 * 128);
  const std::int64_t third = 2 * 128 + 9 * 128 * 256 + 2 * 256 + 9 * 256 * 256 + 128 * 256 + 2 * (2 * 256 + 9 * 256 * 256);
  const std::int64_t whole = 9 * 3 * 16 + first + second + third + 2 * 256 + 256 * 10 + 10;
  EXPECT_EQ(whole, 2'748'890);
  EXPECT_EQ(trained_parameters("wrn16-4", cifar, 10), whole);
  EXPECT_EQ(trained_parameters("wrn28-10", cifar, 10), 36'479'194);  // the paper's 36.5 million
}

TEST(Architectures, WideResidualNetworksActivateBeforeTheyBranch) {
  const Graph graph = build_architecture("wrn16-4", cifar, 10, {});
  const auto output = [&](const std::string& name) { return node_of(graph, name).output; };
  const auto input = [&](const std::string& name, std::size_t i) { return node_of(graph, name).inputs[i]; };
  EXPECT_EQ(input("stage2.block1.1.norm", 0), output("stage1.block2.sum"));
  EXPECT_EQ(input("stage2.block1.shortcut.conv", 0), output("stage2.block1.1.relu"));
  EXPECT_EQ(input("stage2.block1.1.conv", 0), output("stage2.block1.1.relu"));
  EXPECT_EQ(input("stage2.block1.sum", 1), output("stage2.block1.shortcut.conv"));
  EXPECT_EQ(input("stage2.block2.sum", 1), output("stage2.block1.sum"));
  EXPECT_EQ(input("mean", 0), output("final.relu"));
  EXPECT_EQ(graph.dims(output("final.relu")), (Dims{batch, 256, 8, 8}));
  const Graph narrow = build_architecture("wrn10-1", cifar, 10, {});  // 16 channels already: no shortcut in the first group
  EXPECT_EQ(node_of(narrow, "stage1.block1.sum").inputs[1], node_of(narrow, "stem.conv").output);
}

TEST(Architectures, PerceptronsCountTheirLinearLayers) {
  const Graph seven = build_architecture("mlp7x1024", cifar, 10, {});
  EXPECT_EQ(count_of<Linear>(seven), 7);
  EXPECT_EQ(count_of<Activation>(seven), 6);
  EXPECT_EQ(trained_parameters(seven), (3072 + 1) * 1024 + 5 * (1024 + 1) * 1024 + (1024 + 1) * 10);
  expect_same_nodes(build_architecture("mlp3x256", mnist, 10, {}), build_architecture("mlp", mnist, 10, {}));
  EXPECT_EQ(trained_parameters("mlp", mnist, 10), (784 + 1) * 256 + 257 * 256 + 257 * 10);
  EXPECT_EQ(trained_parameters("mlp2x5", mnist, 3), (784 + 1) * 5 + 6 * 3);
  EXPECT_EQ(trained_parameters("linear", mnist, 10), 7'850);
}

TEST(Architectures, ConvolutionalNetworksHaveTheSizesOfWongAndKolter) {
  EXPECT_EQ(trained_parameters("cnn-small", mnist, 10), 166'406);
  EXPECT_EQ(trained_parameters("cnn-large", mnist, 10), 1'974'762);
  const Graph small = build_architecture("cnn-small", mnist, 10, {});
  EXPECT_EQ(small.dims(node_of(small, "conv2").output), (Dims{batch, 32, 7, 7}));
  const Graph large = build_architecture("cnn-large", cifar, 10, {});
  EXPECT_EQ(large.dims(node_of(large, "conv3").output), (Dims{batch, 64, 16, 16}));
  EXPECT_EQ(large.dims(node_of(large, "conv4").output), (Dims{batch, 64, 8, 8}));
}

TEST(Architectures, EveryNameComesBackFromAFileAsItWas) {
  for (const std::string name :
       {"resnet8", "resnet14", "resnet50", "wrn10-1", "wrn16-4", "mlp", "mlp7x16", "cnn-small", "cnn-large", "linear"}) {
    SCOPED_TRACE(name);
    const ImageShape shape = name == "resnet50" ? cifar : tiny;
    const Graph graph = with_weights(build_architecture(name, shape, 4, {{0.1f, 0.2f, 0.3f}, {0.5f, 0.25f, 2.0f}}));
    EXPECT_EQ(graph.dims(graph.input), (Dims{batch, 3, shape.height, shape.width}));
    EXPECT_EQ(graph.classes(), 4);
    const Graph again = reloaded(graph);
    expect_same_nodes(again, graph);
    if (cost(graph).multiply_adds < 2'000'000) expect_same(again, graph);  // what the interpreter does in a moment
  }
}

// Initial weights are drawn by the numbers of values: another order would be another network for the same seed.
TEST(Architectures, KeepTheNumbersAndNamesOfTheirValues) {
  const auto digest = [](const std::string& name) {
    const Graph graph = build_architecture(name, {3, 16, 12}, 7, {{0.1f, 0.2f, 0.3f}, {0.5f, 0.6f, 0.7f}});
    Sha256 hash;
    for (const Value& value : graph.values) hash.add(value.name + ": " + to_string(value.dims) + "\n");
    for (const Node& node : graph.nodes) {
      hash.add(node.name + " =");
      for (const ValueId id : node.inputs) hash.add(" " + std::to_string(id));
      hash.add("\n");
    }
    return to_hex(hash.finish()).substr(0, 16);
  };
  const Graph mlp = build_architecture("mlp", mnist, 10, {});
  std::string names;
  for (const Value& value : mlp.values) names += value.name + " ";
  EXPECT_EQ(names,
            "image flatten hidden1.weight hidden1.bias hidden1 relu1 hidden2.weight hidden2.bias hidden2 relu2 "
            "classify.weight classify.bias classify ");
  EXPECT_EQ(digest("resnet8"), "24a7d43df4750a96");
  EXPECT_EQ(digest("resnet20"), "e29d54517b012c73");
  EXPECT_EQ(digest("resnet110"), "ff9728948be418d5");
}

TEST(Architectures, NamesOfValuesAndNodesAreUnique) {
  for (const char* name : {"resnet8", "resnet50", "wrn16-4", "mlp7x16", "cnn-small", "cnn-large", "linear"}) {
    const Graph graph = build_architecture(name, cifar, 10, {{0.1f, 0.2f, 0.3f}, {0.5f, 0.25f, 2.0f}});
    std::set<std::string> values, nodes;
    for (const Value& value : graph.values) EXPECT_TRUE(values.insert(value.name).second) << name << ": " << value.name;
    for (const Node& node : graph.nodes) EXPECT_TRUE(nodes.insert(node.name).second) << name << ": " << node.name;
  }
}

TEST(Architectures, OtherNamesAreRefusedSayingWhatIsAllowed) {
  for (const char* name : {"",           "resnet",
                           "resnet9",    "resnet18",
                           "resnet34",   "resnet2",
                           "resnet1208", "resnet020",
                           "resnet-8",   "resnet20 ",
                           "wrn16",      "wrn15-4",
                           "wrn4-4",     "wrn16-0",
                           "wrn16-33",   "wrn16-4-",
                           "mlp1x10",    "mlp65x8",
                           "mlp7x",      "mlp7x0",
                           "mlp7x8193",  "mlpx256",
                           "cnn",        "cnn-medium",
                           "Linear",     "resnet99999999999999999999"}) {
    try {
      build_architecture(name, cifar, 10, {});
      ADD_FAILURE() << "'" << name << "' must be refused";
    } catch (const InputError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("'" + std::string(name) + "'"), std::string::npos) << message;
      for (const char* allowed : {"resnet20", "resnet50", "wrnD-K", "mlpLxW", "cnn-small", "cnn-large", "linear"})
        EXPECT_NE(message.find(allowed), std::string::npos) << message;
    }
  }
}

TEST(Architectures, RefuseImagesThatAreTooSmallNamingTheLayer) {
  try {
    build_architecture("cnn-small", {1, 2, 2}, 10, {});
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("conv2"), std::string::npos) << error.what();
  }
}

TEST(Architectures, RefuseAnythingButSeveralClassesAndANormalisationThatFits) {
  EXPECT_THROW(build_architecture("linear", mnist, 1, {}), InputError);
  EXPECT_THROW(build_architecture("linear", mnist, 10, {{0.1f, 0.2f, 0.3f}, {1, 1, 1}}), InputError);
  EXPECT_THROW(build_architecture("linear", mnist, 10, {{0.1f}, {}}), InputError);
}

TEST(Normalisation, HasTheNamesOfDataSets) {
  EXPECT_EQ(normalisation_from("cifar10", 3)->mean, (std::vector<float>{0.4914f, 0.4822f, 0.4465f}));
  EXPECT_EQ(normalisation_from("cifar10", 3)->deviation, (std::vector<float>{0.2023f, 0.1994f, 0.2010f}));
  EXPECT_EQ(normalisation_from("imagenet", 3)->mean, (std::vector<float>{0.485f, 0.456f, 0.406f}));
  EXPECT_EQ(normalisation_from("imagenet", 3)->deviation, (std::vector<float>{0.229f, 0.224f, 0.225f}));
  EXPECT_EQ(normalisation_from("fashion-mnist", 1)->mean, std::vector<float>{0.286f});
  EXPECT_EQ(normalisation_from("fashion-mnist", 1)->deviation, std::vector<float>{0.353f});
  EXPECT_EQ(normalisation_from("mnist", 1)->mean, std::vector<float>{0.1307f});
  EXPECT_EQ(normalisation_from("mnist", 1)->deviation, std::vector<float>{0.3081f});
  EXPECT_EQ(normalisation_from("half", 2)->mean, (std::vector<float>{0.5f, 0.5f}));
  EXPECT_EQ(normalisation_from("half", 2)->deviation, (std::vector<float>{1, 1}));
  EXPECT_TRUE(normalisation_from("none", 3)->mean.empty());
  EXPECT_FALSE(normalisation_from("cifar", 3));
  EXPECT_FALSE(normalisation_from("", 3));
}

TEST(Normalisation, EveryNameInTheListIsTakenAndComesFirstInTheNetwork) {
  std::string list(normalisation_names);
  for (std::size_t from = 0; from < list.size();) {
    const std::size_t end = std::min(list.find(", ", from), list.size());
    EXPECT_TRUE(normalisation_from(list.substr(from, end - from), 3)) << list.substr(from, end - from);
    from = end + 2;
  }
  const Graph graph = build_architecture("linear", {3, 1, 1}, 2, *normalisation_from("imagenet", 3));
  EXPECT_EQ(graph.nodes[0].name, "normalise.mean");
  EXPECT_EQ(graph.nodes[1].name, "normalise.std");
}

}  // namespace
}  // namespace ballast::graph::architectures_test
