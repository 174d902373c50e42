// SPDX-License-Identifier: Apache-2.0
//
// One image as DATA, and folders of images with a file of labels.

#include <gtest/gtest.h>

#include <string>

#include "certify_runs.hpp"

namespace ballast::cli::testing::single_image_test {
namespace {

// An image of 16 rows of 16 pixels, in a plain format.
std::string pgm(int value) {
  std::string text = "P5 16 16 255\n";
  text.append(256, static_cast<char>(value));
  return text;
}

struct SingleImageRuns : ::testing::Test {
  Folder folder;
  std::string model = folder / "model.onnx", image = folder / "my.pgm";

  SingleImageRuns() {
    write_file(model, convolution_model({1, 16, 16}, 5));
    write_file(image, pgm(90));
  }

  Arguments asked(const std::string& command, const std::string& data, const Arguments& more = {}) const {
    Arguments arguments{command, model, data, "--gray", "--sigma", "0.25", "--n", "400", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Of a log's only row.
  std::string cell(const std::string& log, const std::string& column) const {
    const std::vector<Cells> table = table_of(log);
    const auto at = std::find(table.at(0).begin(), table.at(0).end(), column) - table.at(0).begin();
    return table.at(1).at(static_cast<std::size_t>(at));
  }
};

TEST_F(SingleImageRuns, CertifySaysClassRadiusAndConfidenceWithoutALog) {
  const Outcome outcome = run(asked("certify", image));
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(lines_of(outcome.out).size(), 1U);
  EXPECT_NE(outcome.out.find("my.pgm: class "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("certified within l2 radius 0."), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("with confidence 99.9 % (alpha 0.001, 400 samples)\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(folder.snapshot().size(), 2U);  // model and image
}

TEST_F(SingleImageRuns, TheSentenceIsTheRowOfTheLog) {
  const std::string log = folder / "log.tsv";
  Arguments with_log = asked("certify", image, {"--label", "0"});
  with_log.insert(with_log.begin() + 3, log);
  ASSERT_TRUE(succeeded(run(with_log)));
  const Outcome outcome = run(asked("certify", image, {"--label", "0"}));
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.out.find("class " + cell(log, "predict") + ", "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("radius " + cell(log, "radius").substr(0, 6)), std::string::npos) << outcome.out << cell(log, "radius");
  const bool right = cell(log, "correct") == "1";
  EXPECT_NE(outcome.out.find(right ? "its label is class 0, so that is right" : "its label is class 0, so that is wrong"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(contents_of(log + ".json").find("\"colours\": \"gray\""), std::string::npos);
}

TEST_F(SingleImageRuns, TheLabelMayBeAClassByItsName) {
  write_file(folder / "names.txt", "ant\nbee\ncat\ndog\neel\n");
  const Outcome named = run(asked("certify", image, {"--label", "cat", "--class-names", folder / "names.txt"}));
  ASSERT_TRUE(succeeded(named));
  EXPECT_NE(named.out.find("its label is cat (class 2), so that is "), std::string::npos) << named.out;
  EXPECT_EQ(named.out, run(asked("certify", image, {"--label", "2", "--class-names", folder / "names.txt"})).out);
  EXPECT_TRUE(
      refused(folder, asked("certify", image, {"--label", "cow", "--class-names", folder / "names.txt"}), "'cow' is none of the model's"));
  EXPECT_TRUE(refused(folder, asked("certify", image, {"--label", "cat"}), "--class-names"));
}

TEST_F(SingleImageRuns, AbstentionIsSaidPlainly) {
  for (const std::string command : {"certify", "predict"}) {
    const Outcome outcome = run(with(asked(command, image, {"--alpha", "1e-100"}), "--sigma", "5"));  // all but unanimous votes abstain
    ASSERT_TRUE(succeeded(outcome));
    EXPECT_NE(outcome.out.find("my.pgm: no answer: the classifier abstains"), std::string::npos) << outcome.out;
  }
}

TEST_F(SingleImageRuns, PredictAndSequentialTestsNeedNoLabel) {
  const Outcome predicted = run(asked("predict", image));
  ASSERT_TRUE(succeeded(predicted));
  EXPECT_NE(predicted.out.find("the smoothed classifier's answer, with confidence 99.9 %"), std::string::npos) << predicted.out;
  const Outcome staged = run(asked("certify", image, {"--radii", "0.1"}));
  ASSERT_TRUE(succeeded(staged));
  EXPECT_NE(staged.out.find("radius 0.1000"), std::string::npos) << staged.out;
  EXPECT_TRUE(refused(folder, asked("certify", image, {"--radii", "0.1", "--target", "label"}), "--target label: the image has none"));
}

TEST_F(SingleImageRuns, WhatIsMissingIsNamed) {
  Arguments with_log = asked("certify", image);
  with_log.insert(with_log.begin() + 3, folder / "log.tsv");
  EXPECT_TRUE(refused(folder, with_log, "one image has no label of its own; --label says it"));
  EXPECT_TRUE(refused(folder, asked("certify", folder / "absent.pgm"), "absent.pgm: no such data"));
  EXPECT_TRUE(refused(folder, asked("predict", folder.path()), "LOG is required, unless DATA is one image"));
  EXPECT_TRUE(refused(folder, asked("certify", image, {"--labels", "x"}), "is one image; --label says its label"));
}

TEST_F(SingleImageRuns, ALogContinuesOnlyWithTheLabelsThatItWasMadeWith) {
  const std::string log = folder / "log.tsv";
  write_file(folder / "images/1.pgm", pgm(10));
  write_file(folder / "images/2.pgm", pgm(200));
  write_file(folder / "labels.csv", "file,label\n1.pgm,0\n2.pgm,1\n");
  write_file(folder / "other.csv", "file,label\n1.pgm,1\n2.pgm,0\n");
  const auto certify = [&](const std::string& labels, const Arguments& more) {
    Arguments arguments = asked("certify", folder / "images", {"--labels", folder / labels});
    arguments.insert(arguments.begin() + 3, log);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  ASSERT_TRUE(succeeded(run(certify("labels.csv", {"--max", "1"}))));
  EXPECT_TRUE(refused(folder, certify("other.csv", {"--seed", "1"}), "data_sha256"));
  ASSERT_TRUE(succeeded(run(certify("labels.csv", {}))));
  EXPECT_EQ(rows_of(log).size(), 3U);
  EXPECT_NE(contents_of(log + ".json").find("\"labels_file\": "), std::string::npos);
  const Outcome audited =
      run({"audit", log, "--model", model, "--data", folder / "images", "--labels", folder / "labels.csv", "--gray", "--quiet"});
  EXPECT_TRUE(succeeded(audited)) << audited.out;
  const Outcome coloured =
      run({"audit", log, "--model", model, "--data", folder / "images", "--labels", folder / "other.csv", "--gray", "--quiet"});
  EXPECT_EQ(coloured.status, 1) << coloured.out;
}

}  // namespace
}  // namespace ballast::cli::testing::single_image_test
