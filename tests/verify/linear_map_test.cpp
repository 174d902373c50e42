// SPDX-License-Identifier: Apache-2.0
//
// Every operation as a linear map plus a constant: forward, backward, by windows, and its norm.

#include "linear_map.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <variant>
#include <vector>

#include "backward.hpp"
#include "graph/interpreter.hpp"
#include "layers.hpp"
#include "lipschitz.hpp"
#include "matrix_product.hpp"
#include "operator_norm.hpp"
#include "sample_graphs.hpp"
#include "whole_matrix_norm.hpp"

namespace ballast::verify::linear_map_test {
namespace {

using testing::AffineCase;
using testing::many;
using testing::random_tensor;

constexpr double rounding = 1e-11;  // of values of at most 100, sums of a few hundred products

double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

class Affine : public ::testing::TestWithParam<AffineCase> {
 protected:
  graph::Graph graph() const {
    testing::Network network(GetParam().input);
    GetParam().build(network);
    return network.finish();
  }
  Layers layers() const { return layers_of(graph(), false, "this test"); }

  static at::Tensor output(const Layers& layers, const at::Tensor& x) { return run(layers, x)[static_cast<std::size_t>(layers.output)]; }
};

TEST_P(Affine, LayersComputeWhatTheGraphMeans) {
  const graph::Graph tested = graph();
  const Layers converted = layers();
  const at::Tensor x = random_tensor(many(3, converted.sizes_of(converted.input)), 1);
  graph::testing::Array input{{x.sizes().begin(), x.sizes().end()}, {x.data_ptr<double>(), x.data_ptr<double>() + x.numel()}};
  const auto expected = graph::testing::Interpreter(tested, input).output().values;
  const at::Tensor actual = output(converted, x).contiguous();
  ASSERT_EQ(static_cast<std::size_t>(actual.numel()), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual.data_ptr<double>()[i], expected[i], rounding);
}

// <y, f(x)> = <A, x> + c, where A and c are what y becomes on the way back.
TEST_P(Affine, WalkingBackIsTheAdjointAndTheConstant) {
  const Layers converted = layers();
  const at::Tensor x = random_tensor(many(1, converted.sizes_of(converted.input)), 2);
  const at::Tensor y = random_tensor(many(5, converted.sizes_of(converted.output)), 3);
  const at::Tensor none = at::zeros({5}, at::kDouble);
  const Start start{converted.output, {y, {}, {}}, {none, none}};
  const Arrival arrival = walk_back(converted, start, stopping([](const Layer&, const Coefficients&) { FAIL(); }));
  ASSERT_TRUE(arrival.rows);
  const at::Tensor forward = (y * output(converted, x)).flatten(1).sum(1);
  const at::Tensor backward = (arrival.rows->a * x).flatten(1).sum(1) + arrival.constant.sum;
  EXPECT_LT(largest(forward - backward), rounding);
}

TEST_P(Affine, EachMapsAdjointIsItsTranspose) {
  for (const Layer& layer : layers().layers) {
    for (const Term& term : layer.terms) {
      const at::Tensor x = random_tensor(many(1, term.map.in), 4), y = random_tensor(many(1, term.map.out), 5);
      const double forward = (apply(term.map, x) * y).sum().item<double>();
      EXPECT_NEAR(forward, (x * apply_adjoint(term.map, y)).sum().item<double>(), rounding);
    }
  }
}

// Single elements of feature maps are walked back in windows; that must be the same as whole rows.
TEST_P(Affine, WindowsOfSingleElementsAreTheirWholeRows) {
  const Layers converted = layers();
  const Sizes& sizes = converted.sizes_of(converted.output);
  const std::int64_t count = elements(sizes);
  const AtActivation stop = stopping([](const Layer&, const Coefficients&) { FAIL(); });
  const Arrival arrival = walk_back(converted, start_at_elements(converted, converted.output, at::arange(count, at::kLong), -2), stop);
  const Start whole_start{converted.output,
                          {(at::eye(count, at::kDouble) * -2).reshape(many(count, sizes)), {}, {}},
                          {at::zeros({count}, at::kDouble), at::zeros({count}, at::kDouble)}};
  const Arrival expected = walk_back(converted, whole_start, stop);
  EXPECT_LT(largest(whole(*arrival.rows, converted.sizes_of(converted.input)).a - expected.rows->a), rounding);
  EXPECT_LT(largest(arrival.constant.sum - expected.constant.sum), rounding);
}

// The whole matrix' greatest singular value is the norm; a bound is never below it.
TEST_P(Affine, NormBoundsAreNotBelowTheNorm) {
  for (const Layer& layer : layers().layers) {
    for (const Term& term : layer.terms) {
      const std::int64_t count = elements(term.map.out);
      const at::Tensor matrix = apply_adjoint(term.map, at::eye(count, at::kDouble).reshape(many(count, term.map.out))).flatten(1);
      const double norm = at::linalg_svdvals(matrix).max().item<double>(), bound = norm_bound(term.map);
      EXPECT_GE(bound, norm * (1 - 1e-12));
      EXPECT_LE(bound, norm * 1.7);  // the images are tiny, so a torus is far from them
      const double tight = whole_matrix_norm(term.map, bound);
      EXPECT_GE(tight, norm * (1 - 1e-12));
      EXPECT_LE(tight, norm * 1.002);
    }
  }
}

TEST_P(Affine, NoTwoPointsAreFurtherApartThanTheLipschitzBoundAllows) {
  const Layers converted = layers();
  for (const Effort effort : {Effort::quick, Effort::tight}) {
    const double bound = lipschitz_bounds(converted, effort)[static_cast<std::size_t>(converted.output)];
    const at::Tensor a = random_tensor(many(500, converted.sizes_of(converted.input)), 6),
                     b = random_tensor(many(500, converted.sizes_of(converted.input)), 7);
    const at::Tensor moved = (output(converted, a) - output(converted, b)).flatten(1).square().sum(1).sqrt();
    const at::Tensor distance = (a - b).flatten(1).square().sum(1).sqrt();
    EXPECT_LE(at::Tensor(moved / distance).max().item<double>(), bound);
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, Affine, ::testing::ValuesIn(testing::affine_cases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(LinearMap, ChainsOfScalesAndLayersBecomeOneMap) {
  testing::Network network({graph::batch, 3, 8, 8});
  testing::binary(network, graph::Binary::Kind::subtract, {3, 1, 1});
  testing::binary(network, graph::Binary::Kind::divide, {3, 1, 1});
  network.convolution(4, 3);
  network.batch_norm();
  const Layers layers = layers_of(network.finish(), false, "this test");
  ASSERT_EQ(layers.layers.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Convolve>(layers.layers[0].terms[0].map.kind));
}

// On an image that is large beside the kernel, the torus is close to the image.
TEST(OperatorNorm, OfConvolutionsIsCloseToTheTrueOne) {
  for (const std::int64_t stride : {1, 2, 3}) {
    testing::Network network({graph::batch, 2, 24, 25}, static_cast<std::uint32_t>(stride));
    network.convolution(3, 3, false, 1, stride);
    const Layers layers = layers_of(network.finish(), false, "this test");
    const LinearMap& map = layers.layers[0].terms[0].map;
    at::Tensor x = random_tensor(many(1, map.in), 8);
    double norm = 0;
    for (int i = 0; i < 400; ++i) {
      x = apply_adjoint(map, apply(map, x / x.norm()));
      norm = std::sqrt(x.norm().item<double>());
    }
    EXPECT_GE(norm_bound(map), norm);
    EXPECT_LE(norm_bound(map), norm * 1.02);
  }
}

// Diagonal matrices, whose norm is known, and one whose estimate the power iteration starts at 0 for.
TEST(OperatorNorm, OfDenseLayersIsTheGreatestSingularValue) {
  at::Tensor matrix = at::zeros({5, 300}, at::kDouble);
  for (std::int64_t i = 0; i < 5; ++i) matrix.select(0, i).select(0, 7 * i).fill_(i == 3 ? -8.0 : 1.0);
  EXPECT_GE(largest_singular_value(matrix), 8);
  EXPECT_NEAR(largest_singular_value(matrix), 8, 1e-11);
  EXPECT_NEAR(largest_singular_value(matrix.t()), 8, 1e-11);
  const LinearMap map{{300}, {5}, Dense{matrix}};
  EXPECT_GE(whole_matrix_norm(map, 100), 8);
  EXPECT_EQ(whole_matrix_norm(map, 8), 8);  // never above the bound that is known
}

TEST(OperatorNorm, OfPoolsMeansAndMaxPools) {
  testing::Network network({graph::batch, 2, 6, 6});
  testing::average_pool(network, {3, 2}, {3, 2}, {0, 0, 0, 0}, false);
  EXPECT_NEAR(norm_bound(layers_of(network.finish(), false, "this test").layers[0].terms[0].map), std::sqrt(1.0 / 6), 1e-12);
  graph::Pool pool;
  pool.kernel = {3, 3}, pool.strides = {2, 2};
  EXPECT_NEAR(norm_bound(pool), 2, 1e-12);
}

TEST(MatrixProduct, IsTheProductForAnySizes) {
  for (const auto& [m, k, n] :
       std::vector<std::array<std::int64_t, 3>>{{1, 1, 1}, {6, 256, 8}, {7, 257, 9}, {200, 3, 17}, {97, 600, 130}, {300, 300, 90}}) {
    const at::Tensor a = random_tensor({m, k}, 9), b = random_tensor({k, n}, 10);
    EXPECT_LT(largest(matrix_product(a, b) - a.matmul(b)), rounding);
    EXPECT_LT(largest(matrix_product(b.t(), a.t()) - b.t().matmul(a.t())), rounding);
  }
}

}  // namespace
}  // namespace ballast::verify::linear_map_test
