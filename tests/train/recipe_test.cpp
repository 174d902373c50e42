// SPDX-License-Identifier: Apache-2.0
//
// What each recipe's loss is, against plain loops over a linear classifier.

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ballast/stats/normal.hpp"
#include "objective.hpp"
#include "tensors.hpp"

namespace ballast::train::recipe_test {
namespace {

constexpr int images = 3, pixels = 4, classes = 3, copies = 2;
constexpr double tolerance = 2e-5;  // float arithmetic against double

using Row = std::vector<double>;

const std::vector<Row> weight{{1, -2, 0.5, 1}, {-1, 1, 2, 0}, {0.5, 0.5, -1, -0.5}};
const Row bias{0.1, -0.2, 0.3};
const std::vector<std::int64_t> labels{0, 2, 1};

graph::Graph linear() {
  graph::Graph graph;
  graph::ValueId x = graph.add_input("image", {graph::batch, 1, 2, 2});
  x = graph.append(graph::Reshape{}, "flatten", {x}, {graph::batch, pixels});
  std::vector<float> values;
  for (const Row& row : weight) values.insert(values.end(), row.begin(), row.end());
  const auto w = graph.add_constant("w", {{classes, pixels}, values});
  const auto b = graph.add_constant("b", {{classes}, {bias.begin(), bias.end()}});
  graph.output = graph.append(graph::Linear{}, "classify", {x, w, b});
  return graph;
}

double clean_pixel(int image, int pixel) { return 0.4 + 0.02 * image + 0.03 * pixel; }
double noise_at(int copy, int image, int pixel) { return 0.05 * ((copy * 7 + image * 3 + pixel * 5) % 9 - 4); }

Row scores_of(const Row& x) {
  Row scores(classes);
  for (int j = 0; j < classes; ++j) {
    scores[static_cast<std::size_t>(j)] = bias[static_cast<std::size_t>(j)];
    for (std::size_t i = 0; i < pixels; ++i) scores[static_cast<std::size_t>(j)] += weight[static_cast<std::size_t>(j)][i] * x[i];
  }
  return scores;
}

Row softmax_of(Row scores, double temperature = 1) {
  double sum = 0;
  for (double& s : scores) sum += s = std::exp(temperature * s);
  for (double& s : scores) s /= sum;
  return scores;
}

struct Case {
  std::vector<float> clean, noisy;
  std::vector<std::int64_t> wanted = labels;
  Learner learner{linear(), Precision::fp32, Device::cpu};

  Case() {
    for (int i = 0; i < images; ++i)
      for (int p = 0; p < pixels; ++p) clean.push_back(static_cast<float>(clean_pixel(i, p)));
    for (int c = 0; c < copies; ++c)
      for (int i = 0; i < images; ++i)
        for (int p = 0; p < pixels; ++p) noisy.push_back(static_cast<float>(clean_pixel(i, p) + noise_at(c, i, p)));
    learner.network().require_gradients();
  }

  Batch batch(int used = copies) {
    Batch all;
    all.clean = image_tensor(clean, {1, 2, 2}, at::kCPU);
    all.noisy = image_tensor(noisy, {1, 2, 2}, at::kCPU).narrow(0, 0, used * images);
    all.labels = label_tensor(wanted, at::kCPU);
    all.copies = used;
    all.sigma = 0.25;
    all.done = 0.5;
    return all;
  }

  static Row clean_row(int i) {
    Row row;
    for (int p = 0; p < pixels; ++p) row.push_back(clean_pixel(i, p));
    return row;
  }
  static Row noisy_row(int c, int i) {
    Row row = clean_row(i);
    for (int p = 0; p < pixels; ++p) row[static_cast<std::size_t>(p)] += noise_at(c, i, p);
    return row;
  }
  static double at_label(const Row& values, int i) { return values[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])]; }
  static Row mean_softmax(int i, double temperature) {
    Row mean(classes, 0.0);
    for (int c = 0; c < copies; ++c) {
      const Row p = softmax_of(scores_of(noisy_row(c, i)), temperature);
      for (std::size_t j = 0; j < classes; ++j) mean[j] += p[j] / copies;
    }
    return mean;
  }
  static double cross_entropy() {
    double sum = 0;
    for (int c = 0; c < copies; ++c)
      for (int i = 0; i < images; ++i) sum -= std::log(at_label(softmax_of(scores_of(noisy_row(c, i))), i));
    return sum / (copies * images);
  }
};

TEST(Recipes, GaussianIsTheCrossEntropyOfNoisyImages) {
  Case at;
  double sum = 0;
  for (int i = 0; i < images; ++i) sum -= std::log(Case::at_label(softmax_of(scores_of(Case::noisy_row(0, i))), i));
  const Loss loss = loss_of(Gaussian{}, at.learner, at.batch(1));
  EXPECT_NEAR(loss.value.item<double>(), sum / images, tolerance);
  EXPECT_EQ(loss.scores.size(0), images);
}

TEST(Recipes, ConsistencyAddsDivergenceAndEntropy) {
  Case at;
  double divergence = 0, entropy = 0;
  for (int i = 0; i < images; ++i) {
    const Row mean = Case::mean_softmax(i, 1);
    for (const double p : mean) entropy -= p * std::log(p) / images;
    for (int c = 0; c < copies; ++c) {
      const Row each = softmax_of(scores_of(Case::noisy_row(c, i)));
      for (std::size_t j = 0; j < classes; ++j) divergence += mean[j] * std::log(mean[j] / each[j]) / (copies * images);
    }
  }
  const Consistency recipe{.copies = copies, .weight = 7, .entropy = 0.3};
  EXPECT_NEAR(loss_of(recipe, at.learner, at.batch()).value.item<double>(), Case::cross_entropy() + 7 * divergence + 0.3 * entropy,
              tolerance);
  EXPECT_GT(divergence, 1e-4);
}

