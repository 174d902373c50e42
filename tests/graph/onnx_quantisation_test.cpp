// SPDX-License-Identifier: Apache-2.0
//
// Networks of whole numbers against their definition.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "interpreter.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::testing::onnx_quantisation_test {
namespace {

class Quantised : public OnnxBuilder {
 public:
  explicit Quantised(std::int64_t opset = 13) : OnnxBuilder(opset) {}

  std::string whole(const std::string& name, const Ints& dims, const Ints& values, int type) {
    auto& tensor = *proto().mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t size : dims) tensor.add_dims(size);
    for (const std::int64_t value : values) tensor.add_int32_data(static_cast<std::int32_t>(value));
    return name;
  }
};

constexpr int int8 = onnx::TensorProto::INT8, uint8 = onnx::TensorProto::UINT8, int32 = onnx::TensorProto::INT32;

std::vector<double> result(const OnnxBuilder& model, const Dims& dims, const std::vector<double>& input) {
  return Interpreter(model.load(), {dims, input}).output().values;
}

TEST(OnnxQuantisation, PairsRoundToTheirScaleAndSaturate) {
  Quantised model;
  const std::string scale = model.floats("s", {}, {0.5F}), zero = model.whole("z", {}, {-100}, int8);
  const auto q = model.node("QuantizeLinear", "q", {model.input("x", {1, 6}), scale, zero});
  model.output(model.node("DequantizeLinear", "d", {q, scale, zero}));
  // Halves go to the even whole number; -128 and 127 are the ends.
  EXPECT_EQ(result(model, {1, 6}, {0.25, 0.75, -0.3, 1000, -1000, 0}), (std::vector<double>{0, 1, -0.5, 113.5, -14, 0}));
}

TEST(OnnxQuantisation, ScalesMayDifferAlongAnAxis) {
  Quantised model;
  const std::string scale = model.floats("s", {2}, {0.5F, 2}), zero = model.whole("z", {2}, {0, 10}, uint8);
  const auto q = model.node("QuantizeLinear", "q", {model.input("x", {1, 2, 2}), scale, zero}, {number("axis", 1)});
  const auto d = model.node("DequantizeLinear", "d", {q, scale, zero}, {number("axis", -2)});
  model.output(model.node("Flatten", "f", {d}));
  EXPECT_EQ(result(model, {1, 2, 2}, {1.3, -1, 1.3, -100}), (std::vector<double>{1.5, 0, 2, -20}));
}

TEST(OnnxQuantisation, ConstantsAreDequantisedBeforehand) {
  Quantised model;
  const std::string w = model.whole("w", {2, 3}, {1, 2, 3, -4, 5, -6}, int8);
  const auto d =
      model.node("DequantizeLinear", "d", {w, model.floats("s", {2}, {0.5F, 2}), model.whole("z", {2}, {1, 0}, int8)}, {number("axis", 0)});
  model.output(model.node("Gemm", "fc", {model.input("x", {1, 2}), d}));
  const Graph graph = model.load();
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(Interpreter(graph, {{1, 2}, {1, 10}}).output().values, (std::vector<double>{-80, 100.5, -119}));
}

TEST(OnnxQuantisation, ConvolutionsOfWholeNumbersAreExact) {
  Quantised model;
  const auto q = model.node("QuantizeLinear", "q",
                            {model.input("x", {1, 1, 1, 3}), model.floats("xs", {}, {0.5F}), model.whole("xz", {}, {3}, uint8)});
  const auto y = model.node("QLinearConv", "conv",
                            {q, "xs", "xz", model.whole("w", {2, 1, 1, 2}, {1, 2, -3, 4}, int8), model.floats("ws", {2}, {0.25F, 0.5F}),
                             model.whole("wz", {}, {0}, int8), model.floats("ys", {}, {0.125F}), model.whole("yz", {}, {7}, uint8),
                             model.whole("b", {2}, {5, -6}, int32)});
  model.output(model.node("Flatten", "f", {model.node("DequantizeLinear", "d", {y, "ys", "yz"})}));
  // x of 1, -1, 200 is quantised to 5, 1, 255, so 2, -2 and 252 above its zero point.
  std::vector<double> expected;
  const double x[] = {2, -2, 252}, w[2][2] = {{1, 2}, {-3, 4}}, bias[] = {5, -6}, factor[] = {0.5 * 0.25 / 0.125, 0.5 * 0.5 / 0.125};
  for (int c = 0; c < 2; ++c) {
    for (int i = 0; i < 2; ++i) {
      const double sum = x[i] * w[c][0] + x[i + 1] * w[c][1] + bias[c];
      expected.push_back((std::clamp(std::nearbyint(sum * factor[c]) + 7, 0.0, 255.0) - 7) * 0.125);
    }
  }
  EXPECT_EQ(result(model, {1, 1, 1, 3}, {1, -1, 200}), expected);
}

