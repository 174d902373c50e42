// SPDX-License-Identifier: Apache-2.0
//
// A training that was interrupted ends with the weights of one that was not.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/onnx.hpp"
#include "easy_images.hpp"

namespace ballast::train::resume_test {
namespace {

struct Killed {};

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Resuming : public ::testing::Test {
 protected:
  Resuming() {
    std::filesystem::create_directories(folder);
    options.epochs = 2;
    options.shift = 1;
    options.flip = true;
    options.validation = 32;
    options.validation_draws = 4;
    files.interval = std::chrono::seconds(0);  // a checkpoint after every step
  }
  ~Resuming() override { std::filesystem::remove_all(folder); }

  graph::Graph start() const { return graph::build_architecture(architecture, {1, 8, 8}, 4, {{0.3f}, {0.3f}}); }
  Outcome go_on(const Watch& watch = {}) const { return train(start(), images, options, files, watch); }

  void expect_same_from_any_step() const {
    const Outcome whole = go_on();
    const std::string curve = without_seconds(contents(files.curve)), best = contents(files.best);
    EXPECT_FALSE(std::filesystem::exists(files.checkpoint)) << "removed at the end";
    for (int last = 1; last < 6; ++last) {
      for (const bool killed : {false, true}) {
        int steps = 0;
        const auto stop = [&](const Progress&) {
          if (++steps <= last) return true;
          if (killed) throw Killed();  // the checkpoint is then one step behind
          return false;
        };
        try {
          EXPECT_EQ(go_on(stop).finished, last == 5);
        } catch (const Killed&) {
          EXPECT_TRUE(killed);
        }
        const Outcome resumed = go_on();
        EXPECT_EQ(weights(resumed.graph), weights(whole.graph))
            << name_of(options.recipe) << ", stopped behind step " << last << (killed ? ", killed" : "");
        EXPECT_EQ(without_seconds(contents(files.curve)), curve);
        EXPECT_EQ(contents(files.best), best);
      }
    }
  }

  // The curve without its times, which differ from run to run.
  static std::string without_seconds(std::string curve) {
    std::string kept;
    for (std::size_t line = 0; line < curve.size();) {
      const std::size_t end = curve.find('\n', line), first = curve.find(',', line), second = curve.find(',', first + 1);
      kept += curve.substr(line, first - line) + curve.substr(second, end + 1 - second);
      line = end + 1;
    }
    return kept;
  }

  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("ballast_train_" + std::to_string(getpid()));
  TrainFiles files{folder / "m.onnx", folder / "m.checkpoint", folder / "m.best.onnx", folder / "m.csv"};
  TrainOptions options = quick();
  std::string architecture = "resnet8";
  data::MemoryDataset images = quarters(128);  // 96 of them trained on: three steps an epoch
};

TEST_F(Resuming, FromAnyStepGivesTheSameWeightsAndTheSameCurve) {
  for (const char* recipe : {"gaussian", "smoothadv", "macer"}) {
    options.recipe = recipe_from(recipe);
    expect_same_from_any_step();
  }
}

TEST_F(Resuming, FromAnyStepGivesTheSameToRecipesWithABoundOfTheirOwn) {
  options.sigma = 0;
  options.recipe = Lmt{};  // on a residual network: its vectors go on where they were
  expect_same_from_any_step();
  architecture = "mlp3x16";
  for (const int projections : {0, 5}) {
    options.recipe = Wong{.epsilon = 0.3, .warm_up = 0.5, .projections = projections};
    expect_same_from_any_step();
  }
}

TEST_F(Resuming, InterruptedAgainAndAgainAsWell) {
  const Outcome whole = go_on();
  Outcome outcome;
  int runs = 0;
  do {
    outcome = go_on([](const Progress&) { return false; });
    ++runs;
  } while (!outcome.finished);
  EXPECT_EQ(runs, 6);
  EXPECT_EQ(weights(outcome.graph), weights(whole.graph));
}

TEST_F(Resuming, IsRefusedUnderOtherSettingsAndFromABrokenFile) {
  go_on([](const Progress& p) { return p.step < 2; });
  const std::string kept = contents(files.checkpoint);
  options.rate *= 2;
  EXPECT_THROW(go_on(), InputError);
  options.rate /= 2;
  options.recipe = Consistency{};
  EXPECT_THROW(go_on(), InputError);
  options.recipe = Gaussian{};
  EXPECT_THROW(train(graph::build_architecture("mlp", {1, 8, 8}, 4, {}), images, options, files, {}), InputError);
  EXPECT_THROW(train(start(), quarters(132), options, files, {}), InputError);
  EXPECT_EQ(contents(files.checkpoint), kept) << "what is refused is not touched";

  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, kept.size() / 2, kept.size() - 1}) {
    std::ofstream(files.checkpoint, std::ios::binary) << kept.substr(0, size);
    EXPECT_THROW(go_on(), InputError) << size;
  }
  std::string changed = kept;
  changed[kept.size() / 2] ^= 1;
  std::ofstream(files.checkpoint, std::ios::binary) << changed;
  EXPECT_THROW(go_on(), InputError);
}

TEST_F(Resuming, KeepsTheLastGoodCheckpointWhereTheLossIsNoNumber) {
  options.rate = 1e25;
  try {
    go_on();
    FAIL() << "no such rate works";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no longer a number"), std::string::npos);
  }
  if (!std::filesystem::exists(files.checkpoint)) return;
  options.rate = 1e25;  // it is whole: reading it works, and going on fails as before
  EXPECT_THROW(go_on(), std::runtime_error);
}

TEST_F(Resuming, KeepsTheLastGoodCheckpointWhereTheDiskIsFull) {
  go_on([](const Progress& p) { return p.step < 2; });
  const std::string kept = contents(files.checkpoint);
  // A folder in the temporary file's place: nothing can be written there, whoever asks.
  std::filesystem::create_directory(files.checkpoint.string() + "." + std::to_string(getpid()) + ".partial");
  EXPECT_THROW(go_on(), std::exception);
  EXPECT_EQ(contents(files.checkpoint), kept);
}

TEST_F(Resuming, LosesNothingWhereTheModelItselfCannotBeWritten) {
  const Outcome whole = go_on();
  files.model = folder / "nowhere" / "m.onnx";
  EXPECT_THROW(go_on(), std::exception);
  files.model = folder / "m.onnx";
  int steps = 0;
  const Outcome again = go_on([&](const Progress&) { return ++steps > 0; });
  EXPECT_EQ(steps, 0) << "all of them were done already";
  EXPECT_EQ(weights(again.graph), weights(whole.graph));
  EXPECT_FALSE(std::filesystem::exists(files.checkpoint));
}

TEST_F(Resuming, TheBestModelIsTheOneOfTheBestEpoch) {
  options.epochs = 3;
  std::vector<double> merits;
  std::vector<std::vector<std::vector<float>>> best_weights;
  go_on([&](const Progress& p) {
    if (p.validation) {
      merits.push_back(p.validation->merit(options.sigma));
      best_weights.push_back(weights(graph::load_onnx(files.best)));
    }
    return true;
  });
  ASSERT_EQ(merits.size(), 3u);
  double best = -1;
  for (std::size_t i = 0; i < merits.size(); ++i) {
    if (i > 0) EXPECT_EQ(best_weights[i] != best_weights[i - 1], merits[i] > best);
    best = std::max(best, merits[i]);
  }
}

}  // namespace
}  // namespace ballast::train::resume_test
