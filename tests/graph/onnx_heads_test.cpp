// SPDX-License-Identifier: Apache-2.0
//
// What networks take and give: inputs of other types, open sizes, labels, one score, several outputs.

#include <gtest/gtest.h>

#include <vector>

#include "interpreter.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::testing::onnx_heads_test {
namespace {

std::vector<double> scores_of(const Graph& graph, const Dims& dims, const std::vector<double>& input) {
  return Interpreter(graph, {dims, input}).output().values;
}

Graph load(const OnnxBuilder& model, const OnnxOptions& options) { return parse_onnx(model.bytes(), "test.onnx", options); }

void refused(const OnnxBuilder& model, const OnnxOptions& options, const std::string& words) {
  try {
    load(model, options);
    ADD_FAILURE() << "a model was read that must be refused";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(OnnxHeads, LabelsStandForTheScoresTheyAreTakenFrom) {
  for (const std::string type : {"ArgMax", "TopK"}) {
    for (const bool cast : {false, true}) {
      OnnxBuilder model;
      const auto scores = model.node("Tanh", "t", {model.input("x", {1, 4})});
      std::string label;
      if (type == "ArgMax") {
        label = model.node("ArgMax", "label", {scores}, {number("axis", 1)});
      } else {
        model.node("TopK", "top", {scores, model.integers("k", {1})});
        label = *model.last_node().add_output() = "index";
      }
      if (cast) label = model.node("Squeeze", "s", {model.node("Cast", "c", {label}, {number("to", onnx::TensorProto::INT32)})});
      const Graph graph = model.output(label).load_classifier();
      ASSERT_EQ(graph.nodes.size(), 1u);
      EXPECT_EQ(name_of(graph.nodes[0].operation), "Tanh");
      EXPECT_EQ(graph.classes(), 4);
    }
  }
}

TEST(OnnxHeads, LabelsMayNotBeComputedWith) {
  OnnxBuilder model;
  const auto label = model.node("ArgMax", "label", {model.input("x", {1, 4})}, {number("axis", 1)});
  expect_refused(model.output(model.node("Relu", "culprit", {label})), {"culprit", "label"});
}

TEST(OnnxHeads, LabelsThatAreNotTheFirstGreatestScoreAreRefused) {
  const auto refused_label = [](const std::string& type, const Attributes& attributes, std::int64_t k, const std::string& what) {
    OnnxBuilder model;
    std::vector<std::string> inputs{model.input("x", {1, 4})};
    if (type == "TopK") inputs.push_back(model.integers("k", {k}));
    expect_refused(model.output(model.node(type, "culprit", inputs, attributes)), {"culprit", what});
  };
  refused_label("ArgMax", {number("axis", 0)}, 0, "scores");
  refused_label("ArgMax", {number("axis", 1), number("select_last_index", 1)}, 0, "last");
  refused_label("TopK", {}, 2, "one greatest");
  refused_label("TopK", {number("largest", 0)}, 1, "least");
}

OnnxBuilder of_one_score(const Ints& dims, bool sigmoid) {
  OnnxBuilder model;
  std::string score = model.node("Gemm", "fc", {model.input("x", {1, 2}), model.floats("w", {2, 1}, {1, -1})});
  if (sigmoid) score = model.node("Sigmoid", "p", {score});
  score = model.node("Reshape", "r", {score, model.integers("dims", dims)});
  model.output(score);
  return model;
}

TEST(OnnxHeads, OneScoreIsTwoClassesByAThreshold) {
  for (const Ints& dims : {Ints{-1}, Ints{-1, 1}, Ints{-1, 1, 1}}) {
    for (const bool sigmoid : {false, true}) {
      const OnnxBuilder model = of_one_score(dims, sigmoid);
      const Graph graph = model.load_classifier();
      EXPECT_EQ(graph.classes(), 2);
      EXPECT_EQ(graph.reading.at("model_threshold"), sigmoid ? "0.5" : "0");
      // On the threshold it is the first class.
      const auto scores = scores_of(graph, {3, 2}, {1, 0.5, 0.5, 1, 1, 1});
      EXPECT_GT(scores[1], scores[0]);
      EXPECT_LT(scores[3], scores[2]);
      EXPECT_EQ(scores[5], scores[4]);
      EXPECT_EQ(load(model, {.threshold = 0.75}).reading.at("model_threshold"), "0.75");
    }
  }
}

TEST(OnnxHeads, AThresholdIsForOneScoreAlone) {
  OnnxBuilder model;
  model.output(model.node("Relu", "r", {model.input("x", {1, 4})}));
  refused(model, {.threshold = 0.5}, "--threshold is for one score");
}

TEST(OnnxHeads, OfSeveralOutputsTheOnlyOneWithScoresIsTaken) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  const auto scores = model.node("Relu", "first", {x});
  const auto features = model.node("Reshape", "features", {x, model.integers("dims", {-1, 2, 2})});
  const auto label = model.node("ArgMax", "label", {scores}, {number("axis", 1)});
  const Graph graph = model.output(label).output(features).output(scores).load_classifier();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(name_of(graph.nodes[0].operation), "Relu");
  EXPECT_EQ(graph.reading.at("model_output"), "first'");
}

TEST(OnnxHeads, OfSeveralOutputsWithScoresOneMustBeNamed) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 4});
  model.output(model.node("Relu", "first", {x})).output(model.node("Tanh", "second", {x}));
  expect_refused(model, {"'first'' (batch x 4)", "'second'' (batch x 4)", "--output"});
  EXPECT_EQ(name_of(load(model, {.output = "second'"}).nodes.at(0).operation), "Tanh");
  refused(model, {.output = "third"}, "no output 'third'; it has 'first'' (batch x 4), 'second'' (batch x 4)");
}

