// SPDX-License-Identifier: Apache-2.0
//
// What is not read from ONNX: refused in one line that names the node and the reason.

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "onnx_builder.hpp"

namespace ballast::graph::onnx_refusal_test {
namespace {

using namespace testing;

constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();

TEST(OnnxRefusal, NamelessNodesAreCalledByTheirOutput) {
  OnnxBuilder model;
  const auto out = model.node("Odd", "e", {model.input("x", {1, 2})});
  model.last_node().clear_name();
  expect_refused(model.output(out), {"e'", "Odd"});
}

// A model of one node with the name "culprit" on an input of these dims.
struct Refused {
  std::string what;  // a word of the message
  Ints dims;
  std::string type;
  Attributes attributes = {};
  std::vector<Ints> integer_inputs = {};
  int opset = 13;
};

Attributes linear(const std::string& coordinates) { return {text("mode", "linear"), text("coordinate_transformation_mode", coordinates)}; }

TEST(OnnxRefusal, NamesTheNodeAndTheReason) {
  const std::vector<Refused> cases{
      {"operation Odd is not supported", {1, 4}, "Odd"},
      {"padding is not smaller", {1, 1, 4, 4}, "MaxPool", {list("pads", {2, 0, 0, 0}), list("kernel_shape", {2, 2})}},
      {"kernel_shape", {1, 1, 4, 4}, "MaxPool"},
      {"kernel_shape", {1, 1, 4, 4}, "AveragePool", {list("kernel_shape", {2})}},
      {"strides hold 0", {1, 1, 4, 4}, "MaxPool", {list("strides", {1, 0}), list("kernel_shape", {2, 2})}},
      {"auto_pad", {1, 1, 4, 4}, "MaxPool", {text("auto_pad", "OTHER"), list("kernel_shape", {2, 2})}},
      {"does not fit", {1, 1, 4, 4}, "MaxPool", {list("kernel_shape", {5, 5})}},
      {"batch", {1, 4, 4}, "Transpose", {list("perm", {1, 0, 2})}},
      {"batch", {1, 4}, "Transpose"},
      {"permutation", {1, 4, 4}, "Transpose", {list("perm", {0, 1, 1})}},
      {"batch", {1, 4}, "Reshape", {}, {{4, -1}}},
      {"-4 x 3: the batch must come first", {1, 4, 3}, "Reshape", {}, {{-1, 3}}},
      {"cannot become -1 x 5", {1, 4}, "Reshape", {}, {{-1, 5}}},
      {"cannot become", {1, 4}, "Reshape", {}, {{-1, -1, -1}}},
      {"cannot become -1 x -2", {1, 4}, "Reshape", {}, {{-1, -2}}},
      {"batch", {1, 4}, "Concat", {number("axis", 0)}},
      {"axis", {1, 4}, "Concat", {number("axis", 2)}},
      {"batch", {1, 4, 4}, "ReduceMean", {list("axes", {0, 1})}},
      {"batch", {1, 4, 4}, "ReduceMean"},
      {"1 x -16: the batch must come first", {1, 4, 4}, "Flatten", {number("axis", 0)}},
      {"-4 x 4: the batch must come first", {1, 4, 4}, "Flatten", {number("axis", 2)}},
      {"axis 5", {1, 4, 4}, "Flatten", {number("axis", 5)}},
      {"batch", {1, 4}, "Unsqueeze", {list("axes", {0})}, {}, 9},
      {"drops", {1, 4}, "Squeeze", {list("axes", {0})}, {}, 9},
      {"drops", {1, 4}, "Squeeze", {list("axes", {1})}, {}, 9},
      {"batch", {1, 4}, "Pad", {list("pads", {1, 0, 0, 0})}, {}, 9},
      {"one entry", {1, 4}, "Pad", {list("pads", {1, 1})}, {}, 9},
      {"too large", {1, 4}, "Pad", {list("pads", {0, far, 0, 0})}, {}, 9},
      {"batch", {4, 4}, "Slice", {list("starts", {1}), list("ends", {2}), list("axes", {0})}, {}, 9},
      {"nothing", {1, 4}, "Slice", {list("starts", {3}), list("ends", {1}), list("axes", {1})}, {}, 9},
      {"step", {1, 4}, "Slice", {}, {{0}, {4}, {1}, {0}}},
      {"lengths", {1, 4}, "Slice", {list("starts", {0, 1}), list("ends", {1})}, {}, 9},
      {"axis", {1, 4}, "Slice", {list("starts", {0}), list("ends", {1}), list("axes", {7})}, {}, 9},
      {"axis", {1, 4}, "Softmax", {number("axis", 4)}},
      {"batch", {1, 4}, "Softmax", {number("axis", 0)}},
      {"none and tanh are allowed", {1, 4}, "Gelu", {text("approximate", "other")}, {}, 20},
      {"missing", {1, 4}, "Add"},
      {"missing", {1, 3, 4, 4}, "Conv"},
      {"missing", {1, 4}, "Gemm"},
      {"transA", {1, 4}, "Gemm", {number("transA", 1)}},
      {"channels x height x width", {1, 4}, "GlobalAveragePool"},
      {"casts", {1, 4}, "Cast", {number("to", onnx::TensorProto::STRING)}},
      {"constants alone", {1, 4}, "NonZero"},
      {"cannot become", {1, 4}, "Expand", {}, {{1, 3}}},
      {"move the batch", {1, 4}, "Expand", {}, {{3, 1, 4}}},
      {"repeats the images", {1, 4}, "Tile", {}, {{2, 1}}},
      {"repeats", {1, 4}, "Tile", {}, {{1}}},
      {"batch", {1, 4}, "CumSum", {}, {{0}}},
      {"batch of matrices", {1, 4}, "Trilu"},
      {"blocks of 3", {1, 4, 2, 2}, "DepthToSpace", {number("blocksize", 3)}},
      {"'OTHER'", {1, 4, 2, 2}, "DepthToSpace", {number("blocksize", 2), text("mode", "OTHER")}},
      {"blocks of 3", {1, 4, 2, 2}, "SpaceToDepth", {number("blocksize", 3)}},
      {"reflects more", {1, 4}, "Pad", {text("mode", "reflect"), list("pads", {0, 4, 0, 0})}, {}, 9},
      {"'odd'", {1, 4}, "Pad", {text("mode", "odd"), list("pads", {0, 1, 0, 1})}, {}, 9},
      {"nothing", {1, 4}, "Pad", {list("pads", {0, -2, 0, -2})}, {}, 9},
      {"index 4 is outside 0..3", {1, 4}, "Gather", {number("axis", 1)}, {{0, 4}}},
      {"batch", {1, 4}, "Gather", {}, {{0, 0}}},
      {"p is 0", {1, 1, 4, 4}, "GlobalLpPool", {number("p", 0)}},
      {"fmod", {1, 4}, "Mod", {}, {{3}}},
      {"add up", {1, 4}, "Split", {number("axis", 1)}, {{5}}},
      {"add up", {1, 4}, "Split", {number("axis", 1)}, {{3}}},
      {"add up", {1, 4}, "Split", {number("axis", 1)}, {{0}}},
      {"2 lengths and 1 outputs", {1, 4}, "Split", {number("axis", 1)}, {{2, 2}}},
      {"batch", {2, 4}, "Split"},
      {"channels", {1, 4}, "InstanceNormalization"},
      {"channels", {1, 4}, "GroupNormalization", {number("num_groups", 2)}, {}, 21},
      {"mode is 'odd'; nearest, linear and cubic", {1, 1, 2, 2}, "Resize", {text("mode", "odd")}, {{1}, {}, {1, 1, 4, 4}}},
      {"tf_crop_and_resize", {1, 1, 2, 2}, "Resize", linear("tf_crop_and_resize"), {{1}, {}, {1, 1, 4, 4}}},
      {"nearest_mode is 'odd'", {1, 1, 2, 2}, "Resize", {text("nearest_mode", "odd")}, {{1}, {}, {1, 1, 3, 4}}},
      {"batch", {1, 1, 2, 2}, "Resize", {}, {{1}, {}, {3, 1, 4, 4}}},
      {"sizes hold 0", {1, 1, 2, 2}, "Resize", {}, {{1}, {}, {1, 1, 0, 4}}},
      {"keep_aspect_ratio_policy is 'odd'", {1, 1, 2, 2}, "Resize", {text("keep_aspect_ratio_policy", "odd")}, {{1}, {}, {1, 1, 4, 4}}, 18},
      {"1 sizes", {1, 1, 2, 2}, "Resize", {list("axes", {2, 3})}, {{1}, {}, {4}}, 18},
      {"batch", {1, 2, 2, 2}, "MeanVarianceNormalization"},
      {"p is 3", {1, 4}, "LpNormalization", {number("p", 3)}},
      {"size 0", {1, 2, 2, 2}, "LRN"},
      {"missing", {1, 1, 2, 2}, "Resize"},
  };
  for (const Refused& refused : cases) {
    SCOPED_TRACE(refused.type + ": " + refused.what);
    OnnxBuilder model(refused.opset);
    std::vector<std::string> inputs{model.input("x", refused.dims)};
    for (const Ints& values : refused.integer_inputs) inputs.push_back(model.integers("input" + std::to_string(inputs.size()), values));
    const auto before = model.node("Relu", "before", {inputs[0]});
    inputs[0] = before;
    expect_refused(model.output(model.node(refused.type, "culprit", inputs, refused.attributes)), {"culprit", refused.what});
  }
}

TEST(OnnxRefusal, OfWeightsThatDoNotFitNamesTheNode) {
  const auto refused = [](const std::string& type, const Ints& dims, const Ints& weights, const Attributes& attributes,
                          const std::string& what) {
    SCOPED_TRACE(type + ": " + what);
    OnnxBuilder model;
    const auto x = model.input("x", dims);
    expect_refused(model.output(model.node(type, "culprit", {x, model.weights("w", weights)}, attributes)), {"culprit", what});
  };
  refused("Conv", {1, 3, 4, 4}, {2, 4, 3, 3}, {}, "do not fit");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 3, 3}, {number("group", std::numeric_limits<std::int64_t>::max())}, "do not fit");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 3, 3}, {number("group", 0)}, "do not fit");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 5, 5}, {}, "does not fit");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 3}, {}, "4 dimensions");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 3, 0}, {}, "empty");
  refused("Conv", {1, 3, 4}, {2, 3, 3, 3}, {}, "3 dimensions");
  refused("Conv", {1, 3}, {2, 3, 3, 3}, {}, "channels x height x width");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 3, 3}, {list("pads", {-1, 0, 0, 0})}, "pads hold -1");
  refused("Conv", {1, 3, 4, 4}, {2, 3, 3, 3}, {list("pads", {1, 1})}, "pads");
  refused("Gemm", {1, 4}, {3, 2}, {}, "do not fit");
  refused("Gemm", {1, 4}, {4}, {}, "two dimensions");
  refused("Gemm", {1, 4}, {4, 0}, {}, "empty");
  refused("MatMul", {1, 4}, {2, 4, 4}, {}, "mix the images");
  refused("Add", {1, 4}, {3}, {}, "cannot be joined");
  refused("Add", {1, 4}, {2, 4}, {}, "cannot be joined");
  refused("Concat", {1, 4, 4}, {2, 4, 4}, {number("axis", 1)}, "every image");
  refused("Concat", {1, 4, 4}, {1, 4, 3}, {number("axis", 1)}, "do not fit");
  refused("Concat", {1, 4}, {}, {number("axis", 1)}, "dimensions");
}

