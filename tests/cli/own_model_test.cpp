// SPDX-License-Identifier: Apache-2.0
//
// What people first try with a model and images of their own: classes by name, a model's folder, the commonest mistakes.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "certify_runs.hpp"

namespace ballast::cli::testing::own_model_test {
namespace {

constexpr int side = 8;

// The band of a class of `band_model`, on a grey ground.
std::string band(int shown) {
  std::string text = "P5 8 8 255\n";
  for (int row = 0; row < side; ++row) text.append(side, static_cast<char>(row / 3 == shown && row % 3 < 2 ? 250 : 20));
  return text;
}

// The same network with an entry of metadata more: a field that the file's format lets stand at its end.
std::string with_metadata(std::string model, const std::string& key, const std::string& value) {
  const auto field = [](char tag, const std::string& text) { return std::string{tag, static_cast<char>(text.size())} + text; };
  return model + field('\x72', field('\x0a', key) + field('\x12', value));
}

struct OwnModel : ::testing::Test {
  Folder folder;
  std::string model = folder / "model.onnx", images = folder / "images", log = folder / "log.tsv", names = folder / "names.txt";

  OwnModel() {
    write_file(model, band_model());
    write_file(names, "top\nmiddle\nbottom\n");
    // In another order than the model's.
    for (const auto& [name, shown] : {std::pair{"Bottom", 2}, {"middle", 1}, {"top", 0}}) {
      std::filesystem::create_directories(std::filesystem::path(images) / name);
      for (const char* file : {"a.pgm", "b.pgm"}) write_file(std::filesystem::path(images) / name / file, band(shown));
    }
  }

