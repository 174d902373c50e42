// SPDX-License-Identifier: Apache-2.0
//
// What a cascade certifies: this class or none within the radius, and never another.

#include "ballast/verify/cascade.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "exact_networks.hpp"
#include "sample_networks.hpp"

namespace ballast::verify::cascade_test {
namespace {

using testing::ExactNetwork;
using testing::Rows;
using Random = std::mt19937_64;

Verifier of(const graph::Graph& graph, int inputs, Method method) { return {graph, {1, 1, inputs}, method}; }

// Scores weights x + bias.
Verifier linear_model(const Rows& weights, const std::vector<double>& bias) {
  ExactNetwork network(static_cast<std::int64_t>(weights.front().size()));
  network.linear(weights, bias);
  return of(network.finish(), static_cast<int>(weights.front().size()), Method::lipschitz);
}

CascadeAnswer answer(const std::vector<Verifier>& models, const std::vector<double>& image, double radius) {
  std::vector<const Verifier*> pointers;
  for (const Verifier& model : models) pointers.push_back(&model);
  return answer_of_cascade(pointers, image, radius);
}

// Mangal et al. 2023: the first model is the sign of x and the second always says "minus" (class 1). At 0.9 the first certifies nothing
// within 1 and the second its "minus"; at 1.2, which is nearer than 1, the first certifies "plus".
TEST(Cascade, CertifiesNoClassThatAnotherModelOverrulesNearby) {
  std::vector<Verifier> models;
  models.push_back(linear_model({{1}, {-1}}, {0, 0}));
  models.push_back(linear_model({{0}, {0}}, {0, 1}));
  const CascadeAnswer here = answer(models, {0.9}, 1), there = answer(models, {1.2}, 1);
  EXPECT_EQ(here.label, 1);
  EXPECT_EQ(here.certified_by, 2u);
  EXPECT_FALSE(here.is_certified);
  EXPECT_EQ(there.label, 0);
  EXPECT_EQ(there.certified_by, 1u);
  EXPECT_FALSE(there.is_certified);
  const CascadeAnswer agreed = answer(models, {-0.9}, 1);  // both say "minus", and one certifies it
  EXPECT_EQ(agreed.label, 1);
  EXPECT_TRUE(agreed.is_certified);
}

TEST(Cascade, AnswersByTheFirstModelWhereNoneCertifies) {
  std::vector<Verifier> models;
  models.push_back(linear_model({{1}, {-1}}, {0, 0}));
  models.push_back(linear_model({{-1}, {1}}, {0, 0}));
  const CascadeAnswer here = answer(models, {0.1}, 1);
  EXPECT_EQ(here.label, 0);
  EXPECT_EQ(here.certified_by, 0u);
  EXPECT_FALSE(here.is_certified);
}

Rows random_rows(int rows, int columns, Random& random) {
  std::uniform_real_distribution<double> weight(-1, 1);
  Rows result(static_cast<std::size_t>(rows), std::vector<double>(static_cast<std::size_t>(columns)));
  for (auto& row : result) {
    for (double& value : row) value = std::round(weight(random) * 1e4) / 1e4;
  }
  return result;
}

std::vector<double> point_within(const std::vector<double>& centre, double radius, Random& random) {
  std::normal_distribution<double> normal;
  std::vector<double> point(centre.size());
  double length = 0;
  for (double& value : point) value = normal(random), length += value * value;
  // Near the sphere, where another class is likeliest.
  const double reach = radius * std::sqrt(std::uniform_real_distribution<double>(0.5, 1)(random)) * (1 - 1e-9) / std::sqrt(length);
  for (std::size_t i = 0; i < point.size(); ++i) point[i] = centre[i] + reach * point[i];
  return point;
}

// Of 100,000 points within certified balls of small cascades, how many are certified as another class: none may be. That the looser rule
// has some, shows that they are looked for where they are.
TEST(Cascade, IsNeverCertifiedAsAnotherClassWithinTheRadius) {
  Random random(17);
  int points = 0, false_certificates = 0, false_by_the_looser_rule = 0;
  while (points < 100'000) {
    std::vector<Verifier> models;
    for (int m = 0; m < 3; ++m) models.push_back(linear_model(random_rows(3, 2, random), random_rows(1, 3, random)[0]));
    const double radius = std::uniform_real_distribution<double>(0.1, 0.5)(random);
    for (int i = 0; i < 200; ++i) {
      std::uniform_real_distribution<double> pixel(-1, 2);
      const std::vector<double> image{pixel(random), pixel(random)};
      const CascadeAnswer here = answer(models, image, radius);
      if (here.certified_by == 0) continue;
      for (int k = 0; k < 10; ++k) {
        const CascadeAnswer there = answer(models, point_within(image, radius, random), radius);
        const bool another = there.certified_by > 0 && there.label != here.label;
        false_by_the_looser_rule += another;
        false_certificates += another && here.is_certified;
        ++points;
      }
    }
  }
  EXPECT_EQ(false_certificates, 0);
  EXPECT_GT(false_by_the_looser_rule, 100);
}

// The same with activations, by lines.
TEST(Cascade, OfNetworksIsNeverCertifiedAsAnotherClassEither) {
  Random random(18);
  int certified = 0;
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    std::vector<Verifier> models;
    for (std::uint32_t m = 0; m < 2; ++m)
      models.emplace_back(testing::dense_network(10 * seed + m).graph, ImageShape{1, 1, 6}, Method::crown);
    for (int i = 0; i < 40; ++i) {
      std::vector<double> image(6);
      for (double& pixel : image) pixel = std::uniform_real_distribution<double>(-2, 3)(random);
      constexpr double radius = 0.2;
      const CascadeAnswer here = answer(models, image, radius);
      if (!here.is_certified) continue;
      ++certified;
      for (int k = 0; k < 10; ++k) {
        const CascadeAnswer there = answer(models, point_within(image, radius, random), radius);
        EXPECT_TRUE(there.certified_by == 0 || there.label == here.label);
      }
    }
  }
  EXPECT_GE(certified, 20);
}

}  // namespace
}  // namespace ballast::verify::cascade_test