// What drops nothing is no training.
TEST(OnnxRefusal, OfADropoutThatTrains) {
  for (const float ratio : {0.5f, 0.0f}) {
    OnnxBuilder model;
    const auto x = model.input("x", {1, 4});
    const auto y = model.node("Dropout", "culprit", {x, model.floats("ratio", {}, {ratio}), model.integer("training", 1)});
    model.output(y);
    if (ratio > 0) expect_refused(model, {"culprit", "training mode"});
    else EXPECT_NO_THROW(parse_onnx(model.bytes(), "test.onnx", {.classifier = false}));
  }
}

TEST(OnnxRefusal, OfScalesThatGiveNoSizes) {
  const auto refused = [](int opset, const Floats& scales, const Attributes& attributes, const std::string& what) {
    SCOPED_TRACE(what);
    OnnxBuilder model(opset);
    const auto x = model.input("x", {1, 1, 4, 4});
    const auto given = model.floats("scales", {static_cast<std::int64_t>(scales.size())}, scales);
    const auto y = opset < 11 ? model.node("Upsample", "culprit", {x, given}, attributes)
                              : model.node("Resize", "culprit", {x, "", given}, attributes);
    expect_refused(model.output(y), {"culprit", what});
  };
  refused(13, {1, 1, 0, 2}, linear("half_pixel"), "scale 0");
  refused(13, {1, 1, -1, 2}, linear("half_pixel"), "scale -1");
  refused(13, {1, 1, std::numeric_limits<float>::quiet_NaN(), 2}, linear("half_pixel"), "scale nan");
  refused(13, {1, 1, 1e30f, 2}, linear("half_pixel"), "makes 4");
  refused(13, {1, 1, 2}, {}, "3 scales");
  refused(13, {2, 1, 2, 2}, {}, "batch");
  refused(9, {1, 1, 2, 2}, {text("mode", "odd")}, "nearest, linear and cubic are allowed");
}

