// SPDX-License-Identifier: Apache-2.0
//
// Gradients against differences, in double.

#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "aten/network.hpp"

namespace ballast::train {

inline at::Tensor random_values(const std::vector<std::int64_t>& sizes, std::uint32_t seed, double least, double most) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(least, most);
  at::Tensor tensor = at::empty(sizes, at::kDouble);
  std::generate_n(tensor.data_ptr<double>(), tensor.numel(), [&] { return uniform(random); });
  return tensor;
}

// The gradient of loss() by every weight, against central differences. The network is in double.
template <typename Loss>
void expect_gradients_of_differences(model::Network& network, Loss loss) {
  constexpr double step = 1e-6, tolerance = 1e-6;  // rounding over the step, relative to the greatest element
  network.require_gradients();
  loss().backward();
  const c10::NoGradGuard no_gradients;
  double greatest = 0;
  for (at::Tensor& parameter : network.parameters()) {
    ASSERT_TRUE(parameter.grad().defined());
    const at::Tensor gradient = parameter.grad().contiguous().clone();
    parameter.mutable_grad().reset();
    greatest = std::max(greatest, gradient.abs().max().template item<double>());
    at::Tensor flat = gradient.flatten();
    for (std::int64_t i = 0; i < flat.size(0); ++i) {
      at::Tensor element = parameter;
      for (std::int64_t dimension = 0, rest = i, below = gradient.numel(); dimension < gradient.dim(); ++dimension) {
        below /= gradient.size(dimension);
        element = element.select(0, rest / below);
        rest %= below;
      }
      const double kept = element.template item<double>();
      element.fill_(kept + step);
      const double above = loss().template item<double>();
      element.fill_(kept - step);
      const double under = loss().template item<double>();
      element.fill_(kept);
      EXPECT_NEAR(flat[i].template item<double>(), (above - under) / (2 * step), tolerance * (1 + greatest)) << "element " << i;
    }
  }
  EXPECT_GT(greatest, 1e-3) << "a gradient of nothing says nothing";
}

}  // namespace ballast::train
