// SPDX-License-Identifier: Apache-2.0
//
// ONNX's own vectors for each operation (Debian: libonnx-testdata), as far as a network of images can hold them: an input's first
// dimension is the batch, or the input is constant. What the network means is compared with what the vector says; for each operation,
// how many vectors were compared and why the others were refused is printed.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"
#include "interpreter.hpp"
#include "onnx_tensor.hpp"
#include "operations/operations.hpp"

namespace ballast::graph::onnx_vectors_test {
namespace {

namespace fs = std::filesystem;

const fs::path vectors = "/usr/share/libonnx-testdata/data/node";
constexpr std::int64_t oldest_read = 7;
constexpr double tolerance = 1e-4;  // of the largest value: they are in single precision, and some of them printed
constexpr double half_precision = 1e-3;

const std::set<std::string> against_the_text{
    // These divide by the length before it is rounded down; the text of ONNX, and ONNX Runtime, divide by the length.
    "test_resize_downsample_scales_linear_align_corners", "test_resize_downsample_scales_cubic_align_corners",
    // Of ONNX 1.16 and 1.17: divides by the taps beyond the padding, too. PyTorch and later versions do not.
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True",
    // Likewise: -236 is written as the byte 20. The text says that it is -128, the nearest that there is.
    "test_qlinearmatmul_2D_int8_float32", "test_qlinearmatmul_2D_int8_float16"};

template <typename Message>
std::optional<Message> read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  Message message;
  if (!in || !message.ParseFromIstream(&in)) return {};
  return message;
}

// Numbers of a tensor of any type that is read.
std::vector<double> numbers(const onnx::TensorProto& tensor) {
  LoadBudget budget = LoadBudget::unlimited();
  ExternalFiles none;
  const Constant constant = read_tensor(tensor, budget, none);
  return std::visit([](const auto& values) { return std::vector<double>(values.begin(), values.end()); }, constant.values);
}

struct Vector {
  onnx::ModelProto model;
  std::vector<onnx::TensorProto> inputs;
  std::vector<double> output;
  bool is_half = false;  // computed in half precision
};

// Nothing for types that are no numbers here, and for nodes without an output.
std::optional<Vector> vector_of(const fs::path& folder) {
  auto model = read<onnx::ModelProto>(folder / "model.onnx");
  auto output = read<onnx::TensorProto>(folder / "test_data_set_0" / "output_0.pb");
  if (!model || !output || model->graph().node_size() != 1 || !operations::onnx_types().count(model->graph().node(0).op_type())) return {};
  Vector vector{std::move(*model), {}, {}, output->data_type() == onnx::TensorProto::FLOAT16};
  for (int i = 0; i < vector.model.graph().input_size(); ++i) {
    auto input = read<onnx::TensorProto>(folder / "test_data_set_0" / fmt::format("input_{}.pb", i));
    if (!input) return {};
    vector.is_half = vector.is_half || input->data_type() == onnx::TensorProto::FLOAT16;
    vector.inputs.push_back(std::move(*input));
  }
  try {
    vector.output = numbers(*output);
  } catch (const InputError&) {
    return {};
  }
  return vector;
}

void add_integers(onnx::GraphProto& graph, const std::string& name, const std::vector<std::int64_t>& values) {
  write_tensor(values, name, *graph.add_initializer());
}

void add_node(onnx::GraphProto& graph, const std::string& type, const std::vector<std::string>& inputs, const std::string& output) {
  auto& node = *graph.add_node();
  node.set_op_type(type);
  for (const auto& input : inputs) node.add_input(input);
  node.add_output(output);
}

// The vector as a network of one input, which holds the inputs of these numbers side by side; the others are constants.
struct Wrapped {
  onnx::ModelProto model;
  std::vector<double> images;
};

std::optional<Wrapped> wrapped(const Vector& vector, const std::set<int>& computed) {
  Wrapped result{vector.model, {}};
  onnx::GraphProto& graph = *result.model.mutable_graph();
  const onnx::GraphProto original = graph;
  graph.clear_input(), graph.clear_node();
  std::int64_t batch_size = 0, width = 0;
  std::vector<std::vector<double>> parts;
  std::vector<std::size_t> widths;
  for (int i = 0; i < original.input_size(); ++i) {
    const auto& tensor = vector.inputs[static_cast<std::size_t>(i)];
    const std::string& name = original.input(i).name();
    if (!computed.count(i)) {
      *graph.add_initializer() = tensor;
      graph.mutable_initializer()->rbegin()->set_name(name);
      continue;
    }
    std::vector<std::int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    if (dims.empty() || dims[0] == 0 || (batch_size != 0 && dims[0] != batch_size)) return {};
    batch_size = dims[0];
    parts.push_back(numbers(tensor));
    const auto own = static_cast<std::int64_t>(parts.back().size()) / batch_size;
    if (own == 0) return {};
    widths.push_back(static_cast<std::size_t>(own));
    add_integers(graph, name + ".start", {width}), add_integers(graph, name + ".end", {width + own}),
        add_integers(graph, name + ".axis", {1});
    add_integers(graph, name + ".dims", dims);
    add_node(graph, "Slice", {"images", name + ".start", name + ".end", name + ".axis"}, name + ".flat");
    add_node(graph, "Reshape", {name + ".flat", name + ".dims"}, name);
    width += own;
  }
  for (std::int64_t image = 0; image < batch_size; ++image) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const auto from = parts[part].begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(image) * widths[part]);
      result.images.insert(result.images.end(), from, from + static_cast<std::ptrdiff_t>(widths[part]));
    }
  }
  auto& input = *graph.add_input();
  input.set_name("images");
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  std::string output = original.output(0).name();
  *graph.add_node() = original.node(0);
  auto& outputs = *graph.mutable_node()->rbegin()->mutable_output();
  while (original.node(0).op_type() != "Split" && outputs.size() > 1) outputs.RemoveLast();
  // What the oldest operator sets say of these operations is what the oldest one that is read says.
  for (auto& set : *result.model.mutable_opset_import()) set.set_version(std::max<std::int64_t>(set.version(), oldest_read));
  if (computed.empty()) {
    // A constant of the vector's size, to which one image of zeros is added.
    const auto size = static_cast<std::int64_t>(vector.output.size());
    if (size == 0) return {};
    batch_size = 1, width = size;
    result.images.assign(vector.output.size(), 0);
    add_integers(graph, "flat.dims", {1, size});
    add_node(graph, "Reshape", {output, "flat.dims"}, "flat");
    add_node(graph, "Cast", {"flat"}, "number");
    auto& to = *graph.mutable_node()->rbegin()->add_attribute();
    to.set_name("to"), to.set_type(onnx::AttributeProto::INT), to.set_i(onnx::TensorProto::FLOAT);
    add_node(graph, "Add", {"number", "images"}, "sum");
    graph.mutable_output(0)->set_name("sum");
  }
  type.mutable_shape()->add_dim()->set_dim_value(batch_size);
  type.mutable_shape()->add_dim()->set_dim_value(width);
  return result;
}