TEST(OnnxRefusal, OfConstantsWithoutDimensionsThatAreResized) {
  OnnxBuilder sized, scaled(9);
  sized.input("x", {1, 4}), scaled.input("x", {1, 4});
  const auto resized = sized.node("Resize", "culprit", {sized.floats("c", {}, {1}), "", "", sized.integers("none", {})});
  expect_refused(sized.output(resized), {"culprit", "0 sizes"});
  expect_refused(scaled.output(scaled.node("Upsample", "culprit", {scaled.floats("c", {}, {1}), scaled.floats("none", {0}, {})})),
                 {"culprit", "0 scales"});
}

TEST(OnnxRefusal, OfEinsteinSumsThatAreNoProductsOfMatrices) {
  for (const std::string equation :
       {"", "bct", "bct->bct", "bct,bcs", "bct,bcs,bcr->bts", "bct,bct->bct", "bct,bct->b", "bct,bcs->b", "cbt,cbs->tsb", "ct,cs->ts",
        "bbt,bbs->bts", "bct,bcs->btz", "b...t,b...s->bts", "->bct,bcs", "abct,bacs->abts"}) {
    SCOPED_TRACE(equation);
    OnnxBuilder model;
    const auto x = model.input("x", {1, 2, 2});
    const auto y = model.node("Einsum", "culprit", {x, x}, {text("equation", equation)});
    expect_refused(model.output(y), {"culprit", "equation '" + equation + "' is not supported", "bct,bcs->bts"});
  }
  OnnxBuilder ranks, constant;
  const auto x = ranks.input("x", {1, 2, 2});
  expect_refused(ranks.output(ranks.node("Einsum", "culprit", {x, x}, {text("equation", "abct,abcs->abts")})), {"culprit", "3 dimensions"});
  constant.input("x", {1, 2, 2});
  const auto y = constant.node("Einsum", "culprit", {"x", constant.weights("w", {1, 2, 2})}, {text("equation", "bct,bcs->bts")});
  expect_refused(constant.output(y), {"culprit", "computed"});
}

