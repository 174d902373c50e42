// SPDX-License-Identifier: Apache-2.0
//
// From certificates that are each wrong with probability at most alpha to
// statements about a whole test set, or the population it was drawn from, that
// are wrong with probability at most rho.
//
// All need the images and their number chosen before the results, and noise
// that is not shared between images.

#pragma once

#include <cstdint>
#include <span>

namespace ballast::stats {

struct TestSet {
  std::uint64_t images = 0;     // m
  std::uint64_t certified = 0;  // Y: of these, correct with at least the radius in question
};

// All functions throw InputError unless 0 < alpha < 1 (bernstein_bound: alpha <= 1/2), 0 < rho < 1,
// 0 < images <= most_trials and certified <= images. Bounds are never rounded up, and never below 0.

// Appendix D of Cohen, Rosenfeld and Kolter 2019 (Bernstein's inequality), for one radius: lower bound of the
// share of test images on which the smoothed classifier is truly right within the radius:
// (Y/m - alpha - sqrt(2 alpha (1 - alpha) ln(1/rho) / m) - ln(1/rho) / (3m)) / (1 - alpha).
double bernstein_bound(const TestSet& set, double alpha, double rho);

// q: with probability at least 1 - rho at most so many of m certificates are wrong; the least q with
// P(Bin(m, alpha) > q) <= rho.
std::uint64_t most_wrong(std::uint64_t images, double alpha, double rho);

// (Y - q)/m: the same share, for all radii at once.
double uniform_bound(const TestSet& set, double alpha, double rho);

// m - b* where b* = max{b : P(Bin(b, alpha) >= Y - m + b) > rho}, over m: the same share, for one radius; never below bernstein_bound
// where that is exact.
double inverted_bound(const TestSet& set, double alpha, double rho);

// (LowerConfBound(Y, m, 1 - rho) - alpha) / (1 - alpha), for one radius: lower bound of the share in the population that
// the images were drawn from, independently and unseen in tuning.
double population_bound(const TestSet& set, double alpha, double rho);

// An interval that holds the mean of the population with probability at least 1 - rho (each side by itself 1 - rho/2), for independent
// values in [low, high]: Maurer and Pontil 2009, theorem 4. Throws InputError unless there are two values or more, all within.
struct Interval {
  double low = 0, high = 0;
};
Interval mean_interval(std::span<const double> values, double low, double high, double rho);

// The lower side of that alone, at 1 - rho.
double mean_lower_bound(std::span<const double> values, double low, double high, double rho);

}  // namespace ballast::stats
