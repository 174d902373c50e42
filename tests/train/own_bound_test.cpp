// SPDX-License-Identifier: Apache-2.0
//
// Recipes that bound the network themselves: what they train, by the verifier's judgement, and what is reported of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/verify/verifier.hpp"
#include "curve.hpp"
#include "easy_images.hpp"
#include "objective.hpp"

namespace ballast::train::own_bound_test {
namespace {

// Images of 8x8 whose class is the quarter that is somewhat brighter; every pixel is random.
data::MemoryDataset noisy_quarters(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> pixels;
  std::vector<Label> labels;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = i % 4;
    labels.push_back(static_cast<Label>(label));
    for (std::size_t y = 0; y < 8; ++y) {
      for (std::size_t x = 0; x < 8; ++x) {
        const bool bright = y / 4 * 2 + x / 4 == label;
        pixels.push_back(static_cast<std::uint8_t>((bright ? 100 : 30) + random() % 120));
      }
    }
  }
  return {{1, 8, 8}, pixels, labels, 4};
}

TrainOptions by(const Recipe& recipe) {
  TrainOptions options = quick();
  options.recipe = recipe;
  options.sigma = 0;
  options.epochs = 16;
  options.rate = 0.02;
  options.validation = 64;
  return options;
}

graph::Graph start(const char* architecture) { return graph::build_architecture(architecture, {1, 8, 8}, 4, {{0.4f}, {0.5f}}); }

graph::Graph trained(const char* architecture, const TrainOptions& options) {
  return train(start(architecture), noisy_quarters(512, 1), options, {}, {}).graph;
}

// The share of fresh images that get their label, provably for the whole ball.
double certified_accuracy(const graph::Graph& graph, verify::Method method, double radius) {
  constexpr std::size_t count = 60;
  const verify::Verifier verifier(graph, {1, 8, 8}, method);
  const data::MemoryDataset images = noisy_quarters(count, 2);
  int certified = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const data::Example example = images.at(i);
    std::vector<double> pixels;
    for (const std::uint8_t pixel : std::get<std::vector<std::uint8_t>>(example.image.pixels)) pixels.push_back(pixel / 255.0);
    certified += verifier.certifies(pixels, example.label, radius) ? 1 : 0;
  }
  return certified / static_cast<double>(count);
}

TEST(OwnBounds, WongTrainsWhatItsVerifierCertifiesAndPlainTrainingDoesNot) {
  constexpr double radius = 0.3;
  const auto certified_by = [](const char* architecture, const Recipe& recipe) {
    return certified_accuracy(trained(architecture, by(recipe)), verify::Method::wong, radius);
  };
  EXPECT_GT(certified_by("mlp3x32", Wong{.epsilon = radius}), 0.8);
  for (const char* architecture : {"mlp3x32", "cnn-small"}) {
    EXPECT_LT(certified_by(architecture, Gaussian{}), 0.4) << architecture;
    EXPECT_GT(certified_by(architecture, Wong{.epsilon = radius, .projections = 25}), 0.8) << architecture;
  }
}

TEST(OwnBounds, LmtTrainsWhatLipschitzMarginsCertifyAndPlainTrainingDoesNot) {
  constexpr double radius = 0.3;
  for (const char* architecture : {"mlp3x32", "cnn-small"}) {
    const double plain = certified_accuracy(trained(architecture, by(Gaussian{})), verify::Method::lipschitz, radius);
    const double raised = certified_accuracy(trained(architecture, by(Lmt{.c = radius})), verify::Method::lipschitz, radius);
    EXPECT_LT(plain, 0.3) << architecture;
    EXPECT_GT(raised, 0.8) << architecture;
  }
}

TEST(OwnBounds, TrainUnderNoiseToo) {
  for (const Recipe& recipe : {Recipe(Wong{.epsilon = 0.3}), Recipe(Lmt{.c = 0.3})}) {
    TrainOptions options = by(recipe);
    options.sigma = 0.1;
    options.validation_draws = 3;
    Validation last;
    train(start("mlp3x32"), noisy_quarters(512, 1), options, {}, [&](const Progress& progress) {
      if (progress.validation) last = *progress.validation;
      return true;
    });
    EXPECT_GT(last.mean_radius, 0) << name_of(recipe);
    EXPECT_GT(last.by_bound.value_or(0), 0.5) << name_of(recipe);
  }
}

TEST(OwnBounds, ExactOnesAreRefusedWhereTheyNeedTooMuchMemory) {
  Learner learner(start("mlp3x32"), Precision::fp32, Device::cpu);
  TrainOptions options;
  options.batch = 1'000'000;
  EXPECT_THROW(begin(Wong{}, learner, options), InputError);
  EXPECT_NO_THROW(begin(Wong{.projections = 10}, learner, options));
}

TEST(OwnBounds, LmtTrainsResidualNetworks) {
  TrainOptions options = by(Lmt{.c = 0.01});
  double accuracy = 0, first = 0, last = 0;
  train(start("resnet8"), noisy_quarters(512, 1), options, {}, [&](const Progress& progress) {
    if (progress.step == progress.steps) (first == 0 ? first : last) = progress.loss;
    if (progress.validation) accuracy = std::max(accuracy, progress.validation->accuracy);
    return true;
  });
  EXPECT_LT(last, first);
  EXPECT_GT(accuracy, 0.9);
}

// Held-out images are the training's own; the verifier sees others of their kind.
TEST(OwnBounds, ValidationSaysWhatTheVerifierWould) {
  const std::vector<std::pair<Recipe, verify::Method>> cases{{Wong{.epsilon = 0.3}, verify::Method::wong},
                                                             {Lmt{.c = 0.3}, verify::Method::lipschitz}};
  for (const auto& [recipe, method] : cases) {
    Validation last;
    const Outcome outcome = train(start("mlp3x32"), noisy_quarters(512, 1), by(recipe), {}, [&](const Progress& progress) {
      if (progress.validation) last = *progress.validation;
      return true;
    });
    ASSERT_TRUE(last.by_bound);
    EXPECT_NEAR(*last.by_bound, certified_accuracy(outcome.graph, method, *own_radius(recipe)), 0.15) << name_of(recipe);
    EXPECT_LE(*last.by_bound, last.accuracy);
  }
}

TEST(OwnBounds, CurveHasTheColumnsThatMeanSomething) {
  const std::string always = "epoch,seconds,rate,loss,accuracy,validation_accuracy";
  const std::string smoothed =
      ",validation_mean_radius,validation_certified_0,validation_certified_0.125,validation_certified_0.25,"
      "validation_certified_0.375";
  TrainOptions options = by(Gaussian{});
  EXPECT_EQ(curve_header(options), always + "\n");
  options.sigma = 0.25;
  EXPECT_EQ(curve_header(options), always + smoothed + "\n");
  options.recipe = Lmt{};
  EXPECT_EQ(curve_header(options), always + smoothed + ",validation_certified_by_bound_0.1\n");
  options.sigma = 0;
  EXPECT_EQ(curve_header(options), always + ",validation_certified_by_bound_0.1\n");
  Progress progress{.epoch = 2, .loss = 0.5, .accuracy = 0.25, .rate = 0.1, .seconds = 3};
  EXPECT_EQ(curve_row(progress, options), "2,3.0,0.1,0.500000,0.2500,,\n");
  progress.validation = Validation{.accuracy = 0.75, .by_bound = 0.5};
  EXPECT_EQ(curve_row(progress, options), "2,3.0,0.1,0.500000,0.2500,0.7500,0.5000\n");
}

}  // namespace
}  // namespace ballast::train::own_bound_test
