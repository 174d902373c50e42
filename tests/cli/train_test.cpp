// SPDX-License-Identifier: Apache-2.0
//
// Training from the command line, and what it leaves behind.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing {
namespace {

class Train : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run({"train", "--help"}).out.find("not in this build") != std::string::npos) GTEST_SKIP() << "this build has no LibTorch";
  }

  Arguments train(const std::string& to, const Arguments& more = {}) const {
    Arguments arguments{"train", at.images, "mlp",  to,        "--sigma", "0.1",       "--epochs", "3",         "--batch",
                        "8",     "--rate",  "0.05", "--shift", "0",       "--no-flip", "--quiet",  "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Fixture at;
};

TEST_F(Train, WritesAModelThatCarriesItsRecipeAndCanBeCertified) {
  const std::string made = at.folder / "made.onnx";
  ASSERT_TRUE(succeeded(run(train(made))));
  const Outcome inspected = run({"inspect", made});
  EXPECT_NE(inspected.out.find("ballast.sigma: 0.1"), std::string::npos) << inspected.out;
  EXPECT_NE(inspected.out.find("ballast.command: ballast train"), std::string::npos) << inspected.out;
  EXPECT_TRUE(succeeded(run({"certify", made, at.images, at.log, "--sigma", "0.1", "--n", "100", "--quiet"})));
  EXPECT_EQ(rows_of(at.log).size(), 41u);
}

TEST_F(Train, GivesTheSameModelForTheSameCommand) {
  const std::string first = at.folder / "first.onnx", second = at.folder / "second.onnx";
  ASSERT_TRUE(succeeded(run(train(first))));
  ASSERT_TRUE(succeeded(run(train(second))));
  const auto accuracy_and_scores = [&](const std::string& model) {
    run({"evaluate", model, at.images, "--quiet", "--logits", model + ".npy"});
    return contents_of(model + ".npy");
  };
  EXPECT_EQ(accuracy_and_scores(first), accuracy_and_scores(second));
}

TEST_F(Train, FineTunesAnyModel) {
  const std::string made = at.folder / "made.onnx", tuned = at.folder / "tuned.onnx";
  ASSERT_TRUE(succeeded(run(train(made))));
  EXPECT_TRUE(succeeded(run({"train", at.images, tuned, "--from", made, "--sigma", "0.1", "--epochs", "1", "--batch", "8", "--rate",
                             "0.001", "--quiet", "--threads", "1"})));
  EXPECT_TRUE(std::filesystem::exists(tuned));
}

TEST_F(Train, RefusesWhatCannotWorkBeforeItBegins) {
  EXPECT_TRUE(refused(at.folder, train(at.folder / "nowhere/made.onnx"), "does not exist"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--batch", "41"), "there are only 40 images"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--sigma", "-1"), "sigma"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--from", at.model), "name only the file to write"));
  Arguments unknown = train(at.folder / "made.onnx");
  unknown[2] = "resnet9";
  EXPECT_TRUE(refused(at.folder, unknown, "resnet9"));
}

}  // namespace
}  // namespace ballast::cli::testing
