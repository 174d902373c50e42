// SPDX-License-Identifier: Apache-2.0
//
// Third-party classifiers: read, written, folded, and compared with the
// outputs of ONNX Runtime.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/passes.hpp"
#include "network.hpp"

namespace ballast::graph::real_networks_test {
namespace {

using namespace testing;
namespace fs = std::filesystem;

// ONNX Runtime computes in single precision.
constexpr double single_precision = 1e-4;

// What the interpreter does in a moment.
constexpr std::int64_t few_multiply_adds = 1'200'000;

const fs::path models = fs::path(BALLAST_SHARED) / "models";

class RealNetworks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::is_directory(models)) GTEST_SKIP() << "there are no models in " << models;
    for (const auto& entry : fs::recursive_directory_iterator(models)) {
      const bool is_form = entry.path().parent_path().filename() == "forms";  // of export, not all of which are read
      if (entry.path().extension() == ".onnx" && !is_form) files_.push_back(entry.path());
    }
    std::sort(files_.begin(), files_.end());
    ASSERT_FALSE(files_.empty());
  }

  std::vector<fs::path> files_;
};

bool is_transformer(const fs::path& file) { return file.filename().string().starts_with("vit_"); }

std::vector<std::string> kinds(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.emplace_back(name_of(node.operation));
  return names;
}

Graph folded(Graph graph) {
  fold_batch_norms(graph);
  fold_biases(graph);
  shortcuts_to_convolutions(graph);
  return graph;
}

TEST_F(RealNetworks, AreReadWithTheirInputsAndClasses) {
  for (const fs::path& file : files_) {
    SCOPED_TRACE(file.string());
    const Graph graph = load_onnx(file);
    EXPECT_EQ(graph.classes(), file.parent_path().filename() == "imagenet" ? 1001 : 10);
    const Dims& in = graph.dims(graph.input);
    EXPECT_EQ(in[0], batch);
    const bool fits = in == Dims{batch, 3, 32, 32} || in == Dims{batch, 32, 32, 3} || in == Dims{batch, 1, 28, 28} ||
                      in == Dims{batch, 784, 1} || file.parent_path().filename() == "imagenet";
    EXPECT_TRUE(fits) << to_string(in);
    EXPECT_GT(cost(graph).parameters, 0);
  }
}

TEST_F(RealNetworks, StayWhatTheyAreWhenWrittenAndReadAgain) {
  const fs::path copy = fs::temp_directory_path() / ("ballast_copy_" + std::to_string(std::random_device{}()) + ".onnx");
  for (const fs::path& file : files_) {
    SCOPED_TRACE(file.string());
    const Graph graph = load_onnx(file);
    save_onnx(graph, copy);
    const Graph again = load_onnx(copy);
    EXPECT_EQ(again.dims(again.input), graph.dims(graph.input));
    EXPECT_EQ(again.dims(again.output), graph.dims(graph.output));
    EXPECT_EQ(kinds(again), kinds(graph));
    EXPECT_EQ(cost(again).parameters, cost(graph).parameters);
    EXPECT_EQ(cost(again).multiply_adds, cost(graph).multiply_adds);
    EXPECT_EQ(again.metadata, graph.metadata);
  }
  fs::remove(copy);
}

TEST_F(RealNetworks, KeepNoBatchNormalisationBehindALayer) {
  for (const fs::path& file : files_) {
    SCOPED_TRACE(file.string());
    const Graph graph = folded(load_onnx(file));
    if (is_transformer(file)) EXPECT_GT(count_of<BatchNorm>(graph), 0);
    else EXPECT_EQ(count_of<BatchNorm>(graph), 0);
  }
}

TEST_F(RealNetworks, ShortcutsOfResidualNetworksBecomeConvolutions) {
  Graph graph = load_onnx(models / "cifar10" / "akamaster_resnet20.onnx");
  EXPECT_GT(count_of<Slice>(graph) + count_of<Pad>(graph), 0);
  const int convolutions = count_of<Convolution>(graph);
  shortcuts_to_convolutions(graph);
  EXPECT_EQ(count_of<Slice>(graph) + count_of<Pad>(graph), 0);
  EXPECT_EQ(count_of<Convolution>(graph), convolutions + 2);
}

TEST_F(RealNetworks, ThePapersNetworkCostsAQuarterOfABillionMultiplyAdds) {
  const Graph graph = load_onnx(models / "bench" / "resnet110_cifar_random.onnx");
  std::int64_t expected = 32 * 32 * 16 * (3 * 9) + 36 * (32 * 32 * 16 * (16 * 9));  // the stem, and 18 blocks of two layers
  for (const std::int64_t out : {32, 64}) {
    const std::int64_t pixels = 512 / out * (512 / out), in = out / 2;
    expected +=
        pixels * out * (in * 9) + pixels * out * in + 35 * (pixels * out * (out * 9));  // the first layer, its 1x1 shortcut, and the rest
  }
  expected += 64 * 10;
  EXPECT_EQ(cost(graph).multiply_adds, expected);
  EXPECT_EQ(expected, 253'149'824);
}

TEST_F(RealNetworks, ComputeWhatOnnxRuntimeComputesAsReadAndFolded) {
  std::ifstream in(fs::path(BALLAST_SHARED) / "reference" / "onnx_logits.json");
  if (!in) GTEST_SKIP() << "there are no reference outputs";
  const auto document = nlohmann::json::parse(in);
  int compared = 0;
  for (const auto& [name, entry] : document["models"].items()) {
    if (!fs::exists(models / name)) continue;
    SCOPED_TRACE(name);
    const Graph graph = load_onnx(models / name);
    if (cost(graph).multiply_adds > few_multiply_adds) continue;
    std::size_t size = 1;
    for (const std::size_t dim : entry["input_dims"]) size *= dim;
    std::vector<double> input(size);
    for (std::size_t i = 0; i < size; ++i)
      input[i] = static_cast<double>(static_cast<float>(static_cast<double>(i % 65521 * 40503 % 65521) / 65521));
    expect_near(run(graph, input), entry["logits"], single_precision);
    expect_near(run(folded(graph), input), entry["logits"], single_precision);
    ++compared;
  }
  EXPECT_GE(compared, 10);
}

}  // namespace
}  // namespace ballast::graph::real_networks_test
