// SPDX-License-Identifier: Apache-2.0
//
// What is worked out when a network is read, since it depends on constants alone: the embedding of a timestep, and sizes.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "network.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::onnx_constants_test {
namespace {

using namespace testing;

constexpr double single_precision = 3e-7;  // constants are floats

// What build() makes of constants, added to an image of as many zeros. Nothing but the sum is left in the graph.
Values worked_out(std::int64_t count, const std::function<std::string(OnnxBuilder&)>& build) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, count});
  const Graph graph = model.output(model.node("Add", "sum", {x, build(model)})).load();
  EXPECT_EQ(graph.nodes.size(), 1u);
  return run(graph, Values(static_cast<std::size_t>(count)));
}

TEST(OnnxConstants, FunctionsOfConstants) {
  const std::vector<std::pair<std::string, double (*)(double)>> functions{
      {"Sin", [](double x) { return std::sin(x); }},
      {"Cos", [](double x) { return std::cos(x); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Neg", [](double x) { return -x; }},
      {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Tanh", [](double x) { return std::tanh(x); }},
      {"Relu", [](double x) { return x; }},
      {"Elu", [](double x) { return x; }},
      {"Gelu", [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }}};
  const Values at{0, 0.25, 1, 2.5};
  for (const auto& [type, function] : functions) {
    Values expected;
    for (const double x : at) expected.push_back(function(x));
    const auto given = worked_out(4, [&, name = type](OnnxBuilder& model) {
      return model.node(name, "f", {model.floats("c", {4}, {0, 0.25f, 1, 2.5f})});
    });
    SCOPED_TRACE(type);
    expect_near(given, expected, single_precision);
  }
}

TEST(OnnxConstants, ActivationsOfConstantsBelowZero) {
  const auto of = [](const std::string& type, const Attributes& attributes) {
    return worked_out(4, [&](OnnxBuilder& model) { return model.node(type, "f", {model.floats("c", {4}, {-4, -1, 2, 8})}, attributes); });
  };
  EXPECT_EQ(of("Relu", {}), (Values{0, 0, 2, 8}));
  EXPECT_EQ(of("LeakyRelu", {fraction("alpha", 0.25f)}), (Values{-1, -0.25, 2, 8}));
  EXPECT_EQ(of("HardSwish", {}), (Values{0, static_cast<double>(-1.0f / 3), static_cast<double>(5.0f / 3), 8}));
  expect_near(of("Elu", {}), {std::expm1(-4), std::expm1(-1), 2, 8}, single_precision);
  const auto clipped = worked_out(4, [](OnnxBuilder& model) {
    return model.node("Clip", "f",
                      {model.floats("c", {4}, {-4, -1, 2, 8}), model.floats("least", {}, {-2}), model.floats("most", {}, {3})});
  });
  EXPECT_EQ(clipped, (Values{-2, -1, 2, 3}));
}

TEST(OnnxConstants, ProductsOfMatrices) {
  const auto a = [](OnnxBuilder& model) { return model.floats("a", {1, 2}, {2, 3}); };
  EXPECT_EQ(worked_out(3,
                       [&](OnnxBuilder& m) {
                         return m.node("MatMul", "p", {a(m), m.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6})});
                       }),
            (Values{14, 19, 24}));
  EXPECT_EQ(worked_out(3,
                       [&](OnnxBuilder& m) {
                         return m.node("Gemm", "p", {a(m), m.floats("w", {3, 2}, {1, 4, 2, 5, 3, 6}), m.floats("b", {3}, {1, 2, 3})},
                                       {number("transB", 1), fraction("alpha", 2), fraction("beta", 10)});
                       }),
            (Values{38, 58, 78}));
}

TEST(OnnxConstants, RangesGoUpToTheirEndAndNotFurther) {
  const auto range = [](float from, float to, float by, std::int64_t count) {
    return worked_out(count, [=](OnnxBuilder& m) {
      return m.node("Range", "r", {m.floats("from", {}, {from}), m.floats("to", {}, {to}), m.floats("by", {}, {by})});
    });
  };
  EXPECT_EQ(range(0, 4, 1, 4), (Values{0, 1, 2, 3}));
  EXPECT_EQ(range(1, 2, 0.375f, 3), (Values{1, 1.375, 1.75}));
  EXPECT_EQ(range(3, 0, -1.5f, 2), (Values{3, 1.5}));
}

TEST(OnnxConstants, RangesOfIntegersAreExact) {
  constexpr std::int64_t large = (std::int64_t{1} << 40) + 1;
  OnnxBuilder model;
  const auto range = model.node("Range", "r", {model.integer("from", large), model.integer("to", large + 2), model.integer("by", 1)});
  const auto shape = model.node("Sub", "shape", {range, model.integers("less", {large + 1, large - 3})});
  const auto x = model.input("x", {-1, 2, 2});
  const Graph graph = model.output(model.node("Reshape", "flat", {x, shape})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 4}));
}

