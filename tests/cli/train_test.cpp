// SPDX-License-Identifier: Apache-2.0
//
// Training from the command line, and what it leaves behind.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::train_test {
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

  // What a model says of each image, whatever its metadata.
  std::string scores_of(const std::string& model) const {
    run({"evaluate", model, at.images, "--quiet", "--logits", model + ".npy"});
    return contents_of(model + ".npy");
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
  EXPECT_EQ(scores_of(first), scores_of(second));
}

TEST_F(Train, ForABoundNeedsNoNoiseAndCertifiesMoreByIt) {
  const std::string plain = at.folder / "plain.onnx";
  const Arguments common{"--epochs", "20",        "--batch", "8",         "--rate", "0.02",   "--shift",
                         "0",        "--no-flip", "--quiet", "--threads", "1",      "--seed", "1"};
  const auto certified = [&](const std::string& model, const std::string& method) {
    const std::string log = model + ".tsv";
    EXPECT_TRUE(succeeded(run({"verify", model, at.images, log, "--method", method, "--radius", "0.2", "--quiet"})));
    double count = 0;
    for (const Cells& row : rows_of(log)) count += row[3] == "0.200000";
    return count;
  };
  Arguments command{"train", at.images, "mlp2x16", plain, "--sigma", "0"};
  command.insert(command.end(), common.begin(), common.end());
  ASSERT_TRUE(succeeded(run(command)));
  for (const auto& [recipe, method, option] : {std::tuple{"wong", "wong", "--epsilon"}, std::tuple{"lmt", "lipschitz", "--c"}}) {
    command[3] = at.folder / (std::string(recipe) + ".onnx");
    command[4] = "--recipe";
    command[5] = recipe;
    ASSERT_TRUE(succeeded(run(with(command, option, "0.2"))));
    EXPECT_NE(run({"inspect", command[3]}).out.find("ballast.radius: 0.2"), std::string::npos);
    EXPECT_GT(certified(command[3], method), certified(plain, method)) << recipe;
    std::filesystem::remove(plain + ".tsv");
    std::filesystem::remove(plain + ".tsv.json");
  }
  command[5] = "gaussian";
  EXPECT_TRUE(refused(at.folder, command, "--sigma is required"));
  command[5] = "wong";
  command[2] = "resnet8";
  EXPECT_TRUE(complained(run(command), 2, "wong"));
}

TEST_F(Train, FineTunesAnyModel) {
  const std::string made = at.folder / "made.onnx", tuned = at.folder / "tuned.onnx";
  ASSERT_TRUE(succeeded(run(train(made))));
  EXPECT_TRUE(succeeded(run({"train", at.images, tuned, "--from", made, "--sigma", "0.1", "--epochs", "1", "--batch", "8", "--rate",
                             "0.001", "--quiet", "--threads", "1"})));
  EXPECT_TRUE(std::filesystem::exists(tuned));
  // Fewer images than a usual batch.
  EXPECT_TRUE(succeeded(run({"train", at.images, tuned, "--from", made, "--sigma", "0.1", "--epochs", "1", "--quiet", "--threads", "1"})));
}

TEST_F(Train, RefusesWhatCannotWorkBeforeItBegins) {
  EXPECT_TRUE(refused(at.folder, train(at.folder / "nowhere/made.onnx"), "does not exist"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--batch", "41"), "there are only 36 images"));
  EXPECT_TRUE(refused(at.folder, with(with(train(at.folder / "made.onnx"), "--max", "20"), "--batch", "21"), "there are only 18 images"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--max", "0"), "--max 0"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--sigma", "-1"), "sigma"));
  EXPECT_TRUE(refused(at.folder, with(train(at.folder / "made.onnx"), "--from", at.model), "name only the file to write"));
  Arguments unknown = train(at.folder / "made.onnx");
  unknown[2] = "resnet9";
  EXPECT_TRUE(refused(at.folder, unknown, "resnet9"));
}

TEST_F(Train, KilledAnywhereGoesOnAndEndsWithTheSameModel) {
  const std::string whole = at.folder / "whole.onnx", made = at.folder / "made.onnx";
  ASSERT_TRUE(succeeded(run(train(whole, {"--seed", "3", "--interval", "1"}))));
  Arguments slow = train(made, {"--seed", "3", "--interval", "1"});
  int kills = 0;
  for (int wait = 1; wait < 400 && !std::filesystem::exists(made); wait += 1 + wait / 8) {
    Process process(slow);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 * wait));
    process.send(wait % 2 == 0 ? SIGKILL : SIGTERM);
    process.wait();
    ++kills;
  }
  if (!std::filesystem::exists(made)) ASSERT_TRUE(succeeded(run(slow)));
  EXPECT_GT(kills, 0);
  EXPECT_EQ(scores_of(made), scores_of(whole));
  EXPECT_FALSE(std::filesystem::exists(made + ".checkpoint"));
}

