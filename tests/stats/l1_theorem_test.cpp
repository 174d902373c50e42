// SPDX-License-Identifier: Apache-2.0
//
// The radii of uniform and of Laplace noise, on classifiers of a plane whose probabilities are exact: no perturbation of an l1 norm below
// the radius brings the class down to one half, and there are classifiers for which one just beyond does.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "ballast/stats/radius.hpp"
#include "tolerances.hpp"

namespace ballast::stats::l1_theorem_test {
namespace {

constexpr double rounding = 1e-12;  // of sums of products of differences
constexpr Smoothing smoothings[] = {{NoiseLaw::uniform, 0.7}, {NoiseLaw::laplace, 0.25}};

// P(e < x).
double distribution(const Smoothing& smoothing, double x) {
  const double scales = x / smoothing.scale;
  if (smoothing.law == NoiseLaw::uniform) return std::clamp((scales + 1) / 2, 0.0, 1.0);
  return scales < 0 ? std::exp(scales) / 2 : 1 - std::exp(-scales) / 2;
}

// Where P(e < x) is this; for 1/2 <= p < 1.
double quantile(const Smoothing& smoothing, double p) {
  return smoothing.law == NoiseLaw::uniform ? smoothing.scale * (2 * p - 1) : -smoothing.scale * std::log(2 * (1 - p));
}

double length_of(const Smoothing& smoothing, double p) { return radius_below(smoothing, std::nextafter(1 - p, 1.0)); }

// A class of cells between cuts of both coordinates.
struct PlaneClass {
  std::vector<double> cuts[2];
  std::vector<bool> belongs;  // of each cell, row by row

  double between(int side, std::size_t cell, double at, const Smoothing& smoothing) const {
    const auto& own = cuts[side];
    const double low = cell == 0 ? -infinite : own[cell - 1], high = cell == own.size() ? infinite : own[cell];
    return distribution(smoothing, high - at) - distribution(smoothing, low - at);
  }

  // P((x, y) + noise is in it).
  double probability(double x, double y, const Smoothing& smoothing) const {
    const std::size_t columns = cuts[1].size() + 1;
    double sum = 0;
    for (std::size_t cell = 0; cell < belongs.size(); ++cell) {
      if (belongs[cell]) sum += between(0, cell / columns, x, smoothing) * between(1, cell % columns, y, smoothing);
    }
    return sum;
  }
};

PlaneClass random_class(std::mt19937_64& random, double scale) {
  std::uniform_real_distribution<double> place(-2 * scale, 2 * scale);
  PlaneClass made;
  std::size_t cells = 1;
  for (auto& cuts : made.cuts) {
    cuts.resize(1 + random() % 4);
    for (double& cut : cuts) cut = place(random);
    std::sort(cuts.begin(), cuts.end());
    cells *= cuts.size() + 1;
  }
  for (std::size_t i = 0; i < cells; ++i) made.belongs.push_back(random() % 4 != 0);
  return made;
}

TEST(TheoremOfL1, NoClassFallsToOneHalfWithinTheRadius) {
  std::mt19937_64 random(9);
  for (const Smoothing& smoothing : smoothings) {
    int certified = 0;
    for (int i = 0; i < 3000; ++i) {
      const PlaneClass some = random_class(random, smoothing.scale);
      const double p = some.probability(0, 0, smoothing);
      if (!(p > 0.5 && p < 1 - rounding)) continue;
      const double radius = 0.999999 * length_of(smoothing, p);
      for (const double share : {0.0, 0.3, 0.5, 1.0}) {
        for (const double x : {-share, share}) {
          for (const double y : {share - 1, 1 - share}) EXPECT_GT(some.probability(x * radius, y * radius, smoothing), 0.5 - rounding);
        }
      }
      ++certified;
    }
    EXPECT_GT(certified, 1000);
  }
}

// A half-plane that points away from the perturbation.
TEST(TheoremOfL1, AHalfPlaneHoldsJustInsideAndBreaksJustOutside) {
  for (const Smoothing& smoothing : smoothings) {
    for (const double p : {0.51, 0.6, 0.9, 0.99, 0.999}) {
      const PlaneClass half{{{quantile(smoothing, p)}, {}}, {true, false}};
      const double radius = length_of(smoothing, p);
      EXPECT_NEAR(half.probability(0, 0, smoothing), p, rounding);
      EXPECT_GT(half.probability(radius * (1 - 1e-6), 0, smoothing), 0.5);
      EXPECT_LT(half.probability(radius * (1 + 1e-6), 0, smoothing), 0.5);
    }
  }
}

// A quarter-plane, or all but one: of a perturbation along both coordinates it is the sum that counts.
TEST(TheoremOfL1, TheSameRadiusInL2WouldBeFalse) {
  for (const Smoothing& smoothing : smoothings) {
    const double p = 0.9, radius = length_of(smoothing, p), along_both = 0.999 * radius / std::sqrt(2.0);
    const double inner = quantile(smoothing, std::sqrt(p)), outer = quantile(smoothing, 1 - std::sqrt(1 - p));
    const PlaneClass quarter{{{inner}, {inner}}, {true, false, false, false}}, rest{{{outer}, {outer}}, {true, true, true, false}};
    for (const PlaneClass& some : {quarter, rest}) {
      EXPECT_NEAR(some.probability(0, 0, smoothing), p, rounding);
      EXPECT_GT(some.probability(radius / 2, radius / 2, smoothing), 0.5);
    }
    EXPECT_LT(std::min(quarter.probability(along_both, along_both, smoothing), rest.probability(along_both, along_both, smoothing)), 0.5);
  }
}

}  // namespace
}  // namespace ballast::stats::l1_theorem_test
