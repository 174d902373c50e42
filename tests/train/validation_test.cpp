// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/validation.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "ballast/stats/normal.hpp"

namespace ballast::train::validation_test {
namespace {

TEST(Validation, EstimatesFromCountsByHand) {
  // Of 9 copies: all right, 6 right, 4 right (p = .45: the smoothed label is another), none right.
  const std::vector<std::uint32_t> right{9, 6, 4, 0};
  const double sigma = 0.5, first = stats::normal_quantile(0.95), second = stats::normal_quantile(0.65);
  const Validation v = estimate(right, 9, sigma);
  EXPECT_DOUBLE_EQ(v.accuracy, 19.0 / 36);
  EXPECT_DOUBLE_EQ(v.mean_radius, sigma * (first + second) / 4);
  EXPECT_DOUBLE_EQ(v.certified[0], 0.5);   // r = 0
  EXPECT_DOUBLE_EQ(v.certified[1], 0.25);  // r = sigma / 2: .385 sigma is not enough
  EXPECT_DOUBLE_EQ(v.certified[2], 0.25);
  EXPECT_DOUBLE_EQ(v.certified[3], 0.25);  // 1.645 sigma
  EXPECT_DOUBLE_EQ(v.merit(sigma), v.mean_radius);
}

TEST(Validation, WithoutNoiseIsTheAccuracy) {
  const std::vector<std::uint32_t> right{1, 1, 0};
  const Validation v = estimate(right, 1, 0);
  EXPECT_DOUBLE_EQ(v.accuracy, 2.0 / 3);
  EXPECT_DOUBLE_EQ(v.merit(0), v.accuracy);
  EXPECT_EQ(estimate({}, 16, 0.25).accuracy, 0);
}

TEST(Validation, IsJudgedByTheRecipesOwnBoundAndThenByTheAccuracy) {
  const auto merit = [](double by_bound, double accuracy, double sigma) {
    return Validation{.accuracy = accuracy, .mean_radius = 7, .by_bound = by_bound}.merit(sigma);
  };
  for (const double sigma : {0.0, 0.25}) {
    EXPECT_GT(merit(0.001, 0.2, sigma), merit(0, 1, sigma));
    EXPECT_GT(merit(0.5, 0.8, sigma), merit(0.5, 0.7, sigma));
    EXPECT_GE(merit(0, 0, sigma), 0);
  }
}

}  // namespace
}  // namespace ballast::train::validation_test