TEST(OnnxQuantisation, ProductsOfWholeNumbersAreExact) {
  Quantised model;
  const auto q =
      model.node("QuantizeLinear", "q", {model.input("x", {1, 2}), model.floats("xs", {}, {0.5F}), model.whole("xz", {}, {3}, uint8)});
  const auto product = model.node("QLinearMatMul", "fc",
                                  {q, "xs", "xz", model.whole("w", {2, 2}, {1, 2, -3, 4}, int8), model.floats("ws", {}, {0.25F}),
                                   model.whole("wz", {}, {1}, int8), model.floats("ys", {}, {0.5F}), model.whole("yz", {}, {2}, uint8)});
  const auto sums = model.node("Cast", "c", {model.node("MatMulInteger", "i", {q, "w", "xz", "wz"})}, {number("to", 1)});
  model.output(model.node("Concat", "both", {product, sums}, {number("axis", 1)}));
  // x - 3 is 2, -2; w - 1 is 0, 1, -4, 3
  EXPECT_EQ(result(model, {1, 2}, {1, -1}), (std::vector<double>{4, 1, 8, -4}));
}

// As ONNX Runtime quantises at run time: by the least and greatest element of each image alone.
TEST(OnnxQuantisation, DynamicScalesAreThoseOfEachImageAlone) {
  Quantised model;
  model.node("DynamicQuantizeLinear", "dq", {model.input("x", {-1, 2})});
  model.last_node().clear_output();
  for (const char* name : {"q", "scale", "zero"}) model.last_node().add_output(name);
  const auto sums = model.node("MatMulInteger", "fc", {"q", model.whole("w", {2, 2}, {1, 2, -3, 4}, int8), "zero"});
  const auto factor = model.node("Mul", "factor", {"scale", model.floats("ws", {}, {0.5F})});
  model.output(model.node("Mul", "y", {model.node("Cast", "c", {sums}, {number("to", 1)}), factor}));
  const Graph graph = model.load();
  EXPECT_EQ(graph.reading.count("model_quantisation"), 1u);
  const std::vector<double> images{1, -0.5, 100, 3, 0, 0};
  const auto together = Interpreter(graph, {{3, 2}, images}).output().values;
  for (std::size_t i = 0; i < 3; ++i) {
    const double a = images[2 * i], b = images[2 * i + 1], low = std::min({a, b, 0.0}), high = std::max({a, b, 0.0});
    const double scale = high > low ? (high - low) / 255 : 1, zero = std::clamp(std::nearbyint(-low / scale), 0.0, 255.0);
    const auto quantised = [&](double x) { return std::clamp(std::nearbyint(x / scale) + zero, 0.0, 255.0) - zero; };
    EXPECT_NEAR(together[2 * i], (quantised(a) - 3 * quantised(b)) * scale * 0.5, 1e-5);
    EXPECT_NEAR(together[2 * i + 1], (2 * quantised(a) + 4 * quantised(b)) * scale * 0.5, 1e-5);
    EXPECT_EQ(Interpreter(graph, {{1, 2}, {a, b}}).output().values, (std::vector<double>{together[2 * i], together[2 * i + 1]}));
  }
}

TEST(OnnxQuantisation, WhatIsNotSupportedIsRefusedByName) {
  const auto refused = [](const std::string& type, const Attributes& attributes, const std::string& words) {
    Quantised model(21);
    const auto x = model.input("x", {1, 4});
    const auto q = model.node(type, "culprit", {x, model.floats("s", {}, {0.5F})}, attributes);
    expect_refused(model.output(q), {"culprit", words});
  };
  refused("QuantizeLinear", {number("block_size", 2)}, "blocks");
  refused("QuantizeLinear", {number("output_dtype", onnx::TensorProto::INT32)}, "INT32");
}

}  // namespace
}  // namespace ballast::graph::testing::onnx_quantisation_test
