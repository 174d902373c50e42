// SPDX-License-Identifier: Apache-2.0
//
// The base classifier's own answers.

#include "ballast/smooth/evaluate.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/model/open.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::evaluate_test {
namespace {

const ImageShape shape{1, 1, 2};

std::vector<NumberedImage> images() {
  std::vector<NumberedImage> result;
  for (std::uint32_t i = 0; i < 50; ++i)
    result.push_back({{shape, std::vector<std::uint8_t>{static_cast<std::uint8_t>(5 * i), static_cast<std::uint8_t>(250 - 3 * i)}}, i});
  return result;
}

// Scores are x - y and y - x.
std::unique_ptr<model::Classifier> of_the_brighter_pixel() {
  graph::Graph network;
  const graph::ValueId image = network.add_input("image", {graph::batch, 1, 1, 2});
  const graph::ValueId flat = network.append(graph::Reshape{}, "flat", {image}, {graph::batch, 2});
  const graph::ValueId weight = network.add_constant("weight", {{2, 2}, {1, -1, -1, 1}});
  const graph::ValueId bias = network.add_constant("bias", {{2}, {0, 0}});
  network.output = network.append(graph::Linear{}, "scores", {flat, weight, bias}, {});
  return model::classifier_from(network, {.shape = shape, .precision = model::Precision::fp32});
}

TEST(Evaluate, AnswersEveryImageAsItIs) {
  const auto classifier = of_the_brighter_pixel();
  ThreadPool pool(*classifier, 2);
  const auto all = images();
  const Answers plain_answers = evaluate(pool, all, nullptr, 0, false), with_scores = evaluate(pool, all, nullptr, 0, true);
  ASSERT_EQ(plain_answers.labels.size(), all.size());
  EXPECT_TRUE(plain_answers.scores.empty());
  EXPECT_EQ(with_scores.labels, plain_answers.labels);
  ASSERT_EQ(with_scores.scores.size(), 2 * all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const float x = static_cast<float>(5 * i) / 255.0f, y = static_cast<float>(250 - 3 * i) / 255.0f;
    EXPECT_EQ(plain_answers.labels[i], x >= y ? 0 : 1) << i;
    EXPECT_NEAR(with_scores.scores[2 * i], x - y, 1e-6) << i;
    EXPECT_NEAR(with_scores.scores[2 * i + 1], y - x, 1e-6) << i;
  }
}

// One draw an image, by the seed and the image's number alone.
TEST(Evaluate, AddsOneDrawOfNoiseThatTheSeedAndTheImageName) {
  const auto classifier = of_the_brighter_pixel();
  ThreadPool one(*classifier, 1), two(*classifier, 2);
  const noise::NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  auto all = images();
  const Answers first = evaluate(one, all, &noise, 7, true);
  EXPECT_EQ(evaluate(two, all, &noise, 7, true).scores, first.scores);
  EXPECT_NE(evaluate(two, all, &noise, 8, true).scores, first.scores);
  const std::vector<NumberedImage> last(all.end() - 1, all.end());
  const Answers alone = evaluate(one, last, &noise, 7, true);
  EXPECT_EQ(alone.scores, std::vector<float>(first.scores.end() - 2, first.scores.end()));
  EXPECT_NE(first.scores, evaluate(one, all, nullptr, 7, true).scores);
}

TEST(Evaluate, RefusesImagesThatDoNotFit) {
  const auto classifier = of_the_brighter_pixel();
  ThreadPool pool(*classifier, 1);
  const std::vector<NumberedImage> wrong{{grey_image({1, 2, 2}, 9), 3}};
  EXPECT_THROW(evaluate(pool, wrong, nullptr, 0, false), InputError);
}

}  // namespace
}  // namespace ballast::smooth::evaluate_test
