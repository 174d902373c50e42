// SPDX-License-Identifier: Apache-2.0
//
// What is read from ONNX: the operations that diffusion models are made of.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "network.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::onnx_unet_test {
namespace {

using namespace testing;

TEST(OnnxLoad, InstanceNormalizationTreatsEachChannelOfEachImageByItself) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 2});
  const auto y = model.node("InstanceNormalization", "n", {x, model.floats("scale", {2}, {2, 3}), model.floats("bias", {2}, {10, 20})},
                            {fraction("epsilon", 0)});
  const Graph graph = model.output(y).load();
  EXPECT_EQ(run(graph, {1, 3, 2, 6, 5, 4, -1, 0}), (Values{8, 12, 17, 23, 12, 8, 17, 23}));
}

TEST(OnnxLoad, InstanceNormalizationAddsEpsilonToTheVariance) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 1, 2});
  const auto y = model.node("InstanceNormalization", "n", {x, model.floats("scale", {1}, {1}), model.floats("bias", {1}, {0})},
                            {fraction("epsilon", 3)});
  EXPECT_EQ(run(model.output(y).load(), {1, 3}), (Values{-0.5, 0.5}));
}

// Before operator set 21, there is a scale for each group.
TEST(OnnxLoad, GroupNormalizationTakesItsScalesByGroupOrByChannel) {
  for (const bool by_channel : {false, true}) {
    OnnxBuilder model(by_channel ? 21 : 18);
    const auto x = model.input("x", {1, 4, 1});
    const auto scale = by_channel ? model.floats("scale", {4}, {2, 2, 3, 3}) : model.floats("scale", {2}, {2, 3});
    const auto bias = by_channel ? model.floats("bias", {4}, {10, 10, 20, 20}) : model.floats("bias", {2}, {10, 20});
    const auto y = model.node("GroupNormalization", "n", {x, scale, bias}, {number("num_groups", 2), fraction("epsilon", 0)});
    EXPECT_EQ(run(model.output(y).load(), {1, 3, 2, 6}), (Values{8, 12, 17, 23}));
  }
}

struct ResizeCase {
  int opset;
  std::string type;
  Attributes attributes;
  bool by_sizes = false;
};

TEST(OnnxLoad, EveryWayOfRepeatingElements) {
  const Attributes divided{text("mode", "nearest"), text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor")};
  for (const ResizeCase& way :
       {ResizeCase{9, "Upsample", {}}, ResizeCase{10, "Resize", {}}, ResizeCase{11, "Resize", divided}, ResizeCase{13, "Resize", {}},
        ResizeCase{13, "Resize", divided, true}, ResizeCase{18, "Resize", {text("nearest_mode", "round_prefer_ceil")}}}) {
    for (const std::int64_t open : {-1, 1}) {
      OnnxBuilder model(way.opset);
      std::vector<std::string> inputs{model.input("x", {open, 1, 1, 2})};
      if (way.opset > 10) inputs.emplace_back("");
      if (way.by_sizes) inputs.insert(inputs.end(), {"", model.integers("sizes", {1, 1, 2, 6})});
      else inputs.push_back(model.floats("scales", {4}, {1, 1, 2, 3}));
      const Graph graph = model.output(model.node(way.type, "r", inputs, way.attributes)).load();
      EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 1, 2, 6}));
      EXPECT_EQ(run(graph, {1, 2}), (Values{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2})) << way.type << way.opset;
    }
  }
}

TEST(OnnxLoad, UpsampleTakesItsScalesAsAttribute) {
  OnnxBuilder model(7);
  const auto y = model.node("Upsample", "u", {model.input("x", {1, 1, 1, 2})});
  auto& scales = *model.last_node().add_attribute();
  scales.set_name("scales");
  scales.set_type(onnx::AttributeProto::FLOATS);
  for (const float scale : {1.0f, 1.0f, 1.0f, 2.0f}) scales.add_floats(scale);
  EXPECT_EQ(run(model.output(y).load(), {1, 2}), (Values{1, 1, 2, 2}));
}