  Arguments certify(const Arguments& more = {}) const {
    Arguments arguments{"certify", model, images, log, "--gray", "--sigma", "0.1", "--n", "200", "--n0", "20", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::size_t right() const {
    std::size_t count = 0;
    for (const Cells& cells : rows_of(log)) count += cells[4] == "1";
    return count;
  }

  nlohmann::json manifest() const { return nlohmann::json::parse(contents_of(log + ".json")); }
};

TEST_F(OwnModel, FoldersNamedByClassAreMatchedToTheModelsNames) {
  ASSERT_TRUE(succeeded(run(certify({"--class-names", names}))));
  EXPECT_EQ(right(), 6u);
  EXPECT_EQ(manifest()["label_map"], "Bottom=2, middle=1, top=0");
  EXPECT_EQ(manifest()["class_names"], R"(["top","middle","bottom"])");
}

TEST_F(OwnModel, GreyFilesAreGreyForAModelOfOneChannel) {
  ASSERT_TRUE(succeeded(run(certify({"--class-names", names}))));
  Arguments arguments = certify({"--class-names", names});
  arguments[3] = folder / "unasked.tsv";
  std::erase(arguments, "--gray");
  ASSERT_TRUE(succeeded(run(arguments)));
  EXPECT_EQ(rows_of(arguments[3]).size(), rows_of(log).size());
  const auto unasked = nlohmann::json::parse(contents_of(arguments[3] + ".json"));
  EXPECT_EQ(unasked["colours"], "gray");
  EXPECT_EQ(unasked["seed"], manifest()["seed"]);
  EXPECT_TRUE(succeeded(run({"audit", log, "--model", model, "--data", images, "--class-names", names, "--quiet"})));
  // One photograph in colours among them, and nobody has said what to do.
  write_file(std::filesystem::path(images) / "top" / "c.ppm", "P6 8 8 255\n" + std::string(3 * 8 * 8, 'x'));
  arguments[3] = folder / "colours.tsv";
  EXPECT_TRUE(refused(folder, arguments, "--gray makes one channel of colours"));
}

TEST_F(OwnModel, WithoutNamesAsManyFoldersStandInTheirOrder) {
  ASSERT_TRUE(succeeded(run(certify())));
  EXPECT_EQ(right(), 2u);  // the middle one
  EXPECT_EQ(manifest().count("label_map"), 0u);
}

TEST_F(OwnModel, FewerFoldersThanClassesAreRefusedWithoutNames) {
  std::filesystem::remove_all(std::filesystem::path(images) / "middle");
  EXPECT_TRUE(refused(folder, certify(), "the data has 2 classes (Bottom, top) and the model 3"));
  ASSERT_TRUE(succeeded(run(certify({"--class-names", names}))));
  EXPECT_EQ(right(), 4u);
}

TEST_F(OwnModel, NamesOfAnotherNumberOfClassesAreRefused) {
  write_file(names, "top\nbottom\n");
  EXPECT_TRUE(refused(folder, certify({"--class-names", names}), "names of 2 classes, and the model has 3"));
}

TEST_F(OwnModel, NamesThatAreNotInUtf8AreSaidToBeSo) {
  write_file(names, "top\ncaf\xe9\nbottom\n");
  EXPECT_TRUE(refused(folder, certify({"--class-names", names}), "the name of class 1 is not in UTF-8"));
  std::filesystem::rename(std::filesystem::path(images) / "middle", std::filesystem::path(images) / "mi\xff");
  ASSERT_TRUE(succeeded(run(certify())));
  EXPECT_NE(manifest()["class_names"].get<std::string>().find("mi\ufffd"), std::string::npos) << manifest()["class_names"];
}

TEST_F(OwnModel, ALogOfNamedClassesIsAuditedByTheSameNames) {
  ASSERT_TRUE(succeeded(run(certify({"--class-names", names}))));
  const Arguments audit{"audit", log, "--model", model, "--data", images, "--gray"};
  Arguments named = audit;
  named.insert(named.end(), {"--class-names", names});
  EXPECT_TRUE(succeeded(run(named)));
  const Outcome other = run(audit);
  EXPECT_NE(other.status, 0);
  EXPECT_NE((other.out + other.err).find("label_map"), std::string::npos) << other.out << other.err;
}

TEST_F(OwnModel, AModelsFolderSaysHowImagesAreMadeReadyAndWhatClassesAreCalled) {
  const std::filesystem::path hub = folder / "hub";
  std::filesystem::create_directories(hub / "onnx");
  write_file(hub / "onnx" / "model.onnx", band_model());
  write_file(hub / "config.json", R"({"id2label": {"0": "top", "1": "middle", "2": "bottom"}})");
  write_file(hub / "preprocessor_config.json",
             R"({"image_processor_type": "ViTImageProcessor", "size": {"height": 8, "width": 8}, "resample": 3, "do_normalize": true,
                 "image_mean": [0.5], "image_std": [0.5]})");
  const std::string large = folder / "large.pgm";
  std::string pixels = "P5 16 16 255\n";
  for (int row = 0; row < 2 * side; ++row) pixels.append(2 * side, static_cast<char>(row / 2 / 3 == 2 && row / 2 % 3 < 2 ? 250 : 20));
  write_file(large, pixels);
  const Outcome one = run({"certify", hub, large, "--gray", "--sigma", "0.1", "--n", "200"});
  ASSERT_TRUE(succeeded(one));
  EXPECT_NE(one.out.find("large.pgm: bottom (class 2), certified within"), std::string::npos) << one.out;
  EXPECT_NE(one.err.find("resized to 8 x 8 (bicubic), mean 0.5, std 0.5"), std::string::npos) << one.err;

  Arguments arguments = certify();
  arguments[1] = hub;
  ASSERT_TRUE(succeeded(run(arguments)));
  EXPECT_EQ(right(), 6u);
  EXPECT_EQ(manifest()["model_preprocessing"], "resized to 8 x 8 (bicubic), mean 0.5, std 0.5");
  EXPECT_EQ(manifest()["resize"], "8x8 bicubic");
  EXPECT_EQ(manifest()["input_scale_0"], 2.0);
}

TEST_F(OwnModel, FilesOfOtherProgramsAreRefusedWithTheLinesThatExportThem) {
  for (const char* name : {"net.pth", "net.h5", "net.keras", "net.safetensors", "net.tflite"}) {
    const std::string file = folder / name;
    write_file(file, "anything");
    const Outcome outcome = run({"inspect", file});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.error_lines(), 4u) << outcome.err;
    EXPECT_NE(outcome.err.find("an ONNX file is needed"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("\nimport "), std::string::npos) << outcome.err;
  }
  // By its first bytes, too.
  const std::string file = folder / "net.bin";
  write_file(file, std::string("PK\x03\x04", 4) + "anything");
  EXPECT_NE(run({"inspect", file}).err.find("a file of PyTorch"), std::string::npos);
}

TEST_F(OwnModel, ImagesOfAnotherSizeAreToldHowTheyFit) {
  write_file(std::filesystem::path(images) / "top" / "a.pgm", "P5 16 16 255\n" + std::string(256, 'x'));
  Arguments arguments = certify();
  arguments.insert(arguments.end(), {"--resize", "16", "--crop", "16"});
  write_file(model, convolution_model({1, 8, 8}, 3));
  EXPECT_TRUE(refused(folder, arguments, "--resize 8 --crop 8"));
}

TEST_F(OwnModel, BadSizesAreRefused) {
  for (const char* size : {"8x", "x8", "8x8x8", "0x8", "-8", "8.5"}) {
    EXPECT_TRUE(refused(folder, certify({"--resize", size}), "")) << size;
  }
  EXPECT_TRUE(refused(folder, certify({"--interpolation", "bicubic"}), "goes with --resize"));
  EXPECT_TRUE(refused(folder, {"inspect", model, "--input-shape", "3x8"}, "--input-shape 3x8"));
}

TEST_F(OwnModel, AnEnsembleAndAModelOfHalfPrecisionAreModels) {
  const std::string both = folder / "both.onnx", half = folder / "half.onnx";
  ASSERT_TRUE(succeeded(run({"compose", "ensemble", model, model, "--out", both})));
  ASSERT_TRUE(succeeded(run({"compose", "half", both, half})));
  Arguments arguments = certify({"--class-names", names});
  arguments[1] = half;
  ASSERT_TRUE(succeeded(run(arguments)));
  EXPECT_EQ(right(), 6u);
  EXPECT_EQ(manifest()["model_composed"], "mean of the scores of 2 models");
  EXPECT_TRUE(refused(folder, {"compose", "ensemble", model, "--out", folder / "one.onnx"}, "at least two"));
  EXPECT_TRUE(refused(folder, {"compose", model}, "FRONT, MODEL and OUT are needed"));
}

TEST_F(OwnModel, AnEnsembleHasTheNamesOfItsMembersAndNoOthers) {
  const std::string named = folder / "named.onnx", other = folder / "other.onnx", both = folder / "both.onnx";
  write_file(named, with_metadata(band_model(), "class_names", R"(["top","middle","bottom"])"));
  write_file(other, with_metadata(band_model(), "class_names", R"(["bottom","middle","top"])"));
  ASSERT_TRUE(succeeded(run({"compose", "ensemble", model, named, "--out", both})));
  Arguments arguments = certify();
  arguments[1] = both;
  ASSERT_TRUE(succeeded(run(arguments)));
  EXPECT_EQ(right(), 6u);
  EXPECT_EQ(manifest()["class_names"], R"(["top","middle","bottom"])");
  EXPECT_TRUE(refused(folder, {"compose", "ensemble", named, other, "--out", folder / "no.onnx"}, "name their classes otherwise"));
}

TEST_F(OwnModel, ClassesInAnotherOrderAreSaid) {
  for (const char* name : {"Bottom", "middle", "top"}) {
    for (int copy = 0; copy < 20; ++copy)
      write_file(std::filesystem::path(images) / name / (std::to_string(copy) + ".pgm"),
                 contents_of(std::filesystem::path(images) / name / "a.pgm"));
  }
  std::filesystem::rename(std::filesystem::path(images) / "middle", std::filesystem::path(images) / "zebra");
  const Outcome outcome = run({"evaluate", model, images});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.err.find("are its classes in another order?"), std::string::npos) << outcome.err;
  EXPECT_EQ(run({"evaluate", model, images, "--quiet"}).err, "");
}

TEST_F(OwnModel, AMistakeIsSaidWhereAllOfAClassFollowEachOther) {
  std::filesystem::remove_all(images);
  std::filesystem::create_directories(images);
  std::string labels;
  for (int i = 0; i < 300; ++i) {
    const std::string file = std::to_string(1000 + i) + ".pgm";
    write_file(std::filesystem::path(images) / file, band(i < 150 ? 1 : 2));
    labels += file + "," + (i < 150 ? "0" : "1") + "\n";  // without the class of background
  }
  write_file(folder / "labels.csv", labels);
  const Outcome outcome = run({"evaluate", model, images, "--labels", folder / "labels.csv"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.err.find("would be for 100 with --label-offset 1"), std::string::npos) << outcome.err;
  const Outcome plan = run({"plan", model, images, "--labels", folder / "labels.csv", "--sigma", "0.1", "--seconds", "0.1"});
  EXPECT_NE(plan.err.find("--label-offset 1"), std::string::npos) << plan.err;
}

TEST_F(OwnModel, LabelsFromOneOnAreMovedToClassesFromZeroOn) {
  write_file(folder / "labels.csv", "Bottom/a.pgm,3\nmiddle/a.pgm,2\ntop/a.pgm,1\nBottom/b.pgm,3\nmiddle/b.pgm,2\ntop/b.pgm,1\n");
  const Arguments labels{"--labels", folder / "labels.csv", "--label-offset"};
  const auto moved = [&](const char* offset) { return certify({labels[0], labels[1], labels[2], offset}); };
  ASSERT_TRUE(succeeded(run(moved("-1"))));
  EXPECT_EQ(right(), 6u);
  EXPECT_EQ(manifest()["label_map"], "-1");
  EXPECT_TRUE(refused(folder, moved("-2"), "label 1 would be -1, and the model's classes are 0 to 2"));
}

TEST_F(OwnModel, SizesThatNobodyAskedForAreSaidAndWrittenDown) {
  const std::filesystem::path photos = folder / "photos";
  std::filesystem::create_directories(photos / "one");
  write_file(photos / "one" / "a.pgm", "P5 300 260 255\n" + std::string(300 * 260, 'x'));
  write_file(photos / "one" / "b.pgm", "P5 260 300 255\n" + std::string(300 * 260, 'x'));
  std::filesystem::create_directories(photos / "two");
  write_file(photos / "two" / "c.pgm", "P5 260 300 255\n" + std::string(300 * 260, 'y'));
  write_file(model, convolution_model({1, 224, 224}, 2));
  const Outcome outcome = run({"certify", model, photos, log, "--sigma", "0.1", "--n", "20", "--n0", "10"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.err.find("as by --resize 256 --crop 224"), std::string::npos) << outcome.err;
  EXPECT_EQ(manifest()["resize"], "256");
  EXPECT_EQ(manifest()["crop"], 224);
  // One of them alone is taken as the folder's are.
  EXPECT_TRUE(succeeded(run({"certify", model, photos / "one" / "a.pgm", "--sigma", "0.1", "--n", "20", "--n0", "10"})));
}

TEST_F(OwnModel, ALabelThatWasChangedIsFoundInEveryRow) {
  ASSERT_TRUE(succeeded(run(certify({"--class-names", names}))));
  std::vector<Cells> table = table_of(log);
  ASSERT_EQ(table[3][1], "1");
  table[3][1] = "0";
  std::string text;
  for (const Cells& cells : table) {
    for (std::size_t i = 0; i < cells.size(); ++i) text += cells[i] + (i + 1 < cells.size() ? "\t" : "\n");
  }
  write_file(log, text);
  const Outcome outcome = run({"audit", log, "--model", model, "--data", images, "--class-names", names, "--rows", "1", "--quiet"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("image 2: label is 0 there, 1 in the data"), std::string::npos) << outcome.out;
}

TEST(OwnModelMistakes, OfPixelsAndClassesAreSaidBeforeTheRun) {
  const std::filesystem::path zoo = std::filesystem::path(BALLAST_MODELS) / "fashion-mnist-0.25.onnx";
  if (!std::filesystem::exists(zoo)) GTEST_SKIP() << "no " << zoo;
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "no Fashion-MNIST: apt-get install dataset-fashion-mnist";
  const Folder folder;
  const auto said = [&](const std::string& log, const Arguments& more) {
    Arguments arguments{"certify", zoo, "fashion-mnist", folder / log, "--sigma", "0.25", "--n", "10", "--n0", "10", "--max", "100"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    EXPECT_TRUE(succeeded(outcome));
    return outcome.err;
  };
  EXPECT_EQ(said("fine", {}).find("no better than chance"), std::string::npos);
  const std::string scaled = said("scaled", {"--mean", "50", "--std", "1"});
  EXPECT_NE(scaled.find("would be for"), std::string::npos) << scaled;
  EXPECT_NE(scaled.find("--input-scale 1 without --mean and --std"), std::string::npos) << scaled;
}

}  // namespace
}  // namespace ballast::cli::testing::own_model_test
