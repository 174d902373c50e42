// SPDX-License-Identifier: Apache-2.0

#include "ballast/model/folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::model::folder_test {
namespace {

namespace fs = std::filesystem;

class Folder : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_ / "onnx"); }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(root_ / name) << text; }

  // What a processor's configuration means.
  Preprocessing of(const std::string& processor) const {
    write("model.onnx", "");
    write("preprocessor_config.json", processor);
    return read_model_folder(root_).preprocessing.value();
  }

  void refused(const std::string& processor, const std::string& words) const {
    SCOPED_TRACE(processor);
    try {
      of(processor);
      ADD_FAILURE() << "it was taken";
    } catch (const InputError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(words), std::string::npos) << message;
      EXPECT_NE(message.find("preprocessor_config.json: "), std::string::npos) << message;
    }
  }

  const fs::path root_ = fs::temp_directory_path() / ("ballast_folder_" + std::to_string(::getpid()));
};

TEST_F(Folder, HoldsItsModelAtTheTopOrInOnnx) {
  EXPECT_THROW(read_model_folder(root_), InputError);
  write("onnx/model.onnx", "");
  EXPECT_EQ(read_model_folder(root_).model, root_ / "onnx" / "model.onnx");
  write("model.onnx", "");
  EXPECT_EQ(read_model_folder(root_).model, root_ / "model.onnx");
  EXPECT_FALSE(read_model_folder(root_).preprocessing);
}

TEST_F(Folder, NamesClassesByNumber) {
  write("model.onnx", "");
  write("config.json", R"({"id2label": {"1": "dog", "0": "cat", "2": "cow"}, "other": [1, 2]})");
  EXPECT_EQ(read_model_folder(root_).class_names, (std::vector<std::string>{"cat", "dog", "cow"}));
  write("config.json", R"({"id2label": {"1": "dog", "3": "cow"}})");
  EXPECT_THROW(read_model_folder(root_), InputError);
}

TEST_F(Folder, VisionTransformersTakeASquare) {
  const Preprocessing p = of(R"({"image_processor_type": "ViTImageProcessor", "size": {"height": 224, "width": 224}, "resample": 2,
    "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.5, 0.5]})");
  EXPECT_EQ(p.resizing->height, 224);
  EXPECT_EQ(p.resizing->width, 224);
  EXPECT_EQ(p.resizing->interpolation, "bilinear");
  EXPECT_FALSE(p.crop);
  EXPECT_EQ(p.input_scale, 1);
  EXPECT_EQ(p.mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(p.deviation, (std::vector<double>{0.25, 0.5, 0.5}));
  EXPECT_EQ(to_string(p), "resized to 224 x 224 (bilinear), mean 0.5,0.5,0.5, std 0.25,0.5,0.5");
}

TEST_F(Folder, ASizeOfOneNumberMeansWhatItsProcessorMeans) {
  const std::string rest = R"(, "resample": 3, "do_normalize": false})";
  EXPECT_EQ(of(R"({"feature_extractor_type": "ViTFeatureExtractor", "size": 96)" + rest).resizing->width, 96);
  EXPECT_EQ(of(R"({"feature_extractor_type": "CLIPFeatureExtractor", "size": 96)" + rest).resizing->width, 0);
  refused(R"({"feature_extractor_type": "SomethingElse", "size": 96)" + rest, "what 'SomethingElse' means by it is not known");
}

TEST_F(Folder, ConvNextCutsOffWhatItsShareSays) {
  const Preprocessing small = of(R"({"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 0.875,
    "resample": 3, "do_normalize": false})");
  EXPECT_EQ(small.resizing->height, 256);
  EXPECT_EQ(small.crop, 224);
  EXPECT_EQ(small.resizing->interpolation, "bicubic");
  const Preprocessing large = of(R"({"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "crop_pct": 0.875,
    "resample": 3, "do_normalize": false})");
  EXPECT_EQ(large.resizing->height, 384);
  EXPECT_EQ(large.resizing->width, 384);
  EXPECT_FALSE(large.crop);
}

