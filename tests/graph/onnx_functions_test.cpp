// SPDX-License-Identifier: Apache-2.0
//
// Functions of the file, and conditions.

#include <gtest/gtest.h>

#include <vector>

#include "interpreter.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::testing::onnx_functions_test {
namespace {

std::vector<double> result(const OnnxBuilder& model, const std::vector<double>& input) {
  return Interpreter(model.load(), {{1, static_cast<std::int64_t>(input.size())}, input}).output().values;
}

void add_node(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, const std::string& type, const std::vector<std::string>& inputs,
              const std::string& output, const std::string& domain = "") {
  auto& node = *nodes.Add();
  node.set_op_type(type);
  node.set_domain(domain);
  for (const auto& input : inputs) node.add_input(input);
  node.add_output(output);
}

// f(a, b) = LeakyRelu(a, alpha = slope of the call) + b, or without b where the call leaves it out.
onnx::FunctionProto& add_function(OnnxBuilder& model) {
  auto& function = *model.proto().add_functions();
  function.set_name("f");
  function.set_domain("own");
  function.add_input("a");
  function.add_input("b");
  function.add_output("y");
  function.add_attribute("slope");
  function.add_opset_import()->set_version(13);
  add_node(*function.mutable_node(), "LeakyRelu", {"a"}, "t");
  auto& attribute = *function.mutable_node(0)->add_attribute();
  attribute.set_name("alpha");
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_ref_attr_name("slope");
  add_node(*function.mutable_node(), "Add", {"t", "b"}, "y");
  return function;
}

TEST(OnnxFunctions, AreWrittenOutAtEachCallWithTheCallsAttributes) {
  OnnxBuilder model;
  add_function(model);
  const auto x = model.input("x", {1, 2}), b = model.floats("b", {2}, {10, 20});
  const auto once = model.node("f", "first", {x, b}, {fraction("slope", 0.5F)});
  model.last_node().set_domain("own");
  const auto twice = model.node("f", "second", {once, once}, {fraction("slope", 0.25F)});
  model.last_node().set_domain("own");
  model.output(twice);
  EXPECT_EQ(result(model, {-4, 2}), (std::vector<double>{16, 44}));
  EXPECT_EQ(result(model, {-40, -42}), (std::vector<double>{-10 * 1.25, -1 * 1.25}));
}

TEST(OnnxFunctions, SeeTheirOwnNamesAlone) {
  OnnxBuilder model;
  auto& function = add_function(model);
  function.mutable_node(1)->set_input(1, "x");
  const auto x = model.input("x", {1, 2});
  const auto y = model.node("f", "call", {x, x}, {fraction("slope", 0.5F)});
  model.last_node().set_domain("own");
  expect_refused(model.output(y), {"'x', which nothing before it gives"});
}

TEST(OnnxFunctions, ThatCallThemselvesAreRefused) {
  OnnxBuilder model;
  auto& function = add_function(model);
  function.mutable_node(0)->set_op_type("f");
  function.mutable_node(0)->set_domain("own");
  const auto x = model.input("x", {1, 2});
  const auto y = model.node("f", "call", {x, x});
  model.last_node().set_domain("own");
  expect_refused(model.output(y), {"deep in each other"});
}

// Each calls the one before it twice: 2^24 nodes.
TEST(OnnxFunctions, ThatGrowWithoutEndAreRefused) {
  OnnxBuilder model;
  for (int level = 0; level < 25; ++level) {
    auto& function = *model.proto().add_functions();
    function.set_name("f" + std::to_string(level));
    function.set_domain("own");
    function.add_input("a");
    function.add_output("y");
    function.add_opset_import()->set_version(13);
    const std::string inner = level == 0 ? "Relu" : "f" + std::to_string(level - 1), domain = level == 0 ? "" : "own";
    add_node(*function.mutable_node(), inner, {"a"}, "t", domain);
    add_node(*function.mutable_node(), inner, {"t"}, "y", domain);
  }
  const auto y = model.node("f24", "call", {model.input("x", {1, 2})});
  model.last_node().set_domain("own");
  expect_refused(model.output(y), {"too large"});
}

OnnxBuilder with_condition(bool computed, std::int64_t condition) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2});
  model.floats("outside", {2}, {1, 1});
  auto& flag = *model.proto().mutable_graph()->add_initializer();
  flag.set_name("flag");
  flag.set_data_type(onnx::TensorProto::BOOL);
  flag.add_int32_data(static_cast<std::int32_t>(condition));
  const auto y = model.node("If", "choice", {computed ? x : "flag"});
  for (const std::string branch : {"then_branch", "else_branch"}) {
    auto& attribute = *model.last_node().add_attribute();
    attribute.set_name(branch);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    add_node(*attribute.mutable_g()->mutable_node(), branch == "then_branch" ? "Add" : "Sub", {x, "outside"}, "inner");
    attribute.mutable_g()->add_output()->set_name("inner");
  }
  model.output(y);
  return model;
}

TEST(OnnxConditions, ThatAreConstantTakeTheirBranch) {
  EXPECT_EQ(result(with_condition(false, 1), {4, 5}), (std::vector<double>{5, 6}));
  EXPECT_EQ(result(with_condition(false, 0), {4, 5}), (std::vector<double>{3, 4}));
}

TEST(OnnxConditions, ThatAreComputedAreRefused) { expect_refused(with_condition(true, 0), {"choice", "computed from the image"}); }

}  // namespace
}  // namespace ballast::graph::testing::onnx_functions_test