TEST(OnnxLoad, LinearResizingGoesBetweenElementsAndKeepsTheEdges) {
  for (const std::string coordinates : {"half_pixel", "pytorch_half_pixel"}) {
    OnnxBuilder model;
    const auto x = model.input("x", {-1, 1, 2, 2});
    const auto y = model.node("Resize", "r", {x, "", model.floats("scales", {4}, {1, 1, 2, 2})},
                              {text("mode", "linear"), text("coordinate_transformation_mode", coordinates)});
    EXPECT_EQ(run(model.output(y).load(), {0, 4, 8, 12}), (Values{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}));
  }
}

// A node of several outputs, which are called o0, o1, ...
std::vector<std::string> split(OnnxBuilder& model, const std::string& x, int count, const Attributes& attributes,
                               const std::vector<std::string>& lengths = {}) {
  std::vector<std::string> inputs{x}, outputs{"o0"};
  inputs.insert(inputs.end(), lengths.begin(), lengths.end());
  model.node("Split", "s", inputs, attributes);
  model.last_node().set_output(0, "o0");
  for (int i = 1; i < count; ++i) {
    outputs.push_back("o" + std::to_string(i));
    model.last_node().add_output(outputs.back());
  }
  return outputs;
}

TEST(OnnxLoad, SplitGivesItsPartsInOrder) {
  const std::vector<Values> even{{0, 1, 4, 5}, {2, 3, 6, 7}}, uneven{{0, 4}, {1, 2, 3, 5, 6, 7}};
  for (std::size_t part : {std::size_t{0}, std::size_t{1}}) {
    for (const int way : {0, 1, 2, 3}) {
      OnnxBuilder model(way == 1 ? 11 : way == 3 ? 18 : 13);
      const auto x = model.input("x", {-1, 2, 4});
      Attributes attributes{number("axis", -1)};
      if (way == 1) attributes.push_back(list("split", {1, 3}));
      if (way == 3) attributes.push_back(number("num_outputs", 2));
      const auto outputs = way == 2 ? split(model, x, 2, attributes, {model.integers("lengths", {1, 3})}) : split(model, x, 2, attributes);
      EXPECT_EQ(run(model.output(outputs[part]).load(), counting(8)), way == 1 || way == 2 ? uneven[part] : even[part]) << way;
    }
  }
}

TEST(OnnxLoad, TheLastOfAnUnevenSplitIsSmaller) {
  for (const auto& [part, expected] : {std::pair{0, Values{0, 1, 2}}, std::pair{1, Values{3, 4}}}) {
    OnnxBuilder model(18);
    const auto outputs = split(model, model.input("x", {1, 5}), 2, {number("axis", 1), number("num_outputs", 2)});
    EXPECT_EQ(run(model.output(outputs[static_cast<std::size_t>(part)]).load(), counting(5)), expected);
  }
}

TEST(OnnxLoad, ConstantsMayBeSplit) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, 2});
  const auto outputs = split(model, model.floats("c", {1, 4}, {1, 2, 3, 4}), 2, {number("axis", 1)});
  EXPECT_EQ(run(model.output(model.node("Add", "sum", {x, outputs[1]})).load(), {10, 20}), (Values{13, 24}));
}

// The two sums of improved-diffusion's attention, over all its positions.
TEST(OnnxLoad, EinsteinSumsThatAreProductsOfMatrices) {
  const std::size_t channels = 2, places = 3;
  for (const bool second : {false, true}) {
    OnnxBuilder model;
    const auto x = model.input("x", {-1, 2, 3});
    const auto y = second ? model.node("Einsum", "turn", {x, x}, {text("equation", "bct,bcs->bts")}) : model.node("Relu", "r", {x});
    const Graph graph = second ? model.output(model.node("Einsum", "e", {y, x}, {text("equation", "bts, bcs -> bct")})).load()
                               : model.output(model.node("Einsum", "e", {x, y}, {text("equation", "bct,bcs->bts")})).load();
    const Values images = counting(2 * channels * places);
    Values expected;
    for (std::size_t b = 0; b < 2; ++b) {
      const auto at = [&](std::size_t c, std::size_t t) { return images[(b * channels + c) * places + t]; };
      const auto inner = [&](std::size_t t, std::size_t s) { return at(0, t) * at(0, s) + at(1, t) * at(1, s); };
      for (std::size_t i = 0; i < (second ? channels : places); ++i) {
        for (std::size_t t = 0; t < places; ++t) {
          double sum = 0;
          for (std::size_t s = 0; s < places; ++s) sum += inner(t, s) * at(second ? i : 0, s);
          expected.push_back(second ? sum : inner(i, t));
        }
      }
    }
    EXPECT_EQ(run(graph, images), expected);
  }
}