// As PyTorch writes `timestep.expand(batch)`: sizes of -1 are the value's own.
TEST(OnnxConstants, AnExpandedTimestepIsTheSameForEveryImage) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2});
  const auto size = model.node("Gather", "size", {model.node("Shape", "shape", {x}), model.integers("zero", {0})});
  const auto one = model.node("ConstantOfShape", "ones", {model.integers("rank", {1})});
  auto& value = *model.last_node().add_attribute();
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  value.mutable_t()->set_data_type(onnx::TensorProto::INT64);
  value.mutable_t()->add_dims(1);
  value.mutable_t()->add_int64_data(1);
  const auto own = model.node("Equal", "own", {size, model.node("Mul", "minus", {one, model.integers("minus_one", {-1})})});
  const auto wanted = model.node("Where", "wanted", {own, one, size});
  const auto expanded = model.node("Expand", "expanded", {model.integers("timestep", {7}), wanted});
  const auto cast = model.node("Cast", "cast", {expanded}, {number("to", onnx::TensorProto::FLOAT)});
  const Graph graph = model.output(model.node("Add", "sum", {x, model.node("Unsqueeze", "u", {cast, model.integers("axis", {1})})})).load();
  EXPECT_EQ(run(graph, {1, 2, 3, 4}), (Values{8, 9, 10, 11}));
}

TEST(OnnxConstants, ExpandRepeatsAlongSizesOfOne) {
  EXPECT_EQ(worked_out(6,
                       [](OnnxBuilder& m) {
                         const auto wide = m.node("Expand", "e", {m.floats("c", {2, 1}, {1, 2}), m.integers("to", {1, 3})});
                         return m.node("Reshape", "flat", {wide, m.integers("all", {-1})});
                       }),
            (Values{1, 1, 1, 2, 2, 2}));
}

TEST(OnnxConstants, WhereTakesTheFirstWhereItsConditionHolds) {
  EXPECT_EQ(worked_out(3,
                       [](OnnxBuilder& m) {
                         const auto same = m.node("Equal", "same", {m.integers("a", {1, 2, 3}), m.integers("b", {1, 5, 3})});
                         return m.node("Where", "w", {same, m.floats("first", {3}, {1, 2, 3}), m.floats("second", {1}, {9})});
                       }),
            (Values{1, 9, 3}));
}

// The embedding of improved-diffusion: cosines and sines, a layer, SiLU.
TEST(OnnxConstants, TheEmbeddingOfATimestepInput) {
  const std::vector<double> frequencies{1, 0.01};
  constexpr double timestep = 144;
  for (const std::int64_t open : {-1, 1}) {
    OnnxBuilder model;
    const auto x = model.input("x", {open, 2});
    const auto t = model.input("t", {open}, onnx::TensorProto::INT64);
    const auto column = model.node("Unsqueeze", "column", {t, model.integers("one", {1})});
    const auto real = model.node("Cast", "real", {column}, {number("to", onnx::TensorProto::FLOAT)});
    const auto exponents = model.node("Exp", "frequencies", {model.floats("logs", {1, 2}, {0, std::log(0.01f)})});
    const auto angles = model.node("Mul", "angles", {real, exponents});
    const auto both =
        model.node("Concat", "both", {model.node("Cos", "cos", {angles}), model.node("Sin", "sin", {angles})}, {number("axis", -1)});
    const auto layer = model.node("Gemm", "layer", {both, model.floats("w", {2, 4}, {1, 2, 3, 4, 4, 3, 2, 1})}, {number("transB", 1)});
    const auto silu = model.node("Mul", "silu", {layer, model.node("Sigmoid", "sigmoid", {layer})});
    model.output(model.node("Add", "sum", {x, silu}));
    const std::string bytes = model.bytes();
    const Graph graph = parse_onnx(bytes, "test.onnx", {.constants = {{"t", timestep}}});
    EXPECT_EQ(graph.nodes.size(), 1u);
    Values expected;
    for (const std::vector<double>& row : {Values{1, 2, 3, 4}, Values{4, 3, 2, 1}}) {
      double sum = 0;
      for (std::size_t i = 0; i < 2; ++i)
        sum += row[i] * std::cos(timestep * frequencies[i]) + row[i + 2] * std::sin(timestep * frequencies[i]);
      expected.push_back(sum / (1 + std::exp(-sum)));
    }
    expect_near(run(graph, {0, 0}), expected, 1e-5);  // an angle of 144 is exact to 1e-5 in single precision
  }
}

}  // namespace
}  // namespace ballast::graph::onnx_constants_test