TEST_F(Folder, CropsAndScalesAsItIsTold) {
  const Preprocessing p = of(R"({"size": {"shortest_edge": 256}, "resample": 1, "do_center_crop": true,
    "crop_size": {"height": 240, "width": 240}, "do_rescale": false, "do_normalize": false})");
  EXPECT_EQ(p.resizing->interpolation, "lanczos");
  EXPECT_EQ(p.crop, 240);
  EXPECT_EQ(p.input_scale, 255);
  EXPECT_TRUE(p.mean.empty());
}

TEST_F(Folder, WhatCannotBeDoneIsRefused) {
  const std::string fine = R"("size": {"shortest_edge": 256}, "resample": 2, "do_normalize": false)";
  EXPECT_NO_THROW(of("{" + fine + "}"));
  refused("{" + fine + R"(, "do_pad": true})", "do_pad is true");
  refused("{" + fine + R"(, "do_flip_channel_order": true})", "do_flip_channel_order");
  refused("{" + fine + R"(, "do_center_crop": true})", "crop_size");
  refused("{" + fine + R"(, "do_center_crop": true, "crop_size": {"height": 3, "width": 4}})", "a square");
  refused(R"({"size": {"longest_edge": 256}, "resample": 2})", "longest_edge");
  refused(R"({"size": {"shortest_edge": 0}, "resample": 2})", "1 to 16384");
  refused(R"({"size": {"shortest_edge": 256}, "resample": 9})", "resample is 9");
  refused(R"({"size": {"shortest_edge": 256}})", "resample");
  refused(R"({"do_resize": false})", "image_mean");
  refused(R"([1])", "not a JSON object");
  refused(std::string(1000, '[') + std::string(1000, ']'), "not a JSON object");
}

TEST_F(Folder, OfTimmSaysHowItWasTrained) {
  write("model.onnx", "");
  write("config.json",
        R"({"pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9, "crop_mode": "center",
    "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}})");
  const Preprocessing p = read_model_folder(root_).preprocessing.value();
  EXPECT_EQ(p.resizing->height, 248);
  EXPECT_EQ(p.resizing->width, 0);
  EXPECT_EQ(p.crop, 224);
  EXPECT_EQ(p.resizing->interpolation, "bicubic");
}

TEST_F(Folder, ClassNamesAreLinesOrJson) {
  const auto names = [&](const std::string& text) {
    write("names", text);
    return read_class_names(root_ / "names");
  };
  const std::vector<std::string> expected{"cat", "dog"};
  EXPECT_EQ(names("cat\ndog\n"), expected);
  EXPECT_EQ(names("cat\r\ndog"), expected);
  EXPECT_EQ(names(R"(["cat", "dog"])"), expected);
  EXPECT_EQ(names(R"({"1": "dog", "0": "cat"})"), expected);
  EXPECT_EQ(names(R"({"dog": 1, "cat": 0})"), expected);
  EXPECT_EQ(names("crane\ncrane\n").size(), 2u);
  for (const char* wrong : {"", "cat\n\ndog\n", "[1, 2]", R"({"0": "cat", "2": "dog"})", "[[\"cat\"]]", "[", "{}"}) {
    EXPECT_THROW(names(wrong), InputError) << wrong;
  }
}

TEST_F(Folder, DamagedFilesAreReadOrRefused) {
  const std::string config =
      R"({"id2label": {"0": "cat", "1": "dog"}, "pretrained_cfg": {"input_size": [3, 32, 32], "interpolation": "bicubic"}})";
  const std::string processor = R"({"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 0.875,
    "resample": 3, "do_center_crop": true, "crop_size": 32, "rescale_factor": 0.5, "image_mean": [0.5], "image_std": [0.5]})";
  write("model.onnx", "");
  std::mt19937 random(20261129);
  const auto damaged = [&](std::string text) {
    for (std::size_t rounds = 1 + random() % 3; rounds > 0; --rounds) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) text[at] = "0123456789{}[]\",:-e.nt"[random() % 22];
      else text.erase(at, 1 + random() % 5);
    }
    return text;
  };
  int read = 0;
  for (int i = 0; i < 2000; ++i) {
    write("config.json", damaged(config));
    write("preprocessor_config.json", damaged(processor));
    try {
      read_model_folder(root_);
      ++read;
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find(root_.string()), 0u) << error.what();
    }
  }
  EXPECT_GT(read, 20);
}

}  // namespace
}  // namespace ballast::model::folder_test
