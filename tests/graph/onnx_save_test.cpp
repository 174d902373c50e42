// SPDX-License-Identifier: Apache-2.0
//
// What is written as ONNX computes the same when it is read again, and a file is written whole or not at all.

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <tuple>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/onnx.hpp"
#include "half.hpp"
#include "network.hpp"

namespace ballast::graph::onnx_save_test {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class OnnxSave : public ::testing::Test {
 protected:
  OnnxSave() : folder_(fs::temp_directory_path() / ("ballast_save_" + std::to_string(std::random_device{}()))) {
    fs::create_directory(folder_);
  }
  ~OnnxSave() override { fs::remove_all(folder_); }

  fs::path file() const { return folder_ / "model.onnx"; }

  Graph reloaded(const Graph& graph) const {
    save_onnx(graph, file());
    return load_onnx(file(), {.classifier = false});
  }

  std::set<std::string> names_in_folder() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename().string());
    return names;
  }

  onnx::ModelProto proto() const {
    onnx::ModelProto model;
    std::ifstream in(file(), std::ios::binary);
    EXPECT_TRUE(model.ParseFromIstream(&in));
    return model;
  }

  fs::path folder_;
};

// Fails with one line that names the file, and leaves nothing behind.
template <typename Error>
void expect_failure(const Graph& graph, const fs::path& file) {
  try {
    save_onnx(graph, file);
    ADD_FAILURE() << "saving to " << file << " must fail";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_NE(message.find(file.string()), std::string::npos) << message;
  }
}

Graph small_network() {
  Network net({batch, 3, 8, 8});
  net.convolution(4, 3), net.relu(), net.flatten(), net.linear(5);
  return net.finish();
}

TEST_F(OnnxSave, WeightsOfHalfPrecisionAreReadAsJustThese) {
  Graph graph;
  const ValueId x = graph.add_input("x", {batch, 64});
  Tensor large{{32, 64}, {}}, small{{32}, {}};
  for (int i = 0; i < 32 * 64; ++i) large.values.push_back(static_cast<float>(std::sin(i)));
  for (int i = 0; i < 32; ++i) small.values.push_back(static_cast<float>(std::cos(i)));
  graph.output = graph.append(Linear{}, "y", {x, graph.add_constant("w", large), graph.add_constant("b", small)});
  save_onnx(graph, file());
  const auto whole = fs::file_size(file());
  save_onnx(graph, file(), {.weights = WeightForm::half});
  EXPECT_LT(fs::file_size(file()), whole - large.values.size());
  const Graph again = load_onnx(file());
  ASSERT_EQ(again.nodes.size(), 1u);
  const Tensor& weights = again.tensor(again.nodes[0].inputs[1]);
  for (std::size_t i = 0; i < large.values.size(); ++i) {
    EXPECT_EQ(weights.values[i], from_half(to_half(large.values[i])));
    EXPECT_NEAR(weights.values[i], large.values[i], std::abs(large.values[i]) * 0x1p-11F + 0x1p-25F);
  }
  EXPECT_EQ(again.tensor(again.nodes[0].inputs[2]).values, small.values);
  save_onnx(again, file(), {.weights = WeightForm::half});
  EXPECT_EQ(load_onnx(file()).tensor(load_onnx(file()).nodes[0].inputs[1]).values, weights.values);
}

