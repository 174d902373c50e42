// SPDX-License-Identifier: Apache-2.0
//
// The theorems behind the radius, on classifiers whose probabilities are exact:
// Lemmas 3 and 4, Theorems 1 and 2, Propositions 3 to 5 of Cohen, Rosenfeld and Kolter 2019.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"
#include "tolerances.hpp"

namespace ballast::stats::robustness_theorem_test {
namespace {

// Sums of differences of normal_cdf are exact to this.
constexpr double rounding = 1e-12;

// Only the direction of the perturbation matters, so a classifier of a line is general enough: class i between
// cuts[i-1] and cuts[i], the outermost reaching to infinity.
struct LineClassifier {
  std::vector<double> cuts;

  double low(std::size_t c) const { return c == 0 ? -infinite : cuts[c - 1]; }
  double high(std::size_t c) const { return c == cuts.size() ? infinite : cuts[c]; }

  // P(f(x + noise) = c).
  double probability(std::size_t c, double x, double sigma) const {
    return normal_cdf((high(c) - x) / sigma) - normal_cdf((low(c) - x) / sigma);
  }

  std::size_t smoothed(double x, double sigma) const {
    std::size_t best = 0;
    for (std::size_t c = 1; c <= cuts.size(); ++c) {
      if (probability(c, x, sigma) > probability(best, x, sigma)) best = c;
    }
    return best;
  }
};

// A random union of intervals: every other class of random cuts.
double probability_of_union(const LineClassifier& cells, double shift) {
  double sum = 0;
  for (std::size_t c = 0; c <= cells.cuts.size(); c += 2) sum += cells.probability(c, shift, 1);
  return sum;
}

LineClassifier random_cells(std::mt19937_64& random) {
  std::normal_distribution<double> gauss;
  LineClassifier cells{std::vector<double>(1 + random() % 12)};
  for (double& cut : cells.cuts) cut = 1.5 * gauss(random);
  std::sort(cells.cuts.begin(), cells.cuts.end());
  return cells;
}

// Lemma 4: among all sets of its probability, the half-line that points away
// from the shift is the least likely after it, the one towards it the likeliest.
TEST(NeymanPearson, HalfSpacesAreExtremeAmongSetsOfTheirProbability) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> shifts(0.05, 3);
  double closest = 1;
  for (int i = 0; i < 5000; ++i) {
    const LineClassifier cells = random_cells(random);
    const double shift = shifts(random);
    const double before = probability_of_union(cells, 0);
    if (!(before > 1e-9 && before < 1 - 1e-9)) continue;
    const double after = probability_of_union(cells, shift);
    const double least = normal_cdf(normal_quantile(before) - shift);
    const double most = normal_cdf(normal_quantile(before) + shift);
    EXPECT_GE(after, least - rounding);
    EXPECT_LE(after, most + rounding);
    closest = std::min(closest, after - least);
  }
  EXPECT_LT(closest, rounding);  // single half-lines are among the sets: the bound is attained
}

// Lemma 3 is the same for functions with values between 0 and 1, that is for
// randomised classifiers.
TEST(NeymanPearson, HalfSpacesBeatRandomisedSetsToo) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int i = 0; i < 3000; ++i) {
    const LineClassifier cells = random_cells(random);
    const double shift = 0.1 + 2 * unit(random);
    double before = 0;
    double after = 0;
    for (std::size_t c = 0; c <= cells.cuts.size(); ++c) {
      const double weight = unit(random);
      before += weight * cells.probability(c, 0, 1);
      after += weight * cells.probability(c, shift, 1);
    }
    EXPECT_GE(after, normal_cdf(normal_quantile(before) - shift) - rounding);
  }
}

// Theorem 1 on classifiers that know nothing of it.
TEST(TheoremOne, NoClassifierChangesItsAnswerWithinTheRadius) {
  std::mt19937_64 random(5);
  int certified = 0;
  for (int i = 0; i < 3000; ++i) {
    const LineClassifier classifier = random_cells(random);
    const std::size_t top = classifier.smoothed(0, 1);
    const double p_a = classifier.probability(top, 0, 1);
    double p_b = 0;
    for (std::size_t c = 0; c <= classifier.cuts.size(); ++c) {
      if (c != top) p_b = std::max(p_b, classifier.probability(c, 0, 1));
    }
    if (!(p_b > 0 && p_b < p_a - rounding && p_a < 1)) continue;
    const double radius = radius_from_pair(1, p_a, p_b);
    for (const double part : {-0.999999, -0.5, 0.5, 0.999999}) EXPECT_EQ(classifier.smoothed(part * radius, 1), top);
    ++certified;
  }
  EXPECT_GT(certified, 2000);
}

// Theorem 2: the top class is the half-line of probability p_a that points away
// from the perturbation, the runner-up the one of probability p_b towards it;
// the rest is shared equally by the other classes.
LineClassifier worst_case(double p_a, double p_b, std::size_t classes, double sigma) {
  const double rest = 1 - p_a - p_b;
  LineClassifier worst{{sigma * normal_quantile(p_a)}};
  for (std::size_t i = 1; i + 2 < classes; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(classes - 2);
    worst.cuts.push_back(sigma * normal_quantile(p_a + rest * share));
  }
  if (classes > 2) worst.cuts.push_back(sigma * normal_upper_quantile(p_b));
  return worst;
}

struct WorstCase {
  double p_a;
  double p_b;
  std::size_t classes;
};

class TheoremTwo : public testing::TestWithParam<WorstCase> {};