// x with two rows for each image, as a file of one image may have it.
std::string two_rows(OnnxBuilder& model, const Ints& rest) {
  Ints shape{2};
  shape.insert(shape.end(), rest.begin(), rest.end());
  return model.node("Reshape", "rows", {"x", model.integers("shape", shape)});
}

TEST(OnnxRefusal, OfRowsBesideTheBatchWhereTheyDoNotBelong) {
  const auto refused = [](const Ints& rest, const std::string& type, const Attributes& attributes, const std::string& what) {
    SCOPED_TRACE(type + what);
    OnnxBuilder model;
    model.input("x", {1, 32});
    expect_refused(model.output(model.node(type, "culprit", {two_rows(model, rest)}, attributes)), {"culprit", what});
  };
  refused({4, 4}, "Relu", {}, "-2 x 4 x 4: the batch must come first");
  refused({4, 4}, "Softmax", {number("axis", 0)}, "along the batch");
  refused({4, 4}, "ReduceMean", {list("axes", {0})}, "along the batch");
  refused({4, 4}, "Concat", {number("axis", 0)}, "along the batch");
  refused({4, 4}, "Transpose", {list("perm", {1, 0, 2})}, "batch");
  refused({1, 4, 4}, "MaxPool", {list("kernel_shape", {2, 2})}, "several rows");
  refused({1, 4, 4}, "GlobalAveragePool", {}, "-2 x 1 x 1 x 1: the batch must come first");
}