TEST_F(OnnxSave, WeightsBeyondHalfPrecisionAreRefusedByName) {
  Graph graph;
  const ValueId x = graph.add_input("x", {batch, 64});
  Tensor large{{32, 64}, std::vector<float>(32 * 64, 1e5F)};
  graph.output = graph.append(Linear{}, "y", {x, graph.add_constant("w", large)});
  try {
    save_onnx(graph, file(), {.weights = WeightForm::half});
    ADD_FAILURE() << "it was written";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("'w.half' holds 100000"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(names_in_folder().empty());
}

TEST_F(OnnxSave, ConvolutionsAndNorms) {
  Network net({batch, 4, 9, 8});
  const ValueId input = net.x;
  Convolution conv{.strides = {2, 1}, .pads = {0, 1, 2, 3}, .dilations = {1, 2}, .groups = 2};
  net.apply(conv, {input, net.constant({6, 2, 3, 2}), net.constant({6})});
  net.batch_norm(), net.convolution(3, 3, false);
  expect_same(reloaded(net.finish()), net.finish());
}

TEST_F(OnnxSave, GroupNorms) {
  for (const Dims& dims : {Dims{batch, 6, 3, 2}, Dims{batch, 6, 5}}) {
    for (const std::int64_t groups : {1, 2, 6}) {
      Network net(dims);
      const ValueId input = net.x;
      net.apply(GroupNorm{groups, 1e-3f}, {input, net.constant({6}, 0.5, 2), net.constant({6})});
      const Graph again = reloaded(net.finish());
      expect_same(again, net.finish());
      EXPECT_EQ(again.nodes.size(), groups == 6 ? 1u : 5u);
    }
  }
}

TEST_F(OnnxSave, Resizes) {
  for (const auto& [kind, height, width] : {std::tuple{Resize::Kind::nearest, 6, 15}, std::tuple{Resize::Kind::linear, 7, 12},
                                            std::tuple{Resize::Kind::linear, 1, 3}, std::tuple{Resize::Kind::linear, 41, 29}}) {
    Network net({batch, 2, 3, 5});
    net.apply(Resize{kind}, {net.x}, {batch, 2, height, width});
    const Graph again = reloaded(net.finish());
    EXPECT_EQ(again.dims(again.output), (Dims{batch, 2, height, width}));
    expect_same(again, net.finish());
    const auto model = proto();
    const auto& scales = model.graph().initializer(0);
    ASSERT_EQ(scales.dims(0), 4);
    std::vector<float> values(4);
    std::memcpy(values.data(), scales.raw_data().data(), 4 * sizeof(float));
    EXPECT_EQ(std::floor(3 * values[2]), static_cast<float>(height));  // so do other programs find the size
    EXPECT_EQ(std::floor(5 * values[3]), static_cast<float>(width));
  }
}

TEST_F(OnnxSave, ActivationsWithTheirParameters) {
  using Kind = Activation::Kind;
  for (const Activation& activation : {Activation{Kind::relu}, Activation{Kind::clip, 0.2f, 0.7f}, Activation{Kind::leaky_relu, 0.3f},
                                       Activation{Kind::elu, 0.4f}, Activation{Kind::sigmoid}, Activation{Kind::tanh}}) {
    Network net({batch, 6});
    net.apply(Binary{Binary::Kind::subtract}, {net.x, net.constant({6}, 0, 1)}), net.apply(activation, {net.x});
    expect_same(reloaded(net.finish()), net.finish());
  }
}

TEST_F(OnnxSave, BinariesWithTheConstantOnEitherSide) {
  for (std::size_t kind = 0; kind < 4; ++kind) {
    for (const bool constant_first : {false, true}) {
      Network net({batch, 3, 2, 2});
      const ValueId from = net.apply(Activation{Activation::Kind::sigmoid}, {net.x}), constant = net.constant({3, 1, 1}, 0.5, 2);
      net.apply(Binary{static_cast<Binary::Kind>(kind)}, constant_first ? std::vector{constant, from} : std::vector{from, constant});
      net.add(from);
      expect_same(reloaded(net.finish()), net.finish());
    }
  }
}

TEST_F(OnnxSave, Pools) {
  for (const Pool& pool :
       {Pool{Pool::Kind::max, {3, 2}, {2, 1}, {1, 0, 2, 1}}, Pool{Pool::Kind::average, {3, 2}, {2, 1}, {1, 0, 2, 1}, true},
        Pool{Pool::Kind::average, {3, 2}, {2, 1}, {1, 0, 2, 1}, false}}) {
    Network net({batch, 2, 7, 6});
    net.apply(pool, {net.x});
    expect_same(reloaded(net.finish()), net.finish());
  }
}

TEST_F(OnnxSave, MeansThatKeepTheirAxesAndThatDoNot) {
  for (const bool keep : {false, true}) {
    Network net({batch, 3, 4, 5});
    net.apply(Reduce{{3, 1}, keep}, {net.x});
    expect_same(reloaded(net.finish()), net.finish());
  }
}

TEST_F(OnnxSave, WhatMovesData) {
  Network net({batch, 3, 4, 6});
  const ValueId input = net.x;
  net.apply(Transpose{{0, 3, 1, 2}}, {input});
  const ValueId padded = net.apply(Pad{{0, 1, 0, 2}, {0, 0, 3, 1}, 0.75f}, {net.x});
  const ValueId sliced = net.apply(Slice{{0, 1, 0, 2}, {1, 3, 1, 2}}, {padded}, {batch, 2, 6, 2});
  net.apply(Concat{1}, {sliced, sliced, sliced});
  net.apply(Reshape{}, {net.x}, {batch, 12, 6}), net.apply(Softmax{1}, {net.x});
  expect_same(reloaded(net.finish()), net.finish());
}

TEST_F(OnnxSave, LinearLayersOfImagesAndOfTokens) {
  for (const bool biased : {false, true}) {
    Network net({batch, 4, 6});
    net.linear(5, biased), net.relu(), net.linear(3, biased), net.flatten(), net.linear(4, biased);
    expect_same(reloaded(net.finish()), net.finish());
  }
}

TEST_F(OnnxSave, ProductsOfComputedValues) {
  Network net({batch, 2, 3, 4});
  const ValueId input = net.x;
  const ValueId turned = net.apply(Transpose{{0, 1, 3, 2}}, {input});
  net.apply(MatMul{}, {input, turned});
  expect_same(reloaded(net.finish()), net.finish());
}

TEST_F(OnnxSave, FoldedNetworksAndArchitectures) {
  for (const char* name : {"resnet8", "mlp"}) {
    Graph graph = build_architecture(name, {3, 8, 8}, 10, {{0.1f, 0.2f, 0.3f}, {0.5f, 0.25f, 2.0f}});
    const Graph before = reloaded(graph);
    EXPECT_EQ(cost(before).parameters, cost(graph).parameters);
    EXPECT_EQ(cost(before).multiply_adds, cost(graph).multiply_adds);
    expect_same(before, graph);
  }
}

TEST_F(OnnxSave, KeepsDimsMetadataAndTheNamesOfInputAndOutput) {
  Graph graph = small_network();
  graph.metadata = {{"sigma", "0.25"}, {"empty", ""}, {"lines", "one\ntwo"}};
  const Graph again = reloaded(graph);
  EXPECT_EQ(again.metadata, graph.metadata);
  EXPECT_EQ(again.dims(again.input), graph.dims(graph.input));
  EXPECT_EQ(again.dims(again.output), graph.dims(graph.output));
  EXPECT_EQ(again.value(again.input).name, graph.value(graph.input).name);
  EXPECT_EQ(again.value(again.output).name, graph.value(graph.output).name);
}

TEST_F(OnnxSave, WritesAFreeBatchAndOperatorSet17) {
  save_onnx(small_network(), file());
  const auto model = proto();
  EXPECT_EQ(model.opset_import(0).version(), 17);
  EXPECT_TRUE(model.graph().input(0).type().tensor_type().shape().dim(0).has_dim_param());
  EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(1).dim_value(), 3);
  EXPECT_TRUE(model.graph().output(0).type().tensor_type().shape().dim(0).has_dim_param());
}

TEST_F(OnnxSave, SavingTwiceGivesTheSameBytes) {
  const auto bytes = [&] {
    save_onnx(small_network(), file());
    std::ifstream in(file(), std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  EXPECT_EQ(bytes(), bytes());
}

// Every value has the same name, or the name that another one would be given, or that a helper constant would be.
TEST_F(OnnxSave, NamesThatClashAreToldApart) {
  for (const std::string stem : {"", "x", "image"}) {
    Network net({batch, 4, 6});
    const ValueId input = net.x;
    net.linear(5), net.apply(Activation{Activation::Kind::clip, 0.1f, 0.5f}, {net.x});
    net.add(net.constant({4, 1})), net.apply(Pad{{0, 0, 1}, {0, 1, 0}, 0.5f}, {net.x}), net.flatten(), net.linear(3);
    Graph graph = net.finish();
    const char* const endings[] = {"", "#1", "#2", ".min", ".shape", ".weight_t", ".product", ".pads", ".value", ".max"};
    for (std::size_t i = 0; i < graph.values.size(); ++i) graph.values[i].name = stem + endings[i % 10];
    const Graph again = reloaded(graph);
    expect_same(again, graph);
    EXPECT_EQ(graph.input, input);
    std::set<std::string> names;
    const auto model = proto();
    for (const auto& tensor : model.graph().initializer()) EXPECT_TRUE(names.insert(tensor.name()).second) << tensor.name();
    for (const auto& node : model.graph().node()) EXPECT_TRUE(names.insert(node.output(0)).second) << node.output(0);
  }
}

TEST_F(OnnxSave, ReplacesAFileAndLeavesNothingBesideIt) {
  std::ofstream(file()) << "what was there before, and longer than a model perhaps";
  expect_same(reloaded(small_network()), small_network());
  EXPECT_EQ(names_in_folder(), std::set<std::string>{"model.onnx"});
}

TEST_F(OnnxSave, AMissingFolderIsAnInputError) {
  expect_failure<InputError>(small_network(), folder_ / "missing" / "model.onnx");
  EXPECT_TRUE(names_in_folder().empty());
}

TEST_F(OnnxSave, AFolderIsNotReplaced) {
  fs::create_directory(file());
  expect_failure<InputError>(small_network(), file());
  EXPECT_EQ(names_in_folder(), std::set<std::string>{"model.onnx"});
  EXPECT_TRUE(fs::is_directory(file()));
}

TEST_F(OnnxSave, ADeviceIsNotReplaced) {
  const fs::path device = "/dev/full";
  if (!fs::is_character_file(device)) GTEST_SKIP() << "there is no " << device;
  expect_failure<InputError>(small_network(), device);
  EXPECT_TRUE(fs::is_character_file(device));
  for (const auto& entry : fs::directory_iterator("/dev")) EXPECT_EQ(entry.path().string().find("/dev/full."), std::string::npos);
}

// A limit on the size of files stands for a disk that is full.
TEST_F(OnnxSave, AFullDiskLeavesTheOldFileAndNothingElse) {
  std::ofstream(file()) << "old";
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{512, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_failure<std::runtime_error>(small_network(), file());
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(names_in_folder(), std::set<std::string>{"model.onnx"});
  std::string text;
  std::ifstream(file()) >> text;
  EXPECT_EQ(text, "old");
}

TEST_F(OnnxSave, WhatCannotBeWrittenIsRefusedByNameBeforeAnythingIs) {
  Network dilated({batch, 1, 4, 4});
  dilated.apply(Pool{Pool::Kind::average, {2, 2}, {1, 1}, {0, 0, 0, 0}, false, {2, 2}}, {dilated.x});
  try {
    save_onnx(dilated.finish(), file());
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("node0"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(names_in_folder().empty());
}

}  // namespace
}  // namespace ballast::graph::onnx_save_test
