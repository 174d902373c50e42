// SPDX-License-Identifier: Apache-2.0
//
// Attacks on classifiers whose distance to the boundary is known.

#include "ballast/attack/attacker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "attack_fixtures.hpp"
#include "ballast/attack/procedure.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/stats/normal.hpp"

namespace ballast::attack::attacker_test {
namespace {

constexpr ImageShape grey{1, 8, 8};
constexpr std::uint64_t seed = 11;

// A half-space, and a grey image of class 0 at a known distance from class 1.
struct HalfSpace {
  std::vector<double> w = arbitrary_values(grey.size(), 3);
  double distance;
  graph::Graph graph;
  std::unique_ptr<model::Classifier> classifier;
  Image image = grey_image(grey, 128);

  explicit HalfSpace(double wanted) : distance(wanted) {
    for (double& value : w) value = static_cast<double>(static_cast<float>(value));
    double b = -distance * length_of(w);
    for (const double value : w) b -= value * 128 / 255;
    graph = half_space(w, b, grey);
    classifier = classifier_of(graph, grey);
  }
};

double cosine(const Perturbed& moved, const HalfSpace& at) {
  double along = 0, length = 0;
  const std::vector<float> pixels = moved.image.unit_pixels();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const double shift = static_cast<double>(pixels[i]) - 128.0 / 255;
    along += shift * at.w[i];
    length += shift * shift;
  }
  return along / std::sqrt(length) / length_of(at.w);
}

smooth::Prediction answer_to(const Perturbed& moved, const HalfSpace& at, const noise::NoisyWriter* noise) {
  smooth::ThreadPool pool(*at.classifier, 1);
  return judged({noise, {}}, pool, moved.image, seed, 0);
}

TEST(PlainAttack, GoesStraightToTheBoundaryAndCrossesItJustBehind) {
  for (const double distance : {0.05, 0.3, 1.0}) {
    const HalfSpace at(distance);
    smooth::ThreadPool pool(*at.classifier, 1);
    const Attacker attacker(at.graph, *at.classifier, {}, {}, {});
    const Perturbed before = attacker.perturb(pool, at.image, 0, distance * 0.999, seed, 0);
    const Perturbed behind = attacker.perturb(pool, at.image, 0, distance * 1.001, seed, 0);
    EXPECT_EQ(answer_to(before, at, nullptr).label, 0) << distance;
    EXPECT_EQ(answer_to(behind, at, nullptr).label, 1) << distance;
    EXPECT_LE(behind.distance, distance * 1.001);
    EXPECT_GE(behind.distance, distance * 1.00099);
    EXPECT_GT(cosine(behind, at), 1 - 1e-6) << distance;
    EXPECT_FALSE(behind.image.is_8bit());
  }
}

TEST(PlainAttack, ReachesNoFurtherThanItsSteps) {
  const HalfSpace at(0.5);
  smooth::ThreadPool pool(*at.classifier, 1);
  const Attacker attacker(at.graph, *at.classifier, {}, {}, {.rate = 0.05, .steps = 6});
  EXPECT_NEAR(attacker.perturb(pool, at.image, 0, 1, seed, 0).distance, 0.3, 1e-6);
}

TEST(PlainAttack, KeepsPixelsInRange) {
  const HalfSpace at(0.5);
  smooth::ThreadPool pool(*at.classifier, 1);
  const Attacker attacker(at.graph, *at.classifier, {}, {}, {.rate = 1e6, .steps = 1});
  const Perturbed moved = attacker.perturb(pool, at.image, 0, 2e6, seed, 0);  // the whole cube
  for (std::size_t i = 0; i < grey.size(); ++i) EXPECT_EQ(moved.image.unit_pixels()[i], at.w[i] > 0 ? 1 : 0) << i;
}

// The first pixel, which matters most, is white after two steps; what it may no longer do, the second does.
TEST(PlainAttack, UsesTheRoomThatFullPixelsLeave) {
  const ImageShape pair{1, 1, 2};
  const graph::Graph graph = half_space({10, 1}, -100, pair);
  const auto classifier = classifier_of(graph, pair);
  smooth::ThreadPool pool(*classifier, 1);
  const Attacker attacker(graph, *classifier, {}, {}, {});
  const Perturbed moved = attacker.perturb(pool, {pair, std::vector<float>{0.875f, 0.5f}}, 0, 0.5, seed, 0);
  EXPECT_EQ(std::get<1>(moved.image.pixels)[0], 1);
  EXPECT_NEAR(std::get<1>(moved.image.pixels)[1], 0.5 + 20 * 0.1 / std::sqrt(101.0), 1e-3);
}

// Theorem 2 of Cohen, Rosenfeld and Kolter 2019: the smoothed half-space is the half-space, so its radius is the distance.
class SmoothedAttack : public ::testing::TestWithParam<std::tuple<NoiseKind, Objective>> {};

TEST_P(SmoothedAttack, SucceedsJustBehindTheRadiusOfAHalfSpaceAndNotWithin) {
  const auto [kind, objective] = GetParam();
  const double sigma = 0.25, radius = 0.5;
  const HalfSpace at(radius);
  const noise::NoisyWriter noise(kind, sigma, at.classifier->affine());
  smooth::ThreadPool pool(*at.classifier, 2);
  const Attacker attacker(at.graph, *at.classifier, {}, Noise{kind, sigma}, {.objective = objective, .copies = 100});
  const Perturbed within = attacker.perturb(pool, at.image, 0, 0.95 * radius, seed, 0);
  const Perturbed behind = attacker.perturb(pool, at.image, 0, 1.05 * radius, seed, 0);
  // At 0.05 radii from the boundary one sample in 2.2 votes otherwise: 10,000 decide at alpha = 0.001 but once in 1e6 times.
  EXPECT_EQ(answer_to(within, at, &noise).label, 0);
  EXPECT_EQ(answer_to(behind, at, &noise).label, 1);
  EXPECT_LE(behind.distance, 1.05 * radius);
  EXPECT_EQ(behind.image.is_8bit(), kind == NoiseKind::grid);
  const double expected = stats::normal_cdf(0.05 * radius / sigma);
  EXPECT_NEAR(static_cast<double>(answer_to(behind, at, &noise).counts.of(1)) / 10'000, expected, 0.03);  // 5 deviations and the grid
}

INSTANTIATE_TEST_SUITE_P(All, SmoothedAttack,
                         ::testing::Combine(::testing::Values(NoiseKind::grid, NoiseKind::gaussian),
                                            ::testing::Values(Objective::mean_loss, Objective::log_mean)));

// The network bends, so that the answer hangs on every draw.
struct Curved {
  ImageShape shape{1, 6, 6};
  graph::Graph graph = curved(shape);
  std::unique_ptr<model::Classifier> classifier = classifier_of(graph, shape);
  Image image = grey_image(shape, 90);

  Image attacked(int threads, std::uint64_t with_seed, std::uint32_t index, const Options& options = {.steps = 4, .copies = 70}) const {
    smooth::ThreadPool pool(*classifier, threads);
    const Attacker attacker(graph, *classifier, {}, Noise{NoiseKind::gaussian, 0.5}, options);
    return attacker.perturb(pool, image, 0, 0.7, with_seed, index).image;
  }
};

TEST(Attacker, ThreadsNeverChangeTheAnswer) {
  const Curved at;
  const auto one = at.attacked(1, seed, 3).pixels;
  for (const int threads : {2, 3}) EXPECT_EQ(at.attacked(threads, seed, 3).pixels, one) << threads;
}

TEST(Attacker, DrawsOtherNoiseForOtherSeedsAndImages) {
  const Curved at;
  const auto one = at.attacked(1, seed, 3).pixels;
  EXPECT_NE(at.attacked(1, seed + 1, 3).pixels, one);
  EXPECT_NE(at.attacked(1, seed, 4).pixels, one);
}

// A pixel drives class 1 only where noise lifts it above 1/2, as half of the draws do: of one draw, half of the pixels.
TEST(Attacker, DrawsAfreshForEachStep) {
  graph::Graph graph;
  graph::ValueId x = graph.add_input("image", {graph::batch, 1, 8, 8});
  const auto half = graph.add_constant("half", {{1, 1, 1, 1}, {0.5f}});
  x = graph.append(graph::Binary{graph::Binary::Kind::subtract}, "threshold", {x, half});
  x = graph.append(graph::Activation{}, "lifted", {x});
  x = graph.append(graph::Reshape{}, "flatten", {x}, {graph::batch, 64});
  std::vector<float> weights(128, 0.0f);
  std::fill(weights.begin() + 64, weights.end(), 0.01f);
  graph.output = graph.append(graph::Linear{}, "classify", {x, graph.add_constant("w", {{2, 64}, weights})});
  const auto classifier = classifier_of(graph, grey);
  smooth::ThreadPool pool(*classifier, 1);
  const auto moved = [&](int steps) {
    const Noise noise{NoiseKind::gaussian, 0.5};
    const Attacker attacker(graph, *classifier, {}, noise, {.rate = 0.001, .steps = steps, .copies = 1});
    const Image image = attacker.perturb(pool, {grey, std::vector<float>(64, 0.5f)}, 0, 1, seed, 0).image;
    const auto& pixels = std::get<1>(image.pixels);
    return std::count_if(pixels.begin(), pixels.end(), [](float pixel) { return pixel > 0.5f; });
  };
  EXPECT_LT(moved(1), 54);   // 5.5 deviations above half of them
  EXPECT_EQ(moved(30), 64);  // each but once in 2^30 times
}

TEST(Attacker, IsDrivenByTheObjectiveAndItsNumbers) {
  const Curved at;
  const auto one = at.attacked(1, seed, 3).pixels;
  EXPECT_NE(at.attacked(1, seed, 3, {.objective = Objective::log_mean, .steps = 4, .copies = 70}).pixels, one);
  EXPECT_NE(at.attacked(1, seed, 3, {.rate = 0.2, .steps = 4, .copies = 70}).pixels, one);
  EXPECT_NE(at.attacked(1, seed, 3, {.steps = 5, .copies = 70}).pixels, one);
  EXPECT_NE(at.attacked(1, seed, 3, {.steps = 4, .copies = 71}).pixels, one);
}

TEST(Attacker, RefusesWhatIsNotAllowed) {
  const Curved at;
  EXPECT_THROW(check({.rate = 0}), InputError);
  EXPECT_THROW(check({.rate = std::nan("")}), InputError);
  EXPECT_THROW(check({.steps = 0}), InputError);
  EXPECT_THROW(check({.copies = 0}), InputError);
  EXPECT_THROW(check({.steps = 1000, .copies = 1u << 30}), InputError);
  EXPECT_THROW(Attacker(at.graph, *at.classifier, {}, Noise{NoiseKind::uniform, 0.5}, {}), InputError);
  const Attacker attacker(at.graph, *at.classifier, {}, Noise{NoiseKind::grid, 0.5}, {.steps = 1, .copies = 1});
  smooth::ThreadPool pool(*at.classifier, 1);
  EXPECT_THROW(attacker.perturb(pool, grey_image(grey, 1), 0, 1, seed, 0), InputError);
  EXPECT_THROW(attacker.perturb(pool, {at.shape, std::vector<float>(at.shape.size())}, 0, 1, seed, 0), InputError);
  EXPECT_THROW(attacker.perturb(pool, at.image, 3, 1, seed, 0), InputError);
  EXPECT_THROW(attacker.perturb(pool, at.image, -1, 1, seed, 0), InputError);
  EXPECT_THROW(attacker.perturb(pool, at.image, 0, 0, seed, 0), InputError);
  EXPECT_THROW(attacker.perturb(pool, at.image, 0, INFINITY, seed, 0), InputError);
}

TEST(Objective, HasAName) {
  for (const Objective objective : {Objective::mean_loss, Objective::log_mean}) EXPECT_EQ(objective_from(to_string(objective)), objective);
  EXPECT_FALSE(objective_from("loss"));
}

}  // namespace
}  // namespace ballast::attack::attacker_test
