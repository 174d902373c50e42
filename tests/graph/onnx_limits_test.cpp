// SPDX-License-Identifier: Apache-2.0
//
// Small files that ask for much: refused before they get it.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "../bounded.hpp"
#include "ballast/graph/passes.hpp"
#include "constant.hpp"
#include "load_budget.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::onnx_limits_test {
namespace {

using namespace testing;
using ballast::testing::is_refused_within_bounds;

::testing::AssertionResult refused(const OnnxBuilder& model, const std::string& words, std::size_t largest_file = 1 << 20) {
  const std::string bytes = model.bytes();
  if (bytes.size() > largest_file) return ::testing::AssertionFailure() << "the file has " << bytes.size() << " bytes";
  return is_refused_within_bounds([&] { parse_onnx(bytes, "small.onnx"); }, words);
}

// A model that adds the constant to its input.
OnnxBuilder& with_sum(OnnxBuilder& model, const std::string& constant) {
  return model.output(model.node("Add", "sum", {model.input("x", {1, 4}), constant}));
}

std::string zeros(OnnxBuilder& model, const std::string& name, const Ints& dims) {
  return model.node("ConstantOfShape", name, {model.integers(name + ".dims", dims)});
}

TEST(OnnxLimits, ConstantsAreBoundedTogether) {
  OnnxBuilder model;
  const auto dims = model.integers("dims", {1 << 24});
  std::string last;
  for (int i = 0; i < 40; ++i) last = model.node("ConstantOfShape", std::to_string(i), {dims});
  EXPECT_TRUE(refused(with_sum(model, last), "too large together", 2048));
}

TEST(OnnxLimits, EveryWayToMakeAConstantIsPaidFor) {
  constexpr std::int64_t elements = 1 << 16, limit = 1 << 21;
  const auto repeated = [&](const std::string& type, const Attributes& attributes = {}, const std::vector<std::string>& others = {}) {
    OnnxBuilder model;
    model.floats("one", {}, {1});
    model.integers("wide", {elements});
    model.integers("kilo", {4, elements / 4});
    model.integers("axes", {0});
    model.integers("starts", {0});
    model.integers("ends", {elements});
    model.integer("zero", 0);
    model.integer("many", elements);
    model.integer("step", 1);
    model.integer("true", 1);
    const auto large = zeros(model, "large", {elements});
    const auto whole = model.node("Cast", "whole", {large}, {number("to", onnx::TensorProto::INT64)});
    std::string last;
    for (int i = 0; i < 200; ++i) {
      std::vector<std::string> inputs{type == "Range" || type == "Where" ? "" : large};
      if (type == "Range") inputs = {"zero", "many", "step"};
      if (type == "Where") inputs = {"true", large, large};
      if (type == "Equal") inputs = {whole, "zero"};
      if (type == "Gather") inputs = {large, whole};
      inputs.insert(inputs.end(), others.begin(), others.end());
      last = model.node(type, "n" + std::to_string(i), inputs, attributes);
    }
    const std::string bytes = with_sum(model, last).bytes();
    EXPECT_TRUE(is_refused_within_bounds([&] { parse_onnx(bytes, "small.onnx", {.limit = limit}); }, "too large together")) << type;
  };
  for (const char* type : {"Sin", "Neg", "Relu", "Clip", "Transpose", "Range", "Where", "Equal", "Gather"}) repeated(type);
  for (const char* type : {"Add", "Div"}) repeated(type, {}, {"one"});
  repeated("Cast", {number("to", onnx::TensorProto::INT64)});
  repeated("Expand", {}, {"wide"});
  repeated("Reshape", {}, {"kilo"});
  repeated("Unsqueeze", {}, {"axes"});
  repeated("Slice", {}, {"starts", "ends"});
  repeated("Split", {number("axis", 0)});
  repeated("Concat", {number("axis", 0)});
}

TEST(OnnxLimits, ManyConstantsAreJoinedInOnePass) {
  OnnxBuilder model;
  std::vector<std::string> parts;
  for (int i = 0; i < 5000; ++i) parts.push_back(i == 0 ? zeros(model, "part", {4096}) : parts[0]);
  EXPECT_TRUE(refused(with_sum(model, model.node("Concat", "all", parts, {number("axis", 0)})), "sum"));

  // Each element is moved once: what joining takes is what its result takes.
  const Constant part{{4096}, std::vector<float>(4096, 1)};
  const std::vector<const Constant*> same(5000, &part);
  LoadBudget enough(5000 * 4096 * 4, 0), less(5000 * 4096 * 4 - 1, 0);
  EXPECT_EQ(concatenated(same, 0, enough).dims, Dims{5000 * 4096});
  EXPECT_THROW(concatenated(same, 0, less), InputError);
}

TEST(OnnxLimits, ValuesOfAnImageAreBounded) {
  const auto resized = [](std::int64_t side) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 1, 8, 8});
    const auto large = model.node("Resize", "culprit", {x, "", "", model.integers("sizes", {1, 1, side, side})},
                                  {text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor")});
    return model.output(model.node("ReduceMean", "mean", {large}, {list("axes", {2, 3})}));
  };
  EXPECT_TRUE(refused(resized(8192), "culprit", 512));
  EXPECT_TRUE(refused(resized(8192), "128 MiB", 512));

  OnnxBuilder padded;
  const auto around =
      padded.node("Pad", "culprit", {padded.input("x", {1, 1, 8, 8}), padded.integers("p", {0, 0, 9000, 9000, 0, 0, 9000, 9000})});
  EXPECT_TRUE(refused(padded.output(around), "culprit"));

  OnnxBuilder convolved;
  const auto x = convolved.input("x", {1, 1, 8, 8});
  EXPECT_TRUE(refused(convolved.output(convolved.node("Conv", "culprit", {x, convolved.weights("w", {1, 1, 1, 1})},
                                                      {list("pads", {9000, 9000, 9000, 9000})})),
                      "culprit"));

  OnnxBuilder broadcast;
  const auto image = broadcast.input("x", {1, 1, 1, 1 << 14});
  const auto column = broadcast.node("Reshape", "column", {image, broadcast.integers("turned", {1, 1, 1 << 14, 1})});
  EXPECT_TRUE(refused(broadcast.output(broadcast.node("Add", "culprit", {image, column})), "culprit"));

  OnnxBuilder large;
  EXPECT_TRUE(refused(large.output(large.node("Relu", "r", {large.input("picture", {1, 1 << 13, 1 << 13})})), "picture"));
}