TEST(OnnxHeads, FloatingPointInputsOfAnyWidthAreTaken) {
  for (const int type : {onnx::TensorProto::DOUBLE, onnx::TensorProto::FLOAT16, onnx::TensorProto::BFLOAT16}) {
    OnnxBuilder model;
    model.output(model.node("Relu", "r", {model.input("x", {1, 4}, type)}));
    EXPECT_EQ(model.load_classifier().nodes.size(), 1u);
  }
}

TEST(OnnxHeads, BytesArePixelsTimes255CutAndRounded) {
  OnnxBuilder model;
  const auto floats =
      model.node("Cast", "c", {model.input("x", {1, 5}, onnx::TensorProto::UINT8)}, {number("to", onnx::TensorProto::FLOAT)});
  const Graph graph = model.output(model.node("Neg", "n", {floats})).load_classifier();
  EXPECT_EQ(graph.reading.count("model_input"), 1u);
  EXPECT_EQ(scores_of(graph, {1, 5}, {-0.5, 2, 0.5, 100.4 / 255, 100.6 / 255}), (std::vector<double>{0, -255, -128, -100, -101}));
}

TEST(OnnxHeads, OpenSizesAreThoseOfTheImages) {
  const auto dims_for = [](const Ints& dims, std::optional<InputLayout> layout) {
    OnnxBuilder model;
    model.output(model.node("Flatten", "f", {model.input("x", dims)}));
    const Graph graph = load(model, {.shape = ImageShape{3, 8, 6}, .layout = layout});
    return graph.dims(graph.input);
  };
  EXPECT_EQ(dims_for({-1, 3, -1, -1}, {}), (Dims{batch, 3, 8, 6}));
  EXPECT_EQ(dims_for({-1, -1, -1, -1}, {}), (Dims{batch, 3, 8, 6}));
  EXPECT_EQ(dims_for({-1, -1, -1, 3}, {}), (Dims{batch, 8, 6, 3}));
  EXPECT_EQ(dims_for({-1, -1, -1, -1}, InputLayout::hwc), (Dims{batch, 8, 6, 3}));
  EXPECT_EQ(dims_for({-1, -1}, {}), (Dims{batch, 144}));
}

TEST(OnnxHeads, OpenSizesThatNobodySaysAreRefused) {
  OnnxBuilder model;
  model.output(model.node("Flatten", "f", {model.input("x", {-1, 3, -1, -1})}));
  refused(model, {}, "batch x 3 x ? x ?): say those of the images, as in --input-shape 3x224x224");
  refused(model, {.shape = ImageShape{1, 8, 6}}, "takes batch x 3 x ? x ?, and the images are 1x8x6");
}

}  // namespace
}  // namespace ballast::graph::testing::onnx_heads_test
