// SPDX-License-Identifier: Apache-2.0
//
// What is read from ONNX: inputs and layers, in every form in which exporters write them.

#include <gtest/gtest.h>

#include "network.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::onnx_load_test {
namespace {

using namespace testing;

TEST(OnnxLoad, AFixedBatchIsFreed) {
  OnnxBuilder model;
  const auto x = model.input("x", {5, 4});
  const Graph graph = model.output(model.node("Gemm", "fc", {x, model.weights("w", {4, 3})})).load();
  EXPECT_EQ(graph.dims(graph.input), (Dims{batch, 4}));
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 3}));
  EXPECT_EQ(graph.classes(), 3);
}

TEST(OnnxLoad, AnOpenBatchIsRead) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 4});
  const Graph graph = model.output(model.node("Relu", "r", {x})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 4}));
  EXPECT_EQ(run(graph, {-1, 2, -3, 4}), (Values{0, 2, 0, 4}));
}

TEST(OnnxLoad, WeightsMayBeListedAmongTheInputs) {
  OnnxBuilder model;
  model.input("w", {4, 3});
  model.weights("w", {4, 3});
  const auto x = model.input("x", {1, 4});
  EXPECT_EQ(model.output(model.node("MatMul", "fc", {x, "w"})).load().classes(), 3);
}

TEST(OnnxLoad, MetadataIsKept) {
  OnnxBuilder model;
  auto& entry = *model.proto().add_metadata_props();
  entry.set_key("sigma");
  entry.set_value("0.25");
  const Graph graph = model.output(model.node("Relu", "r", {model.input("x", {1, 4})})).load();
  EXPECT_EQ(graph.metadata.at("sigma"), "0.25");
}

TEST(OnnxLoad, ClipTakesItsBoundsAsInputsOrAttributesOrLeavesThemOpen) {
  const std::vector<double> x{-3, 0.5, 3};
  const auto clipped = [&](int opset, bool least, bool most) {
    OnnxBuilder model(opset);
    std::vector<std::string> inputs{model.input("x", {1, 3})};
    Attributes attributes;
    if (opset < 11) {
      if (least) attributes.push_back(fraction("min", -1));
      if (most) attributes.push_back(fraction("max", 2));
    } else {
      inputs.push_back(least ? model.floats("least", {}, {-1}) : "");
      if (most) inputs.push_back(model.floats("most", {}, {2}));
    }
    return run(model.output(model.node("Clip", "c", inputs, attributes)).load(), x);
  };
  for (const int opset : {9, 13}) {
    EXPECT_EQ(clipped(opset, true, true), (Values{-1, 0.5, 2}));
    EXPECT_EQ(clipped(opset, false, true), (Values{-3, 0.5, 2}));
    EXPECT_EQ(clipped(opset, true, false), (Values{-1, 0.5, 3}));
    EXPECT_EQ(clipped(opset, false, false), x);
  }
}

TEST(OnnxLoad, ReduceMeanTakesAxesAsAttributeOrInput) {
  for (const bool as_input : {false, true}) {
    for (const std::int64_t keep : {0, 1}) {
      OnnxBuilder model(as_input ? 18 : 13);
      const auto x = model.input("x", {1, 2, 2, 2});
      const auto mean = as_input ? model.node("ReduceMean", "m", {x, model.integers("axes", {-1, -2})}, {number("keepdims", keep)})
                                 : model.node("ReduceMean", "m", {x}, {list("axes", {-1, -2}), number("keepdims", keep)});
      const Graph graph = model.output(mean).load();
      EXPECT_EQ(graph.dims(graph.output), keep ? (Dims{batch, 2, 1, 1}) : (Dims{batch, 2}));
      EXPECT_EQ(run(graph, counting(8)), (Values{1.5, 5.5}));
    }
  }
}

TEST(OnnxLoad, GemmTakesAlphaBetaAndBothOrdersOfItsWeights) {
  for (const std::int64_t turned : {0, 1}) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 2});
    const auto w = turned ? model.floats("w", {2, 2}, {1, 3, 2, 4}) : model.floats("w", {2, 2}, {1, 2, 3, 4});
    const auto fc = model.node("Gemm", "fc", {x, w, model.floats("b", {1, 2}, {10, 20})},
                               {fraction("alpha", 2), fraction("beta", 0.5f), number("transB", turned)});
    EXPECT_EQ(run(model.output(fc).load(), {1, 1}), (Values{2 * 4 + 5, 2 * 6 + 10}));
  }
}

TEST(OnnxLoad, GemmSpreadsASingleBias) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2});
  const auto fc = model.node("Gemm", "fc", {x, model.floats("w", {2, 2}, {1, 2, 3, 4}), model.floats("b", {}, {10})});
  EXPECT_EQ(run(model.output(fc).load(), {1, 1}), (Values{14, 16}));
}

TEST(OnnxLoad, MatMulAndAddMakeALayer) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2});
  const auto product = model.node("MatMul", "fc", {x, model.floats("w", {2, 2}, {1, 2, 3, 4})});
  const Graph graph = model.output(model.node("Add", "sum", {model.floats("b", {2}, {10, 20}), product})).load();
  EXPECT_EQ(count_of<Linear>(graph), 1);
  EXPECT_EQ(run(graph, {1, 1}), (Values{14, 26}));
}

