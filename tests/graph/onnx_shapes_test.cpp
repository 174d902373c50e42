// SPDX-License-Identifier: Apache-2.0
//
// What is read from ONNX: shapes, and operations that move data.

#include <gtest/gtest.h>

#include <limits>

#include "network.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::onnx_shapes_test {
namespace {

using namespace testing;

constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();

TEST(OnnxLoad, ReshapeCopiesZerosFillsOneFreeSizeAndTakesABatchOfOneAsTheBatch) {
  for (const Ints& shape : {Ints{0, -1}, Ints{-1, 24}, Ints{1, -1}, Ints{1, 24}, Ints{0, 24}}) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 2, 3, 4});
    const Graph graph = model.output(model.node("Reshape", "r", {x, model.integers("shape", shape)})).load();
    EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 24}));
  }
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 3, 4});
  const Graph graph = model.output(model.node("Reshape", "r", {x, model.integers("shape", {0, 0, -1})})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 2, 12}));
}

TEST(OnnxLoad, AShapeWorkedOutInTheFileIsFollowed) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 3, 4});
  const auto size = model.node("Gather", "size", {model.node("Shape", "shape", {x}), model.integer("zero", 0)});
  const auto unsqueezed = model.node("Unsqueeze", "unsqueezed", {size, model.integers("axes", {0})});
  const auto wanted = model.node("Concat", "wanted", {unsqueezed, model.integers("rest", {-1})}, {number("axis", 0)});
  const Graph graph = model.output(model.node("Reshape", "flat", {x, wanted})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 24}));
  EXPECT_EQ(graph.nodes.size(), 1u);
}

TEST(OnnxLoad, SizesMayBeCastMultipliedAndSliced) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 3, 4});
  const auto shape = model.node("Shape", "shape", {x});
  const auto tail =
      model.node("Slice", "tail", {shape, model.integers("from", {-2}), model.integers("to", {far}), model.integers("axis", {0})});
  const auto picked = [&](const char* name, std::int64_t at) {
    return model.node("Gather", name, {tail, model.integers(std::string(name) + ".at", {at})});
  };
  const auto product = model.node("Mul", "product", {picked("rows", 0), picked("columns", -1)});
  const auto cast = model.node("Cast", "cast", {model.node("Cast", "real", {product}, {number("to", onnx::TensorProto::FLOAT)})},
                               {number("to", onnx::TensorProto::INT64)});
  const auto wanted = model.node("Concat", "wanted", {model.integers("start", {0, 2}), cast}, {number("axis", 0)});
  const Graph graph = model.output(model.node("Reshape", "flat", {x, wanted})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 2, 12}));
}

TEST(OnnxLoad, AClassTokenIsJoinedToEveryImage) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 3});
  const auto size = model.node("Gather", "size", {model.node("Shape", "shape", {x}), model.integers("zero", {0})});
  const auto wanted = model.node("Concat", "wanted", {size, model.integers("rest", {1, 3})}, {number("axis", 0)});
  const auto zeros = model.node("ConstantOfShape", "zeros", {wanted});
  const auto token = model.node("Add", "token", {zeros, model.floats("learned", {1, 1, 3}, {7, 8, 9})});
  const Graph graph = model.output(model.node("Concat", "tokens", {token, x}, {number("axis", 1)})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 3, 3}));
  EXPECT_EQ(run(graph, counting(12)), (Values{7, 8, 9, 0, 1, 2, 3, 4, 5, 7, 8, 9, 6, 7, 8, 9, 10, 11}));
}

TEST(OnnxLoad, ConstantOfShapeTakesItsValue) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 3});
  const auto filled = model.node("ConstantOfShape", "filled", {model.integers("sizes", {1, 3})});
  auto& value = *model.last_node().add_attribute();
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  value.mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
  value.mutable_t()->add_dims(1);
  value.mutable_t()->add_float_data(2.5f);
  EXPECT_EQ(run(model.output(model.node("Add", "sum", {x, filled})).load(), {1, 2, 3}), (Values{3.5, 4.5, 5.5}));
}

TEST(OnnxLoad, FlattenKeepsTheBatch) {
  for (const std::int64_t axis : {1, -3}) {
    OnnxBuilder model;
    const auto x = model.input("x", {-1, 2, 3, 4});
    const Graph graph = model.output(model.node("Flatten", "f", {x}, {number("axis", axis)})).load();
    EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 24}));
  }
}

TEST(OnnxLoad, SqueezeAndUnsqueezeTakeAxesAsAttributeOrInput) {
  for (const bool as_input : {false, true}) {
    OnnxBuilder model(as_input ? 13 : 9);
    const auto x = model.input("x", {1, 1, 3, 1});
    const auto squeezed = as_input ? model.node("Squeeze", "s", {x, model.integers("gone", {-1, 1})})
                                   : model.node("Squeeze", "s", {x}, {list("axes", {1, 3})});
    const auto back = as_input ? model.node("Unsqueeze", "u", {squeezed, model.integers("new", {1, -1})})
                               : model.node("Unsqueeze", "u", {squeezed}, {list("axes", {1, 3})});
    const Graph graph = model.output(back).load();
    EXPECT_EQ(graph.dims(graph.nodes[0].output), (Dims{batch, 3}));
    EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 1, 3, 1}));
  }
}