// Of scores, the labels: networks that end in labels are read as those that give the scores.
std::vector<double> labels_of(const std::vector<double>& scores, std::size_t images) {
  std::vector<double> labels;
  const auto classes = static_cast<std::ptrdiff_t>(scores.size() / images);
  for (auto from = scores.begin(); from != scores.end(); from += classes)
    labels.push_back(static_cast<double>(std::max_element(from, from + classes) - from));
  return labels;
}

void expect_equal(const std::vector<double>& values, const std::vector<double>& expected, double allowed) {
  ASSERT_EQ(values.size(), expected.size());
  double largest = 1e-3;
  for (const double value : expected) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool same = values[i] == expected[i] || (std::isnan(values[i]) && std::isnan(expected[i]));
    if (!same) ASSERT_NEAR(values[i], expected[i], allowed * largest) << "element " << i;
  }
}

// Why it was refused; nothing where it was compared.
std::optional<std::string> refusal(const Vector& vector, const std::set<int>& computed) {
  try {
    const auto network = wrapped(vector, computed);
    if (!network) return "its inputs have no batch in common";
    const std::string bytes = network->model.SerializeAsString();
    auto values = testing::run(parse_onnx(bytes, "vector", {.classifier = false}), network->images);
    if (vector.model.graph().node(0).op_type() == "ArgMax") values = labels_of(values, vector.output.size());
    expect_equal(values, vector.output, vector.is_half ? half_precision : tolerance);
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

// All inputs of floats computed, then each of them alone, then none.
std::vector<std::set<int>> choices(const Vector& vector) {
  std::set<int> floats;
  for (int i = 0; i < static_cast<int>(vector.inputs.size()); ++i) {
    if (vector.inputs[static_cast<std::size_t>(i)].data_type() == onnx::TensorProto::FLOAT) floats.insert(i);
  }
  std::vector<std::set<int>> all{floats};
  if (floats.size() > 1) {
    for (const int input : floats) all.push_back({input});
  }
  if (!floats.empty()) all.push_back({});
  return all;
}

struct Tally {
  int compared = 0, computed = 0;
  std::vector<std::string> refused;
};

TEST(OnnxVectors, OfEveryOperationAreWhatTheySayWhereAClassifierCanHoldThem) {
  if (!fs::exists(vectors)) GTEST_SKIP() << "ONNX's vectors (libonnx-testdata) are absent";
  std::map<std::string, Tally> tallies;
  for (const auto& [type, importer] : operations::onnx_types()) tallies[type];
  for (const auto& folder : fs::directory_iterator(vectors)) {
    const auto vector = vector_of(folder.path());
    const std::string name = folder.path().filename().string();
    // Their tensors of bfloat16 hold whole numbers, which are its bits.
    const bool is_bits = name.find("BFLOAT16") != std::string::npos;
    // One scale for a whole batch, where each image has its own here.
    const bool is_of_batch = name.starts_with("test_dynamicquantizelinear");
    if (!vector || is_bits || is_of_batch || against_the_text.count(name)) continue;
    SCOPED_TRACE(folder.path().filename().string());
    Tally& tally = tallies[vector->model.graph().node(0).op_type()];
    std::string why;
    bool any = false;
    for (const auto& computed : choices(*vector)) {
      const auto refused = refusal(*vector, computed);
      if (!refused && !computed.empty()) ++tally.computed;
      any = any || !refused;
      if (!refused) break;
      if (why.empty() || computed == std::set<int>{0}) why = *refused;
    }
    if (any) ++tally.compared;
    else tally.refused.push_back(fmt::format("{}: {}", folder.path().filename().string(), why));
  }
  int compared = 0, computed = 0, refused = 0;
  for (const auto& [type, tally] : tallies) {
    fmt::print("{}: {} compared ({} on computed values), {} refused\n", type, tally.compared, tally.computed, tally.refused.size());
    for (const std::string& why : tally.refused) fmt::print("    {}\n", why);
    compared += tally.compared, computed += tally.computed, refused += static_cast<int>(tally.refused.size());
  }
  fmt::print("{} vectors compared, {} of them on computed values; {} refused\n", compared, computed, refused);
  EXPECT_GE(compared, 300);
}

}  // namespace
}  // namespace ballast::graph::onnx_vectors_test