TEST(OnnxRefusal, OfRowsJoinedToOtherNumbersOfRows) {
  OnnxBuilder other;
  const auto x = other.input("x", {1, 8});
  expect_refused(other.output(other.node("Add", "culprit", {two_rows(other, {4}), x})), {"culprit", "-2 x 4 and batch x 8"});
  OnnxBuilder constant;
  constant.input("x", {1, 8});
  const auto sum = constant.node("Add", "culprit", {two_rows(constant, {4}), constant.weights("w", {1, 2, 4})});
  expect_refused(constant.output(sum), {"culprit", "more dimensions"});
}

// There, a size of 2 is no batch.
TEST(OnnxRefusal, OfFixedSizesInAFileOfAnOpenBatch) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 8});
  expect_refused(model.output(model.node("Reshape", "culprit", {x, model.integers("shape", {2, -1})})),
                 {"culprit", "batch x 8 cannot become 2 x -1 for any number of images"});
}

TEST(OnnxRefusal, OfProductsOfConstantsThatDoNotFit) {
  OnnxBuilder model;
  const auto product = model.node("MatMul", "culprit", {model.weights("a", {1, 3}), model.weights("b", {2, 4})});
  expect_refused(model.output(model.node("Add", "sum", {model.input("x", {1, 4}), product})), {"culprit", "cannot be multiplied"});
}

// Of three inputs, two numbers and a computed value, the numbers alone would be looked at.
TEST(OnnxRefusal, OfAThirdInputOfASum) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  const auto sum = model.node("Add", "culprit", {model.floats("a", {}, {1}), model.floats("b", {}, {2}), x});
  expect_refused(model.output(sum), {"culprit", "3 inputs"});
}

TEST(OnnxRefusal, OfRangesWithoutAnEnd) {
  struct Case {
    float end, step;
    std::string what;
  };
  for (const auto& [end, step, what] : {Case{1, 0, "no range"}, Case{1e9f, 1, "too large"}, Case{1e18f, 1, "no range"},
                                        Case{1, std::numeric_limits<float>::quiet_NaN(), "no range"}}) {
    OnnxBuilder model;
    const auto range =
        model.node("Range", "culprit", {model.floats("a", {}, {0}), model.floats("b", {}, {end}), model.floats("c", {}, {step})});
    expect_refused(model.output(model.node("Add", "sum", {model.input("x", {1, 4}), range})), {"culprit", what});
  }
}

// Shapes of different ranks would line the batch up with another dimension.
TEST(OnnxRefusal, OfABatchLinedUpWithAnotherDimension) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 1, 4});
  const auto flat = model.node("Reshape", "flat", {x, model.integers("shape", {-1, 4})});
  expect_refused(model.output(model.node("Add", "culprit", {x, flat})), {"culprit", "Add"});
}

TEST(OnnxRefusal, OfWeightsThatAreComputed) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 3, 3, 3});
  expect_refused(model.output(model.node("Conv", "culprit", {x, x})), {"culprit", "must be constant"});
}

TEST(OnnxRefusal, OfLayersOnConstants) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  const auto c = model.node("Softmax", "culprit", {model.weights("w", {4})});
  expect_refused(model.output(model.node("Add", "sum", {x, c})), {"culprit", "batch"});
}

TEST(OnnxRefusal, OfTwoInputs) {
  OnnxBuilder model;
  model.input("left", {1, 4});
  model.input("right", {1, 4});
  expect_refused(model.output(model.node("Add", "sum", {"left", "right"})), {"two inputs", "left", "right"});
}