TEST(OnnxLoad, EinsteinSumsMayHaveSeveralBatches) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 1, 2});
  const Graph graph = model.output(model.node("Einsum", "e", {x, x}, {text("equation", "nhqd,nhkd->nhkq")})).load();
  EXPECT_EQ(run(graph, {1, 2, 3, 4}), (Values{5, 25}));
}

// Every operation that goes along, on an image's heads, where these are rows beside the batch.
Graph with_heads(bool open_batch) {
  OnnxBuilder model;
  const auto x = model.input("x", {open_batch ? -1 : 1, 4, 3});
  const auto count = model.node("Gather", "count", {model.node("Shape", "shape", {x}), model.integers("zero", {0})});
  const auto rows = model.node("Mul", "rows", {count, model.integers("heads", {2})});
  const auto wanted = model.node("Concat", "wanted", {rows, model.integers("rest", {-1, 3})}, {number("axis", 0)});
  const auto heads = model.node("Reshape", "split", {x, open_batch ? wanted : model.integers("fixed", {2, -1, 3})});
  const auto turned = model.node("Transpose", "turned", {heads}, {list("perm", {0, 2, 1})});
  const auto first =
      model.node("Slice", "first", {turned, model.integers("from", {0}), model.integers("to", {2}), model.integers("along", {1})});
  const auto doubled = model.node("Mul", "doubled", {first, model.floats("two", {}, {2})});
  const auto both = model.node("Concat", "both", {doubled, first}, {number("axis", 1)});
  const auto product = model.node("Einsum", "product", {both, turned}, {text("equation", "btc,bsc->bts")});
  const auto soft = model.node("Softmax", "soft", {product}, {number("axis", -1)});
  const auto padded = model.node("Pad", "padded", {soft, model.integers("pads", {0, 0, 0, 0, 0, 1}), model.floats("value", {}, {5})});
  const auto mean = model.node("ReduceMean", "mean", {padded}, {list("axes", {2}), number("keepdims", 0)});
  const auto whole = model.node("Concat", "whole", {count, model.integers("all", {-1})}, {number("axis", 0)});
  return model.output(model.node("Reshape", "joined", {mean, open_batch ? whole : model.integers("one", {1, 8})})).load();
}

TEST(OnnxLoad, HeadsMayBeRowsBesideTheBatch) {
  for (const bool open_batch : {false, true}) {
    const Graph graph = with_heads(open_batch);
    EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 8}));
    const auto images = sample_images(graph, 3);
    Values expected;
    for (std::size_t head = 0; head < 6; ++head) {
      const auto at = [&](std::size_t t, std::size_t c) { return images[head * 6 + c * 3 + t]; };
      for (std::size_t row = 0; row < 4; ++row) {
        const double factor = row < 2 ? 2 : 1;
        Values powers;
        for (std::size_t s = 0; s < 3; ++s) powers.push_back(std::exp(factor * (at(row % 2, 0) * at(s, 0) + at(row % 2, 1) * at(s, 1))));
        const double sum = powers[0] + powers[1] + powers[2];
        expected.push_back((powers[0] / sum + powers[1] / sum + powers[2] / sum + 5) / 4);
      }
    }
    expect_near(run(graph, images), expected, 1e-12);  // double precision
  }
}

TEST(OnnxLoad, ConvolutionsOfRows) {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 4});
  const auto weights = model.floats("w", {2, 2, 3}, {1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 10, 0});
  const auto y = model.node("Conv", "c", {x, weights, model.floats("b", {2}, {100, 200})}, {list("pads", {1, 0}), list("strides", {2})});
  const Graph graph = model.output(y).load();
  EXPECT_EQ(graph.dims(graph.output), (Dims{batch, 2, 2}));
  // Outputs at 0 and 2: the left neighbour in the first channel and the right one in the second; then both at the place itself.
  EXPECT_EQ(run(graph, {1, 2, 3, 4, 5, 6, 7, 8}), (Values{106, 110, 251, 273}));
}

}  // namespace
}  // namespace ballast::graph::onnx_unet_test
