// SPDX-License-Identifier: Apache-2.0
//
// Composed models: what they compute when they run, what they say of themselves, and what is refused.

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::compose_test {
namespace {

class Compose : public ::testing::Test {
 protected:
  Compose() { write_file(denoiser, relu_denoiser()); }

  // Keeps what is not negative.
  static std::string relu_denoiser() {
    ModelWriter writer({1, 8, 8});
    writer.add("Relu");
    return writer.bytes(64);
  }

  // relu(x) + time, where `time` is a second input, of whole numbers, one for each image.
  static std::string timed_denoiser() {
    ModelWriter writer({1, 8, 8});
    writer.add("Relu");
    writer.add("Add", {{{1}, {0}}});
    onnx::ModelProto model;
    model.ParseFromString(writer.bytes(64));
    auto& graph = *model.mutable_graph();
    auto& time = *graph.add_input();
    time.set_name("time");
    time.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT64);
    time.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_param("N");
    auto& cast = *graph.add_node();
    cast.set_op_type("Cast");
    cast.set_name("cast");
    cast.add_input("time");
    cast.add_output("real_time");
    auto& to = *cast.add_attribute();
    to.set_name("to");
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(onnx::TensorProto::FLOAT);
    graph.mutable_node(1)->set_input(1, "real_time");
    graph.mutable_node()->SwapElements(1, 2);
    return model.SerializeAsString();
  }

  static std::string with_metadata(const std::string& bytes, const std::string& key, const std::string& value) {
    onnx::ModelProto model;
    model.ParseFromString(bytes);
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
    return model.SerializeAsString();
  }

  Outcome compose(const std::string& front, const Arguments& more = {}) const {
    Arguments arguments{"compose", front, at.model, made};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  // Scores of a model on the images, as bytes.
  std::string scores_of(const std::string& model) const {
    const std::string file = at.folder / "scores.npy";
    EXPECT_TRUE(succeeded(run({"evaluate", model, at.images, "--precision", "fp32", "--quiet", "--logits", file})));
    return contents_of(file);
  }

  ::testing::AssertionResult refuses(const std::string& front, const Arguments& more, const std::string& words) const {
    Arguments arguments{"compose", front, at.model, made};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return refused(at.folder, arguments, words);
  }

  Fixture at;
  const std::string made = at.folder / "made.onnx", denoiser = at.folder / "denoiser.onnx";
};

bool holds(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

TEST_F(Compose, APoolGivesAModelForLargerImagesThatCanBeCertified) {
  write_file(at.model, convolution_model({1, 4, 4}, 3));
  const Outcome outcome = compose("pool2");
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.out, made + "\n");
  EXPECT_EQ(outcome.err, "");
  const std::string text = run({"inspect", made}).out;
  EXPECT_TRUE(holds(text, "input batch x 1 x 8 x 8, 3 classes")) << text;
  EXPECT_TRUE(holds(text, "ballast.composed: average pool of 2 x 2 in front\n")) << text;
  EXPECT_TRUE(holds(text, "ballast.command: ballast compose pool2 " + at.model + " " + made + "\n")) << text;
  EXPECT_TRUE(holds(text, "ballast.version: ")) << text;
  EXPECT_FALSE(holds(text, "ballast.sigma")) << text;
  EXPECT_TRUE(succeeded(run({"certify", made, at.images, at.log, "--sigma", "0.5", "--n", "100", "--quiet"})));
  EXPECT_EQ(rows_of(at.log).size(), 41u);
}

TEST_F(Compose, APoolMultipliesTheNoiseThatAModelWasTrainedWith) {
  write_file(at.model, with_metadata(convolution_model({1, 4, 4}, 3), "ballast.sigma", "0.1"));
  for (const std::string factor : {"2", "3"}) {
    const Outcome outcome = compose("pool" + factor);
    ASSERT_TRUE(succeeded(outcome));
    const std::string sigma = factor == "2" ? "0.2" : "0.3";
    EXPECT_EQ(outcome.out, made + "\ntrained at sigma 0.1, to be certified at " + factor + " times that: --sigma " + sigma + "\n");
    EXPECT_TRUE(holds(run({"inspect", made}).out, "ballast.sigma: " + sigma + "\n"));
  }
}

TEST_F(Compose, TheCommandsThatAModelCameFromAreKept) {
  write_file(at.model, with_metadata(convolution_model({1, 4, 4}, 3), "ballast.command", "ballast train"));
  ASSERT_TRUE(succeeded(compose("pool2")));
  EXPECT_TRUE(holds(run({"inspect", made}).out, "ballast.model_command: ballast train\n"));
  const std::string again = at.folder / "again.onnx", first = "ballast compose pool2 " + at.model + " " + made;
  ASSERT_TRUE(succeeded(run({"compose", "pool3", made, again})));
  const std::string text = run({"inspect", again}).out;
  EXPECT_TRUE(holds(text, "ballast.model_command: " + first + "; ballast train\n")) << text;
  EXPECT_TRUE(holds(text, "ballast.command: ballast compose pool3 " + made + " " + again + "\n")) << text;
  EXPECT_TRUE(holds(text, "input batch x 1 x 24 x 24, 3 classes")) << text;
}

// A model that was trained without noise stays one.
TEST_F(Compose, APoolMakesNoNoiseOfNone) {
  write_file(at.model, with_metadata(convolution_model({1, 4, 4}, 3), "ballast.sigma", "0"));
  const Outcome outcome = compose("pool2");
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.out, made + "\n");
  EXPECT_TRUE(holds(run({"inspect", made}).out, "ballast.sigma: 0\n"));
}

TEST_F(Compose, ADenoiserComesBeforeTheModel) {
  const Outcome outcome = compose(denoiser, {"--scale", "2", "--output-scale", "0.5"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.out, made + "\n");
  EXPECT_EQ(scores_of(made), scores_of(at.model));  // pixels are not negative, and powers of two change no digit
  EXPECT_TRUE(holds(run({"inspect", made}).out, "ballast.composed: denoiser " + denoiser + " in front\n"));
  ASSERT_TRUE(succeeded(compose(denoiser, {"--scale", "-1"})));
  EXPECT_NE(scores_of(made), scores_of(at.model));
  const std::string nothing_but_bias = scores_of(made);
  ASSERT_TRUE(succeeded(compose(denoiser, {"--shift", "-1"})));
  EXPECT_EQ(scores_of(made), nothing_but_bias);
}

// The options may stand before the names, and hold one value a channel.
TEST_F(Compose, OptionsTakeNoNamesForNumbers) {
  ASSERT_TRUE(succeeded(run({"compose", "--scale", "2", "--shift", "0", "--output-scale", "0.5", denoiser, at.model, made})));
  EXPECT_EQ(scores_of(made), scores_of(at.model));
}

TEST_F(Compose, TheNoiseInTheMetadataIsTheDenoisers) {
  write_file(at.model, with_metadata(band_model(), "ballast.sigma", "0.1"));
  ASSERT_TRUE(succeeded(compose(denoiser)));
  EXPECT_FALSE(holds(run({"inspect", made}).out, "ballast.sigma"));
  write_file(denoiser, with_metadata(relu_denoiser(), "ballast.sigma", "0.7"));
  ASSERT_TRUE(succeeded(compose(denoiser)));
  EXPECT_TRUE(holds(run({"inspect", made}).out, "ballast.sigma: 0.7\n"));
}

TEST_F(Compose, AnInputBesideTheImageIsMadeConstant) {
  write_file(denoiser, timed_denoiser());
  ASSERT_TRUE(succeeded(compose(denoiser, {"--constant", "time=0"})));
  EXPECT_EQ(scores_of(made), scores_of(at.model));
  ASSERT_TRUE(succeeded(compose(denoiser, {"--constant", "time=3"})));
  EXPECT_NE(scores_of(made), scores_of(at.model));
  const std::string added = scores_of(made);
  write_file(denoiser, relu_denoiser());
  ASSERT_TRUE(succeeded(compose(denoiser, {"--output-shift", "3"})));
  EXPECT_EQ(scores_of(made), added);
}

// At sigma 0.25, (1 - abar) / abar should be 0.25: abar is nearest to 0.8 at timestep 144, by another program's sums.
TEST_F(Compose, ADiffusionModelIsGivenItsTimestepAndTheScalesOfIt) {
  write_file(denoiser, timed_denoiser());
  const Outcome outcome = compose(denoiser, {"--diffusion", "linear", "--sigma", "0.25", "--timestep", "time", "--predicts", "image"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.out, made + "\ntimestep 144 of 1000: the noise there is 0.249714, to be certified at --sigma 0.25\n");
  const std::string text = run({"inspect", made}).out, scores = scores_of(made);
  EXPECT_TRUE(holds(text, "ballast.sigma: 0.25\n")) << text;
  EXPECT_TRUE(holds(text, "ballast.timestep: 144\n")) << text;
  ASSERT_TRUE(succeeded(compose(denoiser, {"--scale", "1.7892642552149642", "--shift", "-0.8946321276074821", "--constant", "time=144",
                                           "--output-scale", "0.5", "--output-shift", "0.5"})));
  EXPECT_EQ(scores_of(made), scores);
}

TEST_F(Compose, ScheduleAndPredictionAndClippingChangeTheModel) {
  write_file(denoiser, timed_denoiser());
  const auto scores = [&](const std::string& schedule, const std::string& predicts, const Arguments& more) {
    Arguments arguments{"--diffusion", schedule, "--sigma", "0.25", "--timestep", "time", "--predicts", predicts};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_TRUE(succeeded(compose(denoiser, arguments)));
    return scores_of(made);
  };
  const std::string image = scores("linear", "image", {});
  EXPECT_NE(scores("cosine", "image", {}), image);
  EXPECT_NE(scores("linear", "noise", {}), image);
  EXPECT_NE(scores("linear", "image", {"--clip"}), image);
}

TEST_F(Compose, RefusesPoolsThatCannotBe) {
  for (const char* word : {"pool0", "pool1", "pool9", "pool99999999999"}) EXPECT_TRUE(refuses(word, {}, "2 to 8")) << word;
  EXPECT_TRUE(refuses("pool2", {"--scale", "2"}, "pool2: a pool takes no further options"));
  EXPECT_TRUE(refuses("pool2", {"--sigma", "0.25"}, "pool2: a pool takes no further options"));
  EXPECT_TRUE(refuses("pool", {}, "pool: no such model file"));
  EXPECT_TRUE(refuses("pool2x", {}, "pool2x: no such model file"));
  write_file(at.model, with_metadata(convolution_model({1, 4, 4}, 3), "ballast.sigma", "a lot"));
  EXPECT_TRUE(refuses("pool2", {}, "ballast.sigma is 'a lot'"));
  write_file(at.model, "");
  EXPECT_TRUE(refuses("pool2", {}, "model.onnx: the file is empty"));
}

TEST_F(Compose, RefusesDenoisersThatDoNotFit) {
  EXPECT_TRUE(refuses(at.folder / "nowhere.onnx", {}, "nowhere.onnx: no such model file"));
  EXPECT_TRUE(refuses(at.model, {}, "batch x 3"));  // a classifier is none
  EXPECT_TRUE(refuses(denoiser, {"--constant", "time=1"}, "no input 'time'"));
  EXPECT_TRUE(refuses(denoiser, {"--scale", "1,2"}, "2 scales and offsets"));
  EXPECT_TRUE(refuses(denoiser, {"--scale", "1,2", "--shift", "1,2,3"}, "--scale and --shift"));
  EXPECT_TRUE(refuses(denoiser, {"--scale", "nan"}, "finite"));
  write_file(denoiser, timed_denoiser());
  EXPECT_TRUE(refuses(denoiser, {}, "two inputs"));
  for (const char* wrong : {"time", "=1", "time=", "time=1x", ""}) {
    EXPECT_TRUE(refuses(denoiser, {"--constant", wrong}, "NAME=NUMBER is needed")) << wrong;
  }
  EXPECT_TRUE(refuses(denoiser, {"--constant", "time=1", "--constant", "time=2"}, "has a value already"));
}

TEST_F(Compose, RefusesHalfADiffusionModel) {
  write_file(denoiser, timed_denoiser());
  const Arguments whole{"--diffusion", "linear", "--sigma", "0.25", "--timestep", "time", "--predicts", "image"};
  const auto without = [&](const std::string& option) {
    Arguments rest = whole;
    const auto found = std::find(rest.begin(), rest.end(), option);
    rest.erase(found, found + 2);
    return rest;
  };
  EXPECT_TRUE(refuses(denoiser, without("--sigma"), "--sigma is required"));
  EXPECT_TRUE(refuses(denoiser, without("--predicts"), "--predicts is required"));
  EXPECT_TRUE(refuses(denoiser, without("--timestep"), "two inputs"));
  EXPECT_TRUE(refuses(denoiser, without("--diffusion"), "go with --diffusion"));
  EXPECT_TRUE(refuses(denoiser, with(whole, "--sigma", "100"), "sigma = 100"));
  EXPECT_TRUE(refuses(denoiser, with(whole, "--scale", "2"), "leave out --scale and --shift"));
  EXPECT_TRUE(refuses(denoiser, with(whole, "--constant", "time=1"), "--timestep time"));
  EXPECT_TRUE(refuses(denoiser, with(whole, "--diffusion", "quadratic"), "quadratic"));
}

TEST_F(Compose, RefusesAFileThatCannotBeWrittenTo) {
  EXPECT_TRUE(refused(at.folder, {"compose", denoiser, at.model, at.folder / "nowhere/made.onnx"}, "does not exist"));
  EXPECT_TRUE(refused(at.folder, {"compose", denoiser, at.model}, "OUT"));
}

// The same labels but for a few, the same bytes each time, and a certificate that its audit draws again.
TEST_F(Compose, LayersOfWholeNumbersAreANetworkOfTheirOwn) {
  write_file(at.model, deep_band_model());
  const Arguments quantising{"compose", "int8", at.model, at.images, made, "--sigma", "0.25", "--images", "30", "--quiet"};
  const Outcome outcome = run(quantising);
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_TRUE(holds(outcome.out, made + "\nlabels under noise that differ from those in fp32: ")) << outcome.out;
  EXPECT_TRUE(holds(outcome.out, " of 30 (")) << outcome.out;
  const std::string first = contents_of(made), text = run({"inspect", made}).out;
  EXPECT_TRUE(holds(text, "ballast.quantised: 1 values, from 30 images of data ")) << text;
  ASSERT_TRUE(succeeded(run(quantising)));
  EXPECT_EQ(contents_of(made), first);
  const bool has_bytes = holds(outcome.out, "to be run with --precision int8");
  const std::string precision = has_bytes ? "int8" : "fp32";
  ASSERT_TRUE(succeeded(run({"certify", made, at.images, at.log, "--sigma", "0.25", "--n", "1000", "--precision", precision, "--quiet"})));
  EXPECT_EQ(nlohmann::json::parse(contents_of(at.log + ".json"))["precision"], precision);
  EXPECT_TRUE(succeeded(run({"audit", at.log, "--model", made, "--data", at.images, "--quiet"})));
  std::size_t right = 0;
  for (const Cells& cells : rows_of(at.log)) right += cells[4] == "1";
  EXPECT_GE(right, 30u);
}

TEST_F(Compose, WhatCannotBeQuantisedIsRefused) {
  EXPECT_TRUE(refused(at.folder, {"compose", "int8", at.model, at.images, made}, "nothing to quantise"));
  for (const auto& [option, value] : {std::pair{"--precision", "bf16"}, {"--engine", "aten"}, {"--device", "cuda"}})
    EXPECT_TRUE(refused(at.folder, {"compose", "int8", at.model, at.images, made, option, value}, "compose int8: --precision"));
  EXPECT_TRUE(refused(at.folder, {"compose", "int8", at.model, at.images, made, "--images", "0"}, "--images 0: at least one is needed"));
  EXPECT_TRUE(refused(at.folder, {"certify", at.model, at.images, at.log, "--sigma", "0.25", "--precision", "int8"}, "precision int8: "));
}

}  // namespace
}  // namespace ballast::cli::testing::compose_test
