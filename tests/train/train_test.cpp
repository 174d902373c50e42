// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/train.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/model/open.hpp"
#include "easy_images.hpp"

namespace ballast::train::train_test {
namespace {

double last_accuracy(const graph::Graph& start, const TrainOptions& options, graph::Graph* trained = nullptr) {
  double accuracy = 0;
  const auto outcome = train(start, quarters(256), options, {}, [&](const Progress& progress) {
    accuracy = progress.accuracy;
    return true;
  });
  EXPECT_TRUE(outcome.finished);
  if (trained) *trained = outcome.graph;
  return accuracy;
}

TEST(Training, LearnsWhatIsEasy) {
  for (const char* architecture : {"resnet8", "mlp"}) {
    const auto start = graph::build_architecture(architecture, {1, 8, 8}, 4, {{0.3f}, {0.3f}});
    EXPECT_GT(last_accuracy(start, quick()), 0.9) << architecture;
  }
}

TEST(Training, LearnsWhatIsEasyByEveryRecipe) {
  const auto start = graph::build_architecture("mlp", {1, 8, 8}, 4, {{0.3f}, {0.3f}});
  for (const char* name : {"smoothadv", "macer", "consistency", "stability", "wong", "lmt"}) {
    TrainOptions options = quick();
    options.recipe = recipe_from(name);
    EXPECT_EQ(name_of(options.recipe), name);
    EXPECT_GT(last_accuracy(start, options), 0.9) << name;
  }
  EXPECT_THROW(recipe_from("plain"), InputError);
}

TEST(Training, LearnsWhatIsEasyInBfloat16) {
  TrainOptions options = quick();
  options.precision = Precision::bf16;
  EXPECT_GT(last_accuracy(graph::build_architecture("resnet8", {1, 8, 8}, 4, {{0.3f}, {0.3f}}), options), 0.9);
}

TEST(Training, RefusesImagesOfOneClass) {
  const data::MemoryDataset one({1, 8, 8}, std::vector<std::uint8_t>(64 * 64), std::vector<Label>(64, 2), 4);
  EXPECT_THROW(train(graph::build_architecture("mlp", {1, 8, 8}, 4, {}), one, quick(), {}, {}), InputError);
}

TEST(Training, GivesTheSameWeightsForTheSameSeedAndOthersForAnother) {
  const auto start = graph::build_architecture("resnet8", {1, 8, 8}, 4, {});
  TrainOptions options = quick();
  options.epochs = 1;
  options.shift = 1;
  options.flip = true;
  graph::Graph first, second, third;
  last_accuracy(start, options, &first);
  last_accuracy(start, options, &second);
  options.seed = 1;
  last_accuracy(start, options, &third);
  EXPECT_EQ(weights(first), weights(second));
  EXPECT_NE(weights(first), weights(third));
}

// What was trained is what both engines run: batch normalisation with its running statistics.
TEST(Training, GivesANetworkThatBothEnginesRunAlike) {
  const auto start = graph::build_architecture("resnet8", {1, 8, 8}, 4, {{0.3f}, {0.3f}});
  graph::Graph trained;
  last_accuracy(start, quick(), &trained);
  std::vector<std::vector<float>> scores;
  for (const model::Engine engine : {model::Engine::onednn, model::Engine::aten}) {
    const auto classifier = model::classifier_from(trained, {.engine = engine, .precision = model::Precision::fp32});
    const auto session = classifier->new_session();
    const InputBuffer buffer = session->input();
    const auto affine = classifier->affine();
    for (std::size_t i = 0; i < 64; ++i) {
      static_cast<float*>(buffer.data)[i * buffer.position_stride] =
          static_cast<float>(affine[0].scale * (static_cast<double>(i) / 64) + affine[0].offset);
    }
    const auto own = session->scores(1);
    scores.push_back({own.begin(), own.end()});
  }
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(scores[0][i], scores[1][i], 1e-4f * (1 + std::abs(scores[1][i])));
}

TEST(Training, ContinuesFromAModelWhereItIsTold) {
  const auto start = graph::build_architecture("mlp", {1, 8, 8}, 4, {});
  graph::Graph trained;
  last_accuracy(start, quick(), &trained);
  TrainOptions further = quick();
  further.initialise = false;
  further.epochs = 1;
  further.rate = 1e-4;
  EXPECT_GT(last_accuracy(trained, further), 0.9);
}

TEST(Training, LeavesTheNormalisationAlone) {
  const auto start = graph::build_architecture("resnet8", {1, 8, 8}, 4, {{0.3f}, {0.25f}});
  graph::Graph trained;
  last_accuracy(start, quick(), &trained);
  for (const auto& value : trained.values) {
    if (value.name == "normalise.mean.value") EXPECT_EQ(value.constant->values, std::vector<float>{0.3f});
    if (value.name == "normalise.std.value") EXPECT_EQ(value.constant->values, std::vector<float>{0.25f});
  }
}

TEST(Training, StopsWhenItIsTold) {
  const auto start = graph::build_architecture("mlp", {1, 8, 8}, 4, {});
  int steps = 0;
  EXPECT_FALSE(train(start, quarters(128), quick(), {}, [&](const Progress&) { return ++steps < 3; }).finished);
  EXPECT_EQ(steps, 3);
}

TEST(Training, RefusesWhatCannotWork) {
  const auto start = graph::build_architecture("mlp", {1, 8, 8}, 4, {});
  const auto images = quarters(64);
  const auto refused = [&](auto change) {
    TrainOptions options = quick();
    change(options);
    EXPECT_THROW(train(start, images, options, {}, {}), InputError);
  };
  refused([](TrainOptions& o) { o.sigma = -0.1; });
  refused([](TrainOptions& o) { o.epochs = 0; });
  refused([](TrainOptions& o) { o.batch = 0; });
  refused([](TrainOptions& o) { o.batch = 65; });
  refused([](TrainOptions& o) { o.rate = 0; });
  refused([](TrainOptions& o) { o.momentum = 1; });
  refused([](TrainOptions& o) { o.weight_decay = -1; });
  refused([](TrainOptions& o) { o.validation = -1; });
  refused([](TrainOptions& o) { o.validation = 33; });  // leaves less than a batch
  refused([](TrainOptions& o) { o.validation_draws = 0; });
  refused([](TrainOptions& o) { o.recipe = Macer{.copies = 1}; });
  refused([](TrainOptions& o) { o.recipe = SmoothAdv{.epsilon = 0}; });
  refused([](TrainOptions& o) { o.sigma = 0, o.recipe = Consistency{}; });
  refused([](TrainOptions& o) { o.recipe = Wong{.epsilon = 0}; });
  refused([](TrainOptions& o) { o.recipe = Wong{.epsilon_start = -1}; });
  refused([](TrainOptions& o) { o.recipe = Wong{.warm_up = 1.5}; });
  refused([](TrainOptions& o) { o.recipe = Wong{.projections = -1}; });
  refused([](TrainOptions& o) { o.recipe = Wong{}, o.precision = Precision::bf16; });
  refused([](TrainOptions& o) { o.recipe = Lmt{.c = 0}; });
  EXPECT_THROW(train(graph::build_architecture("mlp", {1, 8, 9}, 4, {}), images, quick(), {}, {}), InputError);
  EXPECT_THROW(train(graph::build_architecture("mlp", {1, 8, 8}, 3, {}), images, quick(), {}, {}), InputError);
  TrainOptions bounded = quick();
  bounded.recipe = Wong{};  // has no bound of batch normalisation
  EXPECT_THROW(train(graph::build_architecture("resnet8", {1, 8, 8}, 4, {}), images, bounded, {}, {}), InputError);
  TrainOptions wild = quick();
  wild.rate = 1e30;
  EXPECT_THROW(train(start, images, wild, {}, {}), std::runtime_error);
}

TEST(Architectures, AreKnownByName) {
  EXPECT_NO_THROW(graph::build_architecture("resnet110", {3, 32, 32}, 10, {}));
  for (const char* name : {"", "resnet", "resnet9", "resnet2", "resnet-8", "resnet8x", "vgg"}) {
    EXPECT_THROW(graph::build_architecture(name, {3, 32, 32}, 10, {}), InputError) << name;
  }
  const auto resnet20 = graph::build_architecture("resnet20", {3, 32, 32}, 10, {});
  EXPECT_EQ(graph::cost(resnet20).multiply_adds, 40'813'184);  // He et al.'s 40.55 million, and the 1x1 convolutions of two shortcuts
}

}  // namespace
}  // namespace ballast::train::train_test