TEST(OnnxLoad, SqueezeWithoutAxesNeverDropsTheBatch) {
  OnnxBuilder model(9);
  const Graph graph = model.output(model.node("Squeeze", "s", {model.input("x", {1, 1, 3})})).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 3}));
}

TEST(OnnxLoad, ChannelsLastIsReadWithItsTranspositions) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4, 5, 3});
  const auto first = model.node("Transpose", "in", {x}, {list("perm", {0, 3, 1, 2})});
  const auto mixed = model.node("Conv", "conv", {first, model.weights("w", {2, 3, 1, 1})});
  const Graph graph = model.output(model.node("Transpose", "out", {mixed}, {list("perm", {0, 2, 3, 1})})).load();
  EXPECT_EQ(graph.dims(graph.input), (Dims{batch, 4, 5, 3}));
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 4, 5, 2}));
  Tensor w = graph.tensor(graph.nodes[1].inputs[1]);
  const auto images = sample_images(graph, 1);
  double expected = 0;
  for (std::size_t c = 0; c < 3; ++c) expected += images[3 * 7 + c] * static_cast<double>(w.values[3 + c]);
  EXPECT_NEAR(run(graph, images)[2 * 7 + 1], expected, 1e-12);
}

TEST(OnnxLoad, TransposedConstantsAreWorkedOutBeforehand) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2});
  const auto turned = model.node("Transpose", "t", {model.floats("w", {3, 2}, {1, 2, 3, 4, 5, 6})});
  const Graph graph = model.output(model.node("MatMul", "fc", {x, turned})).load();
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(run(graph, {1, 10}), (Values{21, 43, 65}));
}

TEST(OnnxLoad, PadIsReadAsAttributeAndAsInput) {
  for (const bool as_input : {false, true}) {
    OnnxBuilder model(as_input ? 13 : 9);
    const auto x = model.input("x", {1, 2});
    const Ints pads{0, 1, 0, 2};
    const auto padded = as_input ? model.node("Pad", "p", {x, model.integers("pads", pads), model.floats("v", {}, {5})})
                                 : model.node("Pad", "p", {x}, {list("pads", pads), fraction("value", 5)});
    EXPECT_EQ(run(model.output(padded).load(), {1, 2}), (Values{5, 1, 2, 5, 5}));
  }
}

struct SliceCase {
  std::int64_t start, end, step;
  Values expected;
};

TEST(OnnxLoad, SliceTakesNegativeAndHugeEnds) {
  const std::vector<SliceCase> cases{{1, 3, 1, {1, 2}},   {-3, far, 1, {2, 3, 4}},
                                     {0, -1, 2, {0, 2}},  {1, 1 << 30, 3, {1, 4}},
                                     {-99, 2, 1, {0, 1}}, {0, std::numeric_limits<std::int32_t>::max(), 2, {0, 2, 4}}};
  for (const auto& [start, end, step, expected] : cases) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 5});
    const auto sliced = model.node("Slice", "s",
                                   {x, model.integers("starts", {start}), model.integers("ends", {end}), model.integers("axes", {-1}),
                                    model.integers("steps", {step})});
    EXPECT_EQ(run(model.output(sliced).load(), counting(5)), expected) << start << ':' << end << ':' << step;
  }
}

TEST(OnnxLoad, SliceTakesItsListsAsAttributesAndLeavesTheWholeBatchAlone) {
  OnnxBuilder model(9);
  const auto x = model.input("x", {1, 3, 2});
  const auto sliced = model.node("Slice", "s", {x}, {list("starts", {0, 1}), list("ends", {far, -1})});
  EXPECT_EQ(run(model.output(sliced).load(), counting(6)), (Values{2, 3}));
}

TEST(OnnxLoad, ConstantsMayBeSlicedBackwards) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 3});
  const auto back = model.node("Slice", "s",
                               {model.floats("c", {3}, {1, 2, 3}), model.integers("starts", {-1}), model.integers("ends", {-far}),
                                model.integers("axes", {0}), model.integers("steps", {-2})});
  const auto both = model.node("Concat", "c3", {back, model.floats("nine", {1}, {9})}, {number("axis", 0)});
  EXPECT_EQ(run(model.output(model.node("Add", "sum", {x, both})).load(), {0, 0, 0}), (Values{3, 1, 9}));
}

TEST(OnnxLoad, OnePlaceIsGatheredFromComputedValues) {
  for (const std::int64_t index : {1, -2}) {
    OnnxBuilder model;
    const auto x = model.input("x", {-1, 3, 2});
    const Graph graph = model.output(model.node("Gather", "g", {x, model.integer("at", index)}, {number("axis", 1)})).load();
    EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 2}));
    EXPECT_EQ(run(graph, counting(12)), (Values{2, 3, 8, 9}));
  }
}

TEST(OnnxLoad, RowsOfAConstantAreGathered) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2, 2});
  const auto rows = model.node("Gather", "rows", {model.floats("table", {3, 2}, {1, 2, 3, 4, 5, 6}), model.integers("which", {2, -3})});
  EXPECT_EQ(run(model.output(model.node("Add", "sum", {x, rows})).load(), {0, 0, 0, 0}), (Values{5, 6, 1, 2}));
}

}  // namespace
}  // namespace ballast::graph::onnx_shapes_test