TEST_F(Train, KeepsTheLastCheckpointWhereTheDiskFills) {
  const std::string made = at.folder / "made.onnx";
  const Outcome outcome = run(train(made), {.largest_file = 20'000});  // room for the curve, not for the weights
  EXPECT_TRUE(complained(outcome, 1, "could not be written whole"));
  EXPECT_FALSE(std::filesystem::exists(made));
  EXPECT_FALSE(std::filesystem::exists(made + ".checkpoint"));
  EXPECT_TRUE(succeeded(run(train(made))));
}

TEST_F(Train, WritesACurveAndTheBestModel) {
  const std::string made = at.folder / "made.onnx";
  ASSERT_TRUE(succeeded(run(train(made, {"--validation", "8"}))));
  const auto curve = lines_of(contents_of(made + ".csv"));
  ASSERT_EQ(curve.size(), 4u);
  EXPECT_EQ(curve[0].find("epoch,seconds,rate,loss,accuracy,validation_accuracy,validation_mean_radius,validation_certified_0,"), 0u);
  EXPECT_EQ(std::count(curve[3].begin(), curve[3].end(), ','), std::count(curve[0].begin(), curve[0].end(), ','));
  EXPECT_TRUE(succeeded(run({"inspect", at.folder / "made.best.onnx"})));
}

TEST_F(Train, RefusesACheckpointOfOtherSettings) {
  const std::string made = at.folder / "made.onnx";
  write_file(made + ".checkpoint", "something");
  EXPECT_TRUE(refused(at.folder, train(made), "not a whole checkpoint"));
}

TEST_F(Train, RefusesOptionsThatTheRecipeDoesNotHave) {
  const std::string made = at.folder / "made.onnx";
  EXPECT_TRUE(refused(at.folder, train(made, {"--copies", "4"}), "the recipe gaussian has no such option"));
  EXPECT_TRUE(refused(at.folder, train(made, {"--recipe", "macer", "--epsilon", "1"}), "the recipe macer has no such option"));
  EXPECT_TRUE(refused(at.folder, train(made, {"--recipe", "plain"}), "gaussian, smoothadv, macer, consistency, stability"));
  EXPECT_TRUE(refused(at.folder, train(made, {"--recipe", "macer", "--copies", "1"}), "2 to 1024 are allowed"));
  EXPECT_TRUE(refused(at.folder, train(made, {"--device", "tpu"}), "--device"));
}

TEST_F(Train, EveryRecipeGivesAModel) {
  for (const char* recipe : {"gaussian", "smoothadv", "macer", "consistency", "stability"}) {
    const std::string made = at.folder / (std::string(recipe) + ".onnx");
    ASSERT_TRUE(succeeded(run(train(made, {"--recipe", recipe}))));
    EXPECT_NE(run({"inspect", made}).out.find(std::string("ballast.recipe: ") + recipe), std::string::npos);
  }
}

TEST_F(Train, ModelsSayWhenTheyAreCertifiedUnderOtherNoise) {
  const std::string made = at.folder / "made.onnx";
  ASSERT_TRUE(succeeded(run(train(made))));
  Arguments certify{"certify", made, at.images, at.log, "--sigma", "0.1", "--n", "100"};
  EXPECT_EQ(run(certify).err.find("warning"), std::string::npos);
  certify[3] = at.log + "2";
  certify[5] = "0.2";
  EXPECT_NE(run(certify).err.find("warning: the model was trained with Gaussian noise of sigma 0.1"), std::string::npos);
  const auto manifest = nlohmann::json::parse(contents_of(certify[3] + ".json"));
  EXPECT_EQ(manifest.at("model_sigma"), "0.1");
  EXPECT_EQ(manifest.at("model_recipe"), "gaussian");
}

}  // namespace
}  // namespace ballast::cli::testing::train_test