TEST(OnnxLoad, MatMulOfTwoComputedValuesIsAProductOfBatches) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 3});
  const auto turned = model.node("Transpose", "t", {x}, {list("perm", {0, 2, 1})});
  const Graph graph = model.output(model.node("MatMul", "m", {x, turned})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 2, 2}));
  EXPECT_EQ(run(graph, {1, 2, 3, 4, 5, 6}), (Values{14, 32, 32, 77}));
}

// A window of two over four columns needs one column more: at the end, or at the start.
TEST(OnnxLoad, SamePaddingAddsTheOddOneAtTheEndOrAtTheStart) {
  for (const std::string mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 1, 1, 4});
    const auto conv = model.node("Conv", "c", {x, model.floats("w", {1, 1, 1, 2}, {1, 10})}, {text("auto_pad", mode)});
    const auto out = run(model.output(conv).load(), {1, 2, 3, 4});
    if (mode == "SAME_UPPER") {
      EXPECT_EQ(out, (Values{21, 32, 43, 4}));
    } else if (mode == "SAME_LOWER") {
      EXPECT_EQ(out, (Values{10, 21, 32, 43}));
    } else {
      EXPECT_EQ(out, (Values{21, 32, 43}));
    }
  }
}

TEST(OnnxLoad, SamePaddingKeepsOneWindowAStride) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2, 7, 8});
  const auto pooled =
      model.node("AveragePool", "p", {x}, {text("auto_pad", "SAME_UPPER"), list("kernel_shape", {3, 3}), list("strides", {2, 2})});
  const Graph graph = model.output(pooled).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 2, 4, 4}));
  EXPECT_EQ(std::get<Pool>(graph.nodes[0].operation).pads, (Sides{1, 0, 1, 1}));
}

TEST(OnnxLoad, PoolsKnowTheirPadding) {
  for (const std::int64_t counted : {0, 1}) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 1, 1, 3});
    const auto pooled = model.node("AveragePool", "p", {x},
                                   {list("kernel_shape", {1, 2}), list("pads", {0, 1, 0, 0}), number("count_include_pad", counted)});
    EXPECT_EQ(run(model.output(pooled).load(), {2, 4, 6}), counted ? (Values{1, 3, 5}) : (Values{2, 3, 5}));
  }
  OnnxBuilder model;
  const auto x = model.input("x", {1, 1, 1, 3});
  const auto pooled = model.node("MaxPool", "p", {x}, {list("kernel_shape", {1, 2}), list("pads", {0, 1, 0, 0})});
  EXPECT_EQ(run(model.output(pooled).load(), {-2, -4, -6}), (Values{-2, -2, -4}));
}

TEST(OnnxLoad, ConvolutionTakesGroupsStridesAndDilations) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2, 1, 5});
  const auto conv = model.node("Conv", "c", {x, model.floats("w", {2, 1, 1, 2}, {1, 10, 100, 1000}), model.floats("b", {2}, {0.5f, 0.25f})},
                               {number("group", 2), list("strides", {1, 2}), list("dilations", {1, 2})});
  EXPECT_EQ(run(model.output(conv).load(), counting(10)), (Values{20.5, 42.5, 7500.25, 9700.25}));
}

TEST(OnnxLoad, WeightsSharedThroughIdentityServeBothLayers) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2});
  const auto w = model.floats("w", {2, 2}, {1, 2, 3, 4});
  const auto shared = model.node("Identity", "shared", {w});
  const auto first = model.node("Gemm", "first", {x, w}, {number("transB", 1)});
  const auto second = model.node("Gemm", "second", {model.node("Dropout", "drop", {first}), shared}, {number("transB", 1)});
  const Graph graph = model.output(second).load();
  EXPECT_EQ(run(graph, {1, 1}), (Values{17, 37}));
}

TEST(OnnxLoad, EveryActivationIsRead) {
  const std::vector<std::string> types{"Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "Gelu", "HardSwish"};
  const std::vector<double> at_minus_one{0,       -0.01, std::expm1(-1.0), 1 / (1 + std::exp(1.0)), std::tanh(-1.0), -0.15865525393145707,
                                         -1.0 / 3};
  for (std::size_t i = 0; i < types.size(); ++i) {
    OnnxBuilder model(20);
    const Graph graph = model.output(model.node(types[i], "a", {model.input("x", {1, 2})})).load();
    EXPECT_NEAR(run(graph, {-1, 0})[0], at_minus_one[i], 1e-8) << types[i];
  }
}

TEST(OnnxLoad, SoftmaxIsOverTheLastAxisUnlessToldOtherwise) {
  for (const int opset : {9, 13}) {
    OnnxBuilder model(opset);
    const Graph graph = model.output(model.node("Softmax", "s", {model.input("x", {1, 2})})).load();
    EXPECT_NEAR(run(graph, {0, std::log(3.0)})[1], 0.75, 1e-12);
  }
}

}  // namespace
}  // namespace ballast::graph::onnx_load_test
