// SPDX-License-Identifier: Apache-2.0
//
// Whatever is certified must be true: points of the ball, drawn and attacked, never contradict a bound.

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backward.hpp"
#include "ballast/verify/verifier.hpp"
#include "layers.hpp"
#include "sample_graphs.hpp"
#include "sample_networks.hpp"

namespace ballast::verify::soundness_test {
namespace {

using testing::many;
using testing::random_tensor;
using testing::SampleNetwork;

constexpr int images = 5;
constexpr int steps = 60;

// Directions to points of a cube, each of length 1.
at::Tensor directions(std::int64_t count, const Sizes& sizes, std::uint32_t seed) {
  const at::Tensor x = random_tensor(many(count, sizes), seed);
  return x / x.flatten(1).norm(2, 1).reshape(many(count, Sizes(sizes.size(), 1)));
}

// Of each point: the label's score minus the greatest other.
at::Tensor margins(const Layers& layers, const at::Tensor& x, Label label) {
  at::Tensor scores = run(layers, x)[static_cast<std::size_t>(layers.output)].clone();
  const at::Tensor own = scores.select(1, label).clone();
  scores.select(1, label).fill_(-INFINITY);
  return own - scores.amax(1);
}

// The gradient of each margin at one point: the network is linear there.
at::Tensor gradients(const Layers& layers, const at::Tensor& x, Label label) {
  const auto values = run(layers, x);
  const auto pattern = [&](const Layer& layer, const Coefficients& rows) {
    const at::Tensor active = (values[static_cast<std::size_t>(layer.input)] > 0).to(at::kDouble);
    return Passed{Coefficients{rows.a * active, {}, {}}, {}};
  };
  return walk_back(layers, start_at_margins(layers, label), pattern).rows->a;
}

// The least margin on the way down each margin's gradient, projected on the ball.
double attacked(const Layers& layers, const at::Tensor& centre, Label label, double radius) {
  at::Tensor x = centre.expand(many(gradients(layers, centre, label).size(0), layers.sizes_of(layers.input))).clone();
  double least = INFINITY;
  for (int step = 0; step < steps; ++step) {
    for (std::int64_t rival = 0; rival < x.size(0); ++rival) {
      const at::Tensor point = x.slice(0, rival, rival + 1);
      const at::Tensor slope = gradients(layers, point, label).slice(0, rival, rival + 1);
      at::Tensor offset = point - centre - slope * (radius / 4 / std::max(1e-300, slope.norm().item<double>()));
      offset = offset * std::min(1.0, radius / std::max(1e-300, offset.norm().item<double>()));
      point.copy_(centre + offset);
    }
    least = std::min(least, margins(layers, x, label).min().item<double>());
  }
  return least;
}

std::span<const double> pixels(const at::Tensor& image) { return {image.data_ptr<double>(), static_cast<std::size_t>(image.numel())}; }

const std::vector<Method> every_method{Method::crown, Method::wong, Method::lipschitz, Method::ibp, Method::sdp_crown};

// In each of two chunks for each image: 10^6 points in all for the four networks, most on the two that take a moment.
std::int64_t points_for(const SampleNetwork& network) { return network.shape.size() < 10 ? 45'000 : 5'000; }

TEST(Soundness, NoPointOfACertifiedBallHasAnotherLabel) {
  for (const SampleNetwork& network : testing::sample_networks()) {
    const Layers layers = layers_of(network.graph, false, "this test");
    std::vector<Verifier> verifiers;
    for (const Method method : every_method) verifiers.emplace_back(network.graph, network.shape, method);
    for (int i = 0; i < images; ++i) {
      const at::Tensor image = random_tensor(many(1, layers.sizes_of(layers.input)), static_cast<std::uint32_t>(100 + i));
      const Label label = verifiers[0].predict(pixels(image));
      double radius = 0;
      for (const Verifier& verifier : verifiers) radius = std::max(radius, verifier.certified_radius(pixels(image), label));
      ASSERT_GT(radius, 0) << network.name;
      for (const std::uint32_t chunk : {0U, 1U}) {
        const at::Tensor around =
            image + radius * directions(points_for(network), layers.sizes_of(layers.input), 1000 * chunk + static_cast<std::uint32_t>(i));
        EXPECT_GT(margins(layers, around, label).min().item<double>(), 0) << network.name << ", image " << i;
      }
      EXPECT_GT(attacked(layers, image, label, radius), 0) << network.name << ", image " << i;
    }
  }
}

// Also where nothing is certified, and that the attack is one: it breaks what is far above the certificates.
TEST(Soundness, NoPointHasASmallerMarginThanTheBound) {
  int broken = 0;
  for (const SampleNetwork& network : testing::sample_networks()) {
    const Layers layers = layers_of(network.graph, false, "this test");
    for (const double radius : {0.0, 0.01, 0.1, 0.5, 3.0}) {
      const at::Tensor image = random_tensor(many(1, layers.sizes_of(layers.input)), 7);
      const Label label = Verifier(network.graph, network.shape, Method::lipschitz).predict(pixels(image));
      const at::Tensor around = image + radius * directions(2000, layers.sizes_of(layers.input), 11);
      const double found = std::min(margins(layers, around, label).min().item<double>(), attacked(layers, image, label, radius));
      broken += found < 0;
      for (const Method method : every_method) {
        const double bound = Verifier(network.graph, network.shape, method).margin_bound(pixels(image), label, radius);
        EXPECT_LE(bound, found) << network.name << ", " << to_string(method) << ", radius " << radius;
        if (radius == 0) EXPECT_NEAR(bound, found, 1e-7) << to_string(method);  // the slack for rounding, which intervals multiply
      }
    }
  }
  EXPECT_GE(broken, 4);
}

TEST(Soundness, MaxPoolsAreBoundedByIntervalsAndNorms) {
  const SampleNetwork network = testing::pooled_network(5);
  const Layers layers = layers_of(network.graph, true, "this test");
  const at::Tensor image = random_tensor(many(1, layers.sizes_of(layers.input)), 8);
  for (const Method method : {Method::ibp, Method::lipschitz}) {
    const Verifier verifier(network.graph, network.shape, method);
    const Label label = verifier.predict(pixels(image));
    for (const double radius : {0.0, 0.01, 0.2, 1.0}) {
      const at::Tensor around = image + radius * directions(20000, layers.sizes_of(layers.input), 13);
      EXPECT_LE(verifier.margin_bound(pixels(image), label, radius), margins(layers, around, label).min().item<double>());
    }
    EXPECT_GT(verifier.certified_radius(pixels(image), label), 0);
  }
}

}  // namespace
}  // namespace ballast::verify::soundness_test
