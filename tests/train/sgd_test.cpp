// SPDX-License-Identifier: Apache-2.0

#include "sgd.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace ballast::train::sgd_test {
namespace {

TEST(Sgd, ShortensLongGradientsTogetherAndLeavesShortOnesAlone) {
  for (const double clip : {0.0, 1.0, 10.0}) {
    at::Tensor a = at::zeros({2}).set_requires_grad(true), b = at::zeros({1}).set_requires_grad(true);
    Sgd sgd({a, b}, 0, 0, clip);
    ((a * at::tensor({2.0f, 4.0f})).sum() + b.sum() * 4).backward();  // of length 6
    sgd.step(1);
    const float share = clip == 1 ? 1.0f / 6 : 1;
    EXPECT_FLOAT_EQ(a[0].item<float>(), -2 * share) << clip;
    EXPECT_FLOAT_EQ(a[1].item<float>(), -4 * share) << clip;
    EXPECT_FLOAT_EQ(b[0].item<float>(), -4 * share) << clip;
  }
}

}  // namespace
}  // namespace ballast::train::sgd_test
