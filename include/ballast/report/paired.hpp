// SPDX-License-Identifier: Apache-2.0
//
// Two models on the same images.

#pragma once

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "ballast/log/record.hpp"
#include "ballast/stats/test_set.hpp"

namespace ballast::report {

// A quantity of both logs, and an interval that holds the difference a - b in
// the population from which the images were drawn with probability at least 1 - rho.
struct Difference {
  double a = 0, b = 0;
  stats::Interval interval{-std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::infinity()};  // all, where values have no known bound
};

struct AccuracyDifference : Difference {
  double radius = 0;
  // Of the exact sign test on the images that only one of both certifies: that neither model is better.
  double p_value = 1;
};

struct Comparison {
  std::size_t images = 0;
  std::vector<AccuracyDifference> accuracy;  // one a radius
  Difference mean_radius;
};

// largest_a, largest_b: the largest radius that each log could have certified, if known: the greatest that is there is no such bound. cap:
// mean radii are of radii cut at this one, chosen before the results. Throws InputError, saying where, unless both logs hold the same
// images with the same labels, two or more.
Comparison compare(std::span<const log::Record> a, std::span<const log::Record> b, std::span<const double> radii,
                   std::optional<double> largest_a, std::optional<double> largest_b, double rho, std::optional<double> cap = {});

}  // namespace ballast::report