TEST(Recipes, MacerAddsAHingeOnTheRadiusOfRightAnswers) {
  Case at;
  const Macer recipe{.copies = copies, .weight = 3, .margin = 8, .temperature = 2};
  double expected = 0;
  int counted = 0;
  for (int i = 0; i < images; ++i) {
    expected -= std::log(Case::at_label(Case::mean_softmax(i, 1), i)) / images;
    Row sharp = Case::mean_softmax(i, recipe.temperature);
    const double own = Case::at_label(sharp, i);
    std::sort(sharp.rbegin(), sharp.rend());
    if (own != sharp[0]) continue;
    ++counted;
    const double gap = stats::normal_quantile(sharp[0]) - stats::normal_quantile(sharp[1]);
    expected += recipe.weight * 0.25 / 2 * (recipe.margin - gap) / images;
  }
  EXPECT_GT(counted, 0);
  EXPECT_LT(counted, images) << "one of them must be wrong, or the test says nothing of it";
  EXPECT_NEAR(loss_of(recipe, at.learner, at.batch()).value.item<double>(), expected, tolerance);
}

TEST(Recipes, MacerLeavesRadiiAboveTheMarginAlone) {
  Case at;
  const Macer within{.copies = copies, .weight = 3, .margin = 1e-3, .temperature = 2},
      none{.copies = copies, .weight = 0, .temperature = 2};
  EXPECT_EQ(loss_of(within, at.learner, at.batch()).value.item<double>(), loss_of(none, at.learner, at.batch()).value.item<double>());
}

TEST(Recipes, StabilityComparesANoisyImageWithItself) {
  Case at;
  double expected = 0;
  for (int i = 0; i < images; ++i) {
    const Row clean = softmax_of(scores_of(Case::clean_row(i))), noisy = softmax_of(scores_of(Case::noisy_row(0, i)));
    expected -= std::log(Case::at_label(clean, i)) / images;
    for (std::size_t j = 0; j < classes; ++j) expected -= 1.5 * clean[j] * std::log(noisy[j]) / images;
  }
  EXPECT_NEAR(loss_of(Stability{.weight = 1.5}, at.learner, at.batch(1)).value.item<double>(), expected, tolerance);
}

// With two classes a linear classifier's gradient always points the same way, so the attack ends on the ball there.
TEST(Recipes, SmoothAdvAttacksToTheEdgeOfTheBall) {
  graph::Graph two;
  graph::ValueId x = two.add_input("image", {graph::batch, 1, 2, 2});
  x = two.append(graph::Reshape{}, "flatten", {x}, {graph::batch, pixels});
  const auto w = two.add_constant("w", {{2, pixels}, {3, 0, 0, 4, 0, 0, 0, 0}});  // the difference has length 5
  two.output = two.append(graph::Linear{}, "classify", {x, w});
  Case at;
  at.wanted = {0, 0, 1};
  at.learner = Learner(two, Precision::fp32, Device::cpu);
  at.learner.network().require_gradients();
  const auto mean_loss = [&](double shift) {  // along the attack, in length
    double sum = 0;
    for (int c = 0; c < copies; ++c) {
      for (int i = 0; i < images; ++i) {
        const Row row = Case::noisy_row(c, i);
        const double gap = 3 * row[0] + 4 * row[3], margin = at.wanted[static_cast<std::size_t>(i)] == 0 ? gap : -gap;
        sum += std::log1p(std::exp(-(margin - 5 * shift)));
      }
    }
    return sum / (copies * images);
  };
  for (const int steps : {1, 2, 5}) {
    const SmoothAdv recipe{.epsilon = 0.1, .steps = steps, .copies = copies, .warm_up = 0.1};
    EXPECT_NEAR(loss_of(recipe, at.learner, at.batch()).value.item<double>(), mean_loss(0.1), tolerance) << steps;
  }
  const SmoothAdv warming{.epsilon = 0.1, .steps = 2, .copies = copies, .warm_up = 1};  // half of the training is done
  EXPECT_NEAR(loss_of(warming, at.learner, at.batch()).value.item<double>(), mean_loss(0.05), tolerance);
}

// The attack must leave no gradient of its own in the weights.
TEST(Recipes, SmoothAdvTrainsOnTheLastLossAlone) {
  Case at;
  const auto gradient = [&](const Loss& loss) {
    loss.value.backward();
    std::vector<float> values;
    for (at::Tensor& parameter : at.learner.network().parameters()) {
      const at::Tensor flat = parameter.grad().flatten();
      values.insert(values.end(), flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
      parameter.mutable_grad().reset();
    }
    return values;
  };
  Batch cold = at.batch();
  cold.done = 0;  // the ball has no size yet, so this is the plain loss
  const SmoothAdv recipe{.epsilon = 1e-6, .steps = 3, .copies = copies, .warm_up = 0.1};
  const auto plain = gradient(loss_of(recipe, at.learner, cold)), attacked = gradient(loss_of(recipe, at.learner, at.batch()));
  ASSERT_EQ(plain.size(), attacked.size());
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(plain[i], attacked[i], 1e-4);
}

}  // namespace
}  // namespace ballast::train::recipe_test
