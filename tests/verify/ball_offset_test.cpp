// SPDX-License-Identifier: Apache-2.0

#include "ball_offset.hpp"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

namespace ballast::verify::ball_offset_test {
namespace {

struct Plane {
  std::array<double, 2> a, g, centre;
  double radius;
};

at::Tensor tensor_of(const std::array<double, 2>& values) {
  at::Tensor tensor = at::zeros({2}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
  return tensor;
}

double offset_of(const Plane& plane, double slack = 0) {
  return ball_offset(tensor_of(plane.a).unsqueeze(0), tensor_of(plane.g).unsqueeze(0), tensor_of(plane.centre), plane.radius, slack)
      .item<double>();
}

// The least of sum a relu(z) - g z over a fine grid of the disc.
double least_on_grid(const Plane& plane) {
  double least = INFINITY;
  for (int turn = 0; turn < 720; ++turn) {
    for (int part = 0; part <= 60; ++part) {
      const double angle = turn * std::numbers::pi / 360, distance = plane.radius * part / 60;
      const std::array<double, 2> z{plane.centre[0] + distance * std::cos(angle), plane.centre[1] + distance * std::sin(angle)};
      double sum = 0;
      for (std::size_t i = 0; i < 2; ++i) sum += plane.a[i] * std::max(z[i], 0.0) - plane.g[i] * z[i];
      least = std::min(least, sum);
    }
  }
  return least;
}

// The formula as the paper has it, at the best of many lambdas.
double formula(const Plane& plane) {
  double best = -INFINITY;
  const double norm = plane.centre[0] * plane.centre[0] + plane.centre[1] * plane.centre[1];
  for (double log_lambda = -12; log_lambda < 8; log_lambda += 1e-3) {
    const double lambda = std::exp(log_lambda);
    double squares = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const double pull = lambda * plane.centre[i], least = std::min({plane.a[i] - plane.g[i] - pull, plane.g[i] + pull, 0.0});
      squares += least * least;
    }
    best = std::max(best, -0.5 * (lambda * (plane.radius * plane.radius - norm) + squares / lambda));
  }
  return best;
}

TEST(BallOffset, IsTheFormulaAndBelowTheTruth) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 200; ++i) {
    const Plane plane{{uniform(random), uniform(random)},
                      {uniform(random), uniform(random)},
                      {uniform(random), uniform(random)},
                      0.2 + 0.9 * std::abs(uniform(random))};
    EXPECT_LE(offset_of(plane), least_on_grid(plane));
    EXPECT_GE(offset_of(plane), formula(plane) - 1e-12);
    EXPECT_NEAR(offset_of(plane), formula(plane), 1e-3);  // it has kinks between the lambdas tried
    EXPECT_LT(offset_of(plane, 1e-6), offset_of(plane));
  }
}

TEST(BallOffset, OfNothingIsZero) {
  EXPECT_EQ(ball_offset(at::zeros({3, 0}, at::kDouble), at::zeros({3, 0}, at::kDouble), at::zeros({0}, at::kDouble), 1, 0)
                .abs()
                .max()
                .item<double>(),
            0);
  EXPECT_NEAR(offset_of({{0, 0}, {0, 0}, {0.3, -0.2}, 1}), 0, 1e-100);
}

}  // namespace
}  // namespace ballast::verify::ball_offset_test
