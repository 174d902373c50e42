// SPDX-License-Identifier: Apache-2.0

#include "ball_offset.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

namespace ballast::verify {
namespace {

constexpr int halvings = 45;     // of the interval of log lambda
constexpr double interval = 36;  // its length: lambda between exp(-36) times its greatest sensible value, and that
constexpr double least_lambda = 1e-300;

struct Ball {
  const at::Tensor &p, &q, &centre;  // rows x elements: a - g, g; elements
  double radius;
};

// Which of the three cases is the least: the positive side, the negative side, or neither.
struct Sides {
  at::Tensor positive, negative;
};

Sides sides_of(const Ball& ball, const at::Tensor& lambda) {
  const at::Tensor pull = lambda.unsqueeze(1) * ball.centre;
  const at::Tensor up = ball.p - pull, down = ball.q + pull;
  return {(up < 0).logical_and(up <= down), (down < 0).logical_and(down < up)};
}

// Twice the derivative by lambda: the squared distance of the minimiser from the centre, minus radius^2.
at::Tensor slope(const Ball& ball, const at::Tensor& lambda) {
  const Sides sides = sides_of(ball, lambda);
  const at::Tensor scaled = lambda.unsqueeze(1);
  const at::Tensor distance =
      at::where(sides.positive, ball.p / scaled, at::where(sides.negative, ball.q / scaled, ball.centre.expand_as(ball.p)));
  return distance.square().sum(1) - ball.radius * ball.radius;
}

at::Tensor value(const Ball& ball, const at::Tensor& lambda, double slack) {
  const Sides sides = sides_of(ball, lambda);
  const at::Tensor scaled = lambda.unsqueeze(1);
  const at::Tensor up = ball.p * ball.centre - ball.p.square() / (2 * scaled);
  const at::Tensor down = -ball.q * ball.centre - ball.q.square() / (2 * scaled);
  const at::Tensor summands = at::where(sides.positive, up, at::where(sides.negative, down, scaled * ball.centre.square() / 2));
  const at::Tensor magnitude = (ball.p * ball.centre).abs().sum(1) + (ball.q * ball.centre).abs().sum(1) + summands.abs().sum(1);
  const at::Tensor cost = lambda * (ball.radius * ball.radius / 2);
  return summands.sum(1) - cost - slack * (magnitude + cost);
}

}  // namespace

// At lambda = sqrt(sum max(p^2, q^2)) / radius the minimiser is no further than the radius, so the best lambda is not greater.
at::Tensor ball_offset(const at::Tensor& a, const at::Tensor& g, const at::Tensor& centre, double radius, double slack) {
  if (a.size(1) == 0) return at::zeros({a.size(0)}, at::kDouble);
  const at::Tensor p = a - g;
  const Ball ball{p, g, centre, radius};
  at::Tensor high = (at::maximum(p.square(), g.square()).sum(1).sqrt() / radius).clamp_min(least_lambda).log();
  at::Tensor low = high - interval;
  for (int i = 0; i < halvings; ++i) {
    const at::Tensor middle = (low + high) / 2;
    const at::Tensor rises = slope(ball, middle.exp()) > 0;
    low = at::where(rises, middle, low);
    high = at::where(rises, high, middle);
  }
  const at::Tensor best = value(ball, low.exp(), slack);
  return at::where(best.isfinite(), best, at::full_like(best, -std::numeric_limits<double>::infinity()));
}

}  // namespace ballast::verify