TEST(OnnxRefusal, OfInputsThatAreNoBatchesOfImages) {
  const auto refused = [](const Ints& dims, int type, const std::string& what) {
    OnnxBuilder model;
    expect_refused(model.output(model.node("Relu", "r", {model.input("picture", dims, type)})), {"picture", what});
  };
  refused({1, 4}, onnx::TensorProto::INT64, "INT64");
  refused({1, 4}, onnx::TensorProto::STRING, "STRING");
  refused({4}, onnx::TensorProto::FLOAT, "batch");
  refused({}, onnx::TensorProto::FLOAT, "batch");
  refused({1, -1}, onnx::TensorProto::FLOAT, "open");
  refused({1, 0}, onnx::TensorProto::FLOAT, "open");
  refused({1, 1 << 24, 1 << 24, 1 << 24}, onnx::TensorProto::FLOAT, "too large");
  expect_refused(OnnxBuilder().output("y"), {"no input"});
}

TEST(OnnxRefusal, OfOperatorSetsOutOfRange) {
  for (const std::int64_t opset : {std::int64_t{0}, std::int64_t{6}, std::int64_t{24}, far, -far}) {
    OnnxBuilder model(opset);
    expect_refused(model.output(model.node("Relu", "r", {model.input("x", {1, 4})})), {"operator set", "7 to 23"});
  }
}

TEST(OnnxRefusal, OfOtherDomains) {
  OnnxBuilder model;
  const auto out = model.node("Relu", "culprit", {model.input("x", {1, 4})});
  model.last_node().set_domain("com.example");
  expect_refused(model.output(out), {"culprit", "com.example.Relu", "not supported"});
}

TEST(OnnxRefusal, OfMissingTensors) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  expect_refused(model.output(model.node("Gemm", "culprit", {x, "lost"})), {"culprit", "lost"});
}

TEST(OnnxRefusal, OfInputsLeftOut) {
  for (const std::string type : {"Identity", "Dropout", "Relu", "Pad", "Concat", "Shape"}) {
    OnnxBuilder model;
    model.input("x", {1, 4});
    expect_refused(model.output(model.node(type, "culprit", {""}, {list("pads", {0, 0, 0, 0})})), {"culprit"});
  }
}

TEST(OnnxRefusal, OfMissingOutputs) {
  OnnxBuilder model;
  model.node("Relu", "r", {model.input("x", {1, 4})});
  expect_refused(model, {"no output"});
  expect_refused(model.output("lost"), {"lost"});
}

TEST(OnnxRefusal, OfOutputsThatDoNotDependOnTheInput) {
  OnnxBuilder model;
  model.input("x", {1, 4});
  expect_refused(model.output(model.node("Identity", "i", {model.weights("w", {1, 4})})), {"i'", "not computed"});
}

TEST(OnnxRefusal, OfNetworksWithoutClasses) {
  OnnxBuilder model;
  expect_refused(model.output(model.node("Relu", "r", {model.input("x", {1, 1'000'001})})), {"batch x 1000001", "classes"});
}

TEST(OnnxRefusal, OfWeightsInAnotherFile) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  const auto out = model.node("Gemm", "fc", {x, model.weights("far_away", {4, 2})});
  model.proto().mutable_graph()->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  expect_refused(model.output(out), {"far_away", "another file"});
}

TEST(OnnxRefusal, OfTensorsWhoseDataIsNotWhatTheirShapeSays) {
  const auto refused = [](const Ints& dims, std::size_t values, const std::string& what) {
    OnnxBuilder model;
    const auto out = model.node("Add", "sum", {model.input("x", {1, 4}), model.floats("broken", dims, Floats(values))});
    expect_refused(model.output(out), {what});
  };
  refused({4}, 3, "broken");
  refused({4, -1}, 4, "negative");
  refused({1 << 20, 1 << 20}, 4, "too large");
  refused({far, 0}, 0, "too large");
  refused({1 << 20, 1000}, 4, "broken");
}

TEST(OnnxRefusal, OfTensorTypesThatAreNotNumbers) {
  OnnxBuilder model;
  const auto out = model.node("Add", "sum", {model.input("x", {1, 4}), model.weights("half", {4})});
  model.proto().mutable_graph()->mutable_initializer(0)->set_data_type(onnx::TensorProto::COMPLEX64);
  expect_refused(model.output(out), {"half", "COMPLEX64"});
}