INSTANTIATE_TEST_SUITE_P(Pairs, TheoremTwo,
                         testing::Values(WorstCase{0.6, 0.4, 2}, WorstCase{0.9, 0.1, 2}, WorstCase{0.999, 0.001, 2},
                                         WorstCase{0.9, 0.05, 3}, WorstCase{0.6, 0.2, 3}, WorstCase{0.6, 0.1, 5}, WorstCase{0.4, 0.2, 4},
                                         WorstCase{0.3, 0.1, 8}, WorstCase{0.2, 0.01, 81}));

TEST_P(TheoremTwo, TheWorstClassifierHoldsJustInsideAndBreaksJustOutside) {
  const auto [p_a, p_b, classes] = GetParam();
  for (const double sigma : {0.25, 1.0}) {
    const LineClassifier worst = worst_case(p_a, p_b, classes, sigma);
    const std::size_t runner_up = classes - 1;
    const double radius = radius_from_pair(sigma, p_a, p_b);
    EXPECT_EQ(worst.smoothed(0, sigma), 0u);
    EXPECT_EQ(worst.smoothed(radius * (1 - 1e-6), sigma), 0u);
    EXPECT_EQ(worst.smoothed(-radius * (1 - 1e-6), sigma), 0u);
    EXPECT_NE(worst.smoothed(radius * (1 + 1e-6), sigma), 0u);
    EXPECT_GT(worst.probability(runner_up, radius * (1 + 1e-6), sigma), worst.probability(0, radius * (1 + 1e-6), sigma));
    EXPECT_NEAR(worst.probability(runner_up, radius, sigma), worst.probability(0, radius, sigma), rounding);
  }
}

TEST_P(TheoremTwo, TheWorstClassifierMeetsBothProbabilities) {
  const auto [p_a, p_b, classes] = GetParam();
  const LineClassifier worst = worst_case(p_a, p_b, classes, 1);
  ASSERT_EQ(worst.cuts.size() + 1, classes);
  EXPECT_NEAR(worst.probability(0, 0, 1), p_a, rounding);
  EXPECT_NEAR(worst.probability(classes - 1, 0, 1), p_b, rounding);
  for (std::size_t c = 1; c < classes; ++c) EXPECT_LE(worst.probability(c, 0, 1), p_b + rounding);
}

// With too few classes, (K-2) p_b < 1 - p_a - p_b, the rest must pass p_b somewhere.
TEST(TheoremTwoCondition, TooFewClassesCannotHoldTheRestBelowTheRunnerUp) {
  for (const auto [p_a, p_b, classes] : {WorstCase{0.6, 0.1, 4}, {0.4, 0.2, 3}, {0.3, 0.1, 7}}) {
    const LineClassifier worst = worst_case(p_a, p_b, classes, 1);
    double highest = 0;
    for (std::size_t c = 1; c + 1 < classes; ++c) highest = std::max(highest, worst.probability(c, 0, 1));
    EXPECT_GT(highest, p_b + 0.01);
  }
}

// sign(w.x + b) in many dimensions: under the noise w.x + b is one Gaussian.
struct LinearCase {
  std::vector<double> w;
  std::vector<double> x;
  double b;

  double margin() const {
    double sum = b;
    for (std::size_t i = 0; i < w.size(); ++i) sum += w[i] * x[i];
    return std::abs(sum);
  }

  double norm() const {
    double sum = 0;
    for (const double v : w) sum += v * v;
    return std::sqrt(sum);
  }
};

LinearCase random_linear(std::mt19937_64& random) {
  std::normal_distribution<double> gauss;
  LinearCase linear{std::vector<double>(1 + random() % 30), {}, gauss(random)};
  for (double& v : linear.w) v = gauss(random);
  for (std::size_t i = 0; i < linear.w.size(); ++i) linear.x.push_back(gauss(random));
  return linear;
}

// Proposition 3: the smoothed classifier is the linear one itself, p >= 1/2.
// Propositions 4 and 5: the certified radius is exactly the distance to its boundary.
TEST(LinearClassifier, RadiusIsTheDistanceToTheBoundary) {
  constexpr double test_sigma = 0.5;
  constexpr double narrow = 1e-9;
  std::mt19937_64 random(6);
  int tried = 0;
  for (int i = 0; i < 3000; ++i) {
    const LinearCase linear = random_linear(random);
    const double distance = linear.margin() / linear.norm();
    const double doubt = normal_cdf(-distance / test_sigma);  // 1 - p
    if (!(doubt > 0 && doubt < 0.5)) continue;
    // doubt is rounded to nearest: one bit up makes it the upper bound that radius_below asks for.
    const double radius = radius_below(test_sigma, std::nextafter(doubt, 1.0));
    EXPECT_LE(radius, distance);
    EXPECT_NEAR(radius, distance, narrow * std::max(1.0, distance));
    ++tried;
  }
  EXPECT_GT(tried, 2900);
}

TEST(LinearClassifier, SmoothedAnswerFlipsExactlyAtTheBoundary) {
  const LineClassifier linear{{0.7}};
  const double sigma = 0.5;
  const double radius = radius_below(sigma, normal_cdf(-0.7 / sigma));
  EXPECT_EQ(linear.smoothed(0, sigma), 0u);
  EXPECT_EQ(linear.smoothed(radius * (1 - 1e-9), sigma), 0u);
  EXPECT_EQ(linear.smoothed(radius * (1 + 1e-9), sigma), 1u);
}

}  // namespace
}  // namespace ballast::stats::robustness_theorem_test