TEST(OnnxLimits, AtMostTwelveDimensions) {
  Ints ones(50'000, 1);
  ones[0] = 0;
  OnnxBuilder reshaped;
  EXPECT_TRUE(refused(reshaped.output(reshaped.node("Reshape", "culprit", {reshaped.input("x", {1, 4}), reshaped.integers("s", ones)})),
                      "there would be 50000 dimensions; at most 12 are allowed"));

  OnnxBuilder of_constant;
  const auto table = of_constant.node("Reshape", "culprit", {of_constant.weights("w", {1}), of_constant.integers("s", Ints(50'000, 1))});
  EXPECT_TRUE(refused(with_sum(of_constant, table), "culprit"));

  OnnxBuilder filled;
  EXPECT_TRUE(refused(with_sum(filled, zeros(filled, "culprit", Ints(50'000, 1))), "50000 dimensions"));

  OnnxBuilder weights;
  EXPECT_TRUE(refused(with_sum(weights, weights.weights("w", Ints(50'000, 1))), "50000 dimensions"));

  OnnxBuilder input;
  EXPECT_TRUE(refused(input.output(input.node("Relu", "r", {input.input("x", Ints(50'000, 1))})), "50000 dimensions"));

  OnnxBuilder unsqueezed;
  auto y = unsqueezed.input("x", {1, 4});
  const auto axis = unsqueezed.integers("axis", {1});
  for (int i = 0; i < 11; ++i) y = unsqueezed.node("Unsqueeze", "u" + std::to_string(i), {y, axis});
  EXPECT_TRUE(refused(unsqueezed.output(y), "'u10': there would be 13 dimensions"));
}

TEST(OnnxLimits, ProductsOfConstantsAreBoundedTogether) {
  OnnxBuilder model;
  const auto square = zeros(model, "square", {512, 512});
  std::string last = square;
  for (int i = 0; i < 10; ++i) last = model.node("MatMul", "product" + std::to_string(i), {last, square});
  EXPECT_TRUE(refused(with_sum(model, last), "products"));
}

// A constant that many nodes read may be copied for each, as folding does.
TEST(OnnxLimits, WeightsThatManyLayersShareArePaidForByEach) {
  OnnxBuilder model;
  auto y = model.input("x", {1, 1024});
  const auto weights = zeros(model, "w", {1024, 1024});
  for (int i = 0; i < 100; ++i) y = model.node("Gemm", "layer" + std::to_string(i), {y, weights}, {number("transB", 1)});
  EXPECT_TRUE(refused(model.output(y), "too large together"));
}

TEST(OnnxLimits, AFileOfEmptyMessagesIsNotParsed) {
  OnnxBuilder model;
  with_sum(model, model.weights("w", {4}));
  std::string empty_nodes;
  for (int i = 0; i < 2'000'000; ++i) empty_nodes += std::string("\x0a\x00", 2);  // of the graph: nodes without anything in them
  const auto graph = model.proto().graph().SerializeAsString() + empty_nodes;
  std::string bytes = "\x3a";  // field 7: the graph
  for (std::size_t left = graph.size(); true; left >>= 7) {
    bytes += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (left <= 0x7f) break;
  }
  bytes += graph;
  EXPECT_TRUE(is_refused_within_bounds([&] { parse_onnx(bytes, "small.onnx"); }, "too large together"));
}

TEST(OnnxLimits, AHigherLimitReadsMore) {
  OnnxBuilder model;
  const auto dims = model.integers("dims", {4});
  const auto sum = model.node("Add", "sum", {model.input("x", {1, 4}), model.node("ConstantOfShape", "zeros", {dims})});
  const std::string bytes = model.output(sum).bytes();
  EXPECT_THROW(parse_onnx(bytes, "small.onnx", {.limit = 8}), InputError);
  EXPECT_NO_THROW(parse_onnx(bytes, "small.onnx", {.limit = 1 << 14}));
}

// Long chains that passes fold: what each keeps is counted, and a chain ends as one layer.
TEST(OnnxLimits, ChainsOfSumsFoldIntoOneLayer) {
  constexpr int links = 20'000;
  OnnxBuilder model;
  const auto x = model.input("x", {1, 256});
  auto y = model.node("Gemm", "layer", {x, model.weights("w", {256, 256})}, {number("transB", 1)});
  const auto one = model.weights("one", {256});
  for (int i = 0; i < links; ++i) y = model.node("Add", "a" + std::to_string(i), {y, one});
  const std::string bytes = model.output(y).bytes();
  const auto folded = [&] {
    Graph graph = parse_onnx(bytes, "chain.onnx", {.limit = std::int64_t{1} << 30});
    fold_biases(graph);
    throw InputError(std::to_string(graph.nodes.size()) + " nodes");
  };
  EXPECT_TRUE(is_refused_within_bounds(folded, "1 nodes"));
}

}  // namespace
}  // namespace ballast::graph::onnx_limits_test