TEST(OnnxRefusal, OfConstantArithmeticThatCannotBeDone) {
  const auto refused = [](const std::string& type, std::int64_t a, std::int64_t b) {
    SCOPED_TRACE(type);
    OnnxBuilder model;
    const auto x = model.input("x", {1, 4});
    const auto size = model.node(type, "culprit", {model.integers("a", {a}), model.integers("b", {b})});
    expect_refused(model.output(model.node("Reshape", "r", {x, size})), {"culprit", "cannot be combined"});
  };
  refused("Add", far, 1);
  refused("Sub", -far, 2);
  refused("Mul", far, far);
  refused("Div", 1, 0);
  refused("Div", -far - 1, -1);
}

TEST(OnnxRefusal, OfConstantsThatGrowBeyondMeasure) {
  OnnxBuilder grown;
  const auto x = grown.input("x", {1, 4});
  const auto huge = grown.node("Add", "culprit", {grown.weights("column", {10'000, 1}), grown.weights("row", {1, 10'000})});
  expect_refused(grown.output(grown.node("Add", "sum", {x, huge})), {"culprit", "too large"});

  OnnxBuilder filled;
  const auto many = filled.node("ConstantOfShape", "culprit", {filled.integers("sizes", {1 << 14, 1 << 14})});
  expect_refused(filled.output(filled.node("Add", "sum", {filled.input("x", {1, 4}), many})), {"culprit", "too large"});

  OnnxBuilder turned;
  const auto repeated = turned.node("Transpose", "culprit", {turned.weights("c", {100'000, 1, 1})}, {list("perm", {0, 0, 0})});
  expect_refused(turned.output(turned.node("Add", "sum", {turned.input("x", {1, 4}), repeated})), {"culprit", "permutation"});
}

TEST(OnnxRefusal, OfConstantsJoinedThatDoNotFit) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  const auto joined = model.node("Concat", "culprit", {model.weights("a", {2, 3}), model.weights("b", {2, 5})}, {number("axis", 0)});
  expect_refused(model.output(model.node("Add", "sum", {x, joined})), {"culprit", "do not fit"});
}

TEST(OnnxRefusal, OfAConstantWithTwoOpenSizes) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  const auto reshaped = model.node("Reshape", "culprit", {model.weights("c", {4}), model.integers("shape", {-1, -1})});
  expect_refused(model.output(model.node("Add", "sum", {x, reshaped})), {"culprit"});
}

TEST(OnnxRefusal, StaysOneLineWhateverNamesHold) {
  OnnxBuilder model;
  expect_refused(model.output(model.node("Odd\nType\r", "two\nlines", {model.input("x", {1, 4})})), {"two lines"});
}

TEST(OnnxRefusal, OfBytesThatAreNoModel) {
  const auto refused = [](const std::string& bytes, const std::string& what) {
    try {
      parse_onnx(bytes, "some.onnx");
      ADD_FAILURE();
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("some.onnx: ", 0), 0u);
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    }
  };
  refused("", "empty");
  refused("not a model at all", "not an ONNX model");
  OnnxBuilder model;
  const std::string whole = model.output(model.node("Relu", "r", {model.input("x", {1, 4})})).bytes();
  refused(whole.substr(0, whole.size() - 3), "not an ONNX model");
}

TEST(OnnxRefusal, OfFilesThatCannotBeRead) {
  for (const auto& file : {std::filesystem::path("/nowhere/model.onnx"), std::filesystem::temp_directory_path()}) {
    try {
      load_onnx(file);
      ADD_FAILURE() << file;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos);
    }
  }
}

TEST(OnnxRefusal, OfNetworksThatGiveScoresForPartsOfAnImage) {
  for (const Ints& dims : {Ints{1, 2, 3}, Ints{1, 21, 8, 8}}) {
    OnnxBuilder model;
    expect_refused(model.output(model.node("Relu", "r", {model.input("x", dims)})), {"batch x " + std::to_string(dims[1]), "classes"});
  }
}

}  // namespace
}  // namespace ballast::graph::onnx_refusal_test
