// SPDX-License-Identifier: Apache-2.0
//
// Several rows for each image of the batch: what every operation that is read from ONNX does with them.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "network.hpp"
#include "onnx_builder.hpp"
#include "operations/operations.hpp"

namespace ballast::graph::onnx_rows_test {
namespace {

using namespace testing;

// A node that reads rows, and what an operation does with them.
struct Example {
  enum class Rows {
    as_images,  // to each what it does to an image
    refused,    // it needs images
    none        // of a computed value it makes nothing that is computed, or it has no rows
  };
  Rows rows = Rows::as_images;
  Ints dims = {4, 4};  // of a row
  Attributes attributes = {};
  std::vector<std::string> others = {};  // further inputs: the rows once more, which are called x, or those of declare
  int opset = 13;
};

void declare(OnnxBuilder& model) {
  model.floats("of_4", {4}, {1, 2, 3, 4}), model.floats("scales", {4}, {1, 1, 2, 2}), model.floats("one", {}, {1});
  model.weights("kernel", {1, 1, 3, 3}), model.weights("matrix", {3, 16});
  model.integers("sizes", {0, 8, 2}), model.integers("pads", {0, 0, 1, 0, 1, 0});
  model.integers("first", {1}), model.integers("third", {3}), model.integer("second", 2);
  model.integers("wider", {1, 3, 16}), model.integers("repeats", {1, 2, 1});
}

const std::map<std::string, Example>& examples() {
  using enum Example::Rows;
  static const Attributes window{list("kernel_shape", {2, 2})};
  static const std::map<std::string, Example> table{
      {"Abs", {}},
      {"Add", {as_images, {4, 4}, {}, {"x"}}},
      {"And", {as_images, {4, 4}, {}, {"of_4"}}},
      {"ArgMax", {none, {4, 4}, {number("axis", 1)}}},
      {"Attention", {none, {4, 4}, {}, {"x", "x"}, 23}},
      {"AveragePool", {refused, {1, 4, 4}, window}},
      {"BatchNormalization", {refused, {4, 4}, {}, {"of_4", "of_4", "of_4", "of_4"}}},
      {"Cast", {as_images, {4, 4}, {number("to", onnx::TensorProto::FLOAT)}}},
      {"CastLike", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Ceil", {}},
      {"Celu", {}},
      {"Clip", {as_images, {4, 4}, {}, {"one"}}},
      {"Concat", {as_images, {4, 4}, {number("axis", 2)}, {"x"}}},
      {"Constant", {none, {4, 4}, {number("value_int", 1)}}},
      {"ConstantOfShape", {none}},
      {"Conv", {refused, {1, 4, 4}, {}, {"kernel"}}},
      {"ConvInteger", {refused, {1, 4, 4}, {}, {"kernel"}}},
      {"ConvTranspose", {refused, {1, 4, 4}, {}, {"kernel"}}},
      {"Cos", {}},
      {"CumSum", {as_images, {4, 4}, {}, {"second"}}},
      {"DepthToSpace", {as_images, {4, 2, 2}, {number("blocksize", 2)}}},
      {"DequantizeLinear", {as_images, {4, 4}, {}, {"one"}}},
      {"Div", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Dropout", {}},
      {"DynamicQuantizeLinear", {none}},
      {"Einsum", {as_images, {4, 4}, {text("equation", "bct,bcs->bts")}, {"x"}}},
      {"Elu", {}},
      {"Equal", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Erf", {}},
      {"Exp", {}},
      {"Expand", {as_images, {1, 16}, {}, {"wider"}}},
      {"Flatten", {}},
      {"Floor", {}},
      {"Gather", {as_images, {4, 4}, {number("axis", 1)}, {"second"}}},
      {"GatherElements", {refused, {4, 4}, {}, {"first"}}},
      {"GatherND", {refused, {4, 4}, {}, {"first"}}},
      {"Gelu", {as_images, {4, 4}, {}, {}, 20}},
      {"Gemm", {as_images, {16}, {number("transB", 1)}, {"matrix"}}},
      {"GlobalAveragePool", {as_images, {1, 4, 4}}},
      {"GlobalLpPool", {as_images, {1, 4, 4}}},
      {"GlobalMaxPool", {as_images, {1, 4, 4}}},
      {"Greater", {as_images, {4, 4}, {}, {"of_4"}}},
      {"GreaterOrEqual", {as_images, {4, 4}, {}, {"of_4"}}},
      {"GroupNormalization", {refused, {4, 4}, {number("num_groups", 2)}, {"of_4", "of_4"}, 21}},
      {"HardSigmoid", {}},
      {"HardSwish", {as_images, {4, 4}, {}, {}, 14}},
      {"Identity", {}},
      {"InstanceNormalization", {refused, {4, 4}, {}, {"of_4", "of_4"}}},
      {"IsNaN", {}},
      {"LRN", {refused, {4, 4}, {number("size", 3)}}},
      {"LayerNormalization", {as_images, {4, 4}, {}, {"of_4", "of_4"}, 17}},
      {"LeakyRelu", {}},
      {"Less", {as_images, {4, 4}, {}, {"of_4"}}},
      {"LessOrEqual", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Log", {}},
      {"LogSoftmax", {as_images, {4, 4}, {number("axis", 1)}}},
      {"LpNormalization", {as_images, {4, 4}, {number("axis", 1)}}},
      {"LpPool", {refused, {1, 4, 4}, window}},
      {"MatMul", {as_images, {4, 4}, {}, {"x"}}},
      {"MatMulInteger", {as_images, {4, 4}, {}, {"x"}}},
      {"Max", {as_images, {4, 4}, {}, {"of_4"}}},
      {"MaxPool", {refused, {1, 4, 4}, window}},
      {"Mean", {as_images, {4, 4}, {}, {"of_4"}}},
      {"MeanVarianceNormalization", {as_images, {4, 4}, {list("axes", {1})}}},
      {"Min", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Mish", {as_images, {4, 4}, {}, {}, 18}},
      {"Mod", {as_images, {4, 4}, {number("fmod", 1)}, {"of_4"}}},
      {"Mul", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Neg", {}},
      {"NonZero", {none}},
      {"Not", {}},
      {"OneHot", {none, {4, 4}, {}, {"second", "of_4"}}},
      {"Or", {as_images, {4, 4}, {}, {"of_4"}}},
      {"PRelu", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Pad", {as_images, {4, 4}, {}, {"pads", "one"}}},
      {"Pow", {as_images, {4, 4}, {}, {"of_4"}}},
      {"QLinearConv", {refused, {1, 4, 4}, {}, {"one", "one", "kernel", "one", "one", "one", "one"}}},
      {"QLinearMatMul", {as_images, {4, 4}, {}, {"one", "one", "x", "one", "one", "one"}}},
      {"QuantizeLinear", {as_images, {4, 4}, {}, {"one"}}},
      {"RMSNormalization", {as_images, {4, 4}, {}, {"of_4"}, 23}},
      {"Range", {none, {4, 4}, {}, {"x", "x"}}},
      {"Reciprocal", {}},
      {"ReduceL1", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceL2", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceLogSum", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceLogSumExp", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceMax", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceMean", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceMin", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceProd", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceSum", {as_images, {4, 4}, {list("axes", {1})}}},
      {"ReduceSumSquare", {as_images, {4, 4}, {list("axes", {1})}}},
      {"Relu", {}},
      {"Reshape", {as_images, {4, 4}, {}, {"sizes"}}},
      {"Resize", {refused, {1, 4, 4}, {}, {"", "scales"}}},
      {"RotaryEmbedding", {none, {4, 4}, {}, {"of_4", "of_4"}, 23}},
      {"Round", {}},
      {"ScatterND", {none, {4, 4}, {}, {"first", "one"}}},
      {"Selu", {}},
      {"Shape", {none}},
      {"Sigmoid", {}},
      {"Sign", {}},
      {"Sin", {}},
      {"Size", {none}},
      {"Slice", {as_images, {4, 4}, {}, {"first", "third", "first"}}},
      {"Softmax", {as_images, {4, 4}, {number("axis", 1)}}},
      {"Softplus", {}},
      {"Softsign", {}},
      {"SpaceToDepth", {as_images, {1, 4, 4}, {number("blocksize", 2)}}},
      {"Split", {as_images, {4, 4}, {number("axis", 1)}}},
      {"Sqrt", {}},
      {"Squeeze", {as_images, {1, 16}, {}, {"first"}}},
      {"Sub", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Sum", {as_images, {4, 4}, {}, {"of_4"}}},
      {"Swish", {}},
      {"Tanh", {}},
      {"ThresholdedRelu", {}},
      {"Tile", {as_images, {4, 4}, {}, {"repeats"}}},
      {"TopK", {none, {4, 4}, {}, {"first"}}},
      {"Transpose", {as_images, {2, 8}, {list("perm", {0, 2, 1})}}},
      {"Trilu", {}},
      {"Unsqueeze", {as_images, {4, 4}, {}, {"first"}}},
      {"Upsample", {refused, {1, 4, 4}, {}, {"scales"}, 9}},
      {"Where", {as_images, {4, 4}, {}, {"x", "of_4"}}},
      {"Xor", {as_images, {4, 4}, {}, {"of_4"}}},
  };
  return table;
}

Graph loaded(const OnnxBuilder& model) { return parse_onnx(model.bytes(), "test.onnx", {.classifier = false}); }

// The node on rows of which an image has two, as a file of one image may have it; or on images.
OnnxBuilder model_of(const std::string& type, const Example& example, bool on_rows) {
  OnnxBuilder model(example.opset);
  declare(model);
  Ints dims = example.dims;
  dims.insert(dims.begin(), on_rows ? 2 : -1);
  const std::string x =
      on_rows ? model.node("Reshape", "rows", {model.input("image", {1, 32}), model.integers("dims", dims)}) : model.input("image", dims);
  std::vector<std::string> inputs{x};
  for (const std::string& other : example.others) inputs.push_back(other == "x" ? x : other);
  const auto y = model.node(type, "culprit", inputs, example.attributes);
  return model.output(on_rows ? model.node("Reshape", "whole", {y, model.integers("flat", {1, -1})}) : y);
}

TEST(OnnxRows, EveryOperationDoesToEachRowWhatItDoesToAnImageOrIsRefused) {
  for (const auto& [type, importer] : operations::onnx_types()) {
    SCOPED_TRACE(type);
    ASSERT_TRUE(examples().count(type)) << "say above what it does with several rows for each image";
    const Example& example = examples().at(type);
    const OnnxBuilder rows = model_of(type, example, true);
    switch (example.rows) {
      case Example::Rows::as_images: {
        const Graph graph = loaded(rows);
        const auto images = sample_images(graph, 3);
        expect_near(run(graph, images), run(loaded(model_of(type, example, false)), images), 0);
        break;
      }
      case Example::Rows::refused: expect_refused(rows, {"culprit", "several rows for each image"}); break;
      case Example::Rows::none: EXPECT_THROW(loaded(rows), InputError); break;
    }
  }
}

}  // namespace
}  // namespace ballast::graph::onnx_rows_test
