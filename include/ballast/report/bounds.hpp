// SPDX-License-Identifier: Apache-2.0
//
// From approximate certified accuracy to what is proved of it: of the images
// in a log, and of the population behind them.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ballast/log/record.hpp"

namespace ballast::report {

// Each certificate in the rows is wrong with probability at most alpha; each
// bound below with probability at most rho. Rows must be chosen before the results.
struct Confidence {
  double alpha = 0.001;
  double rho = 0.001;
};

// 1 - rho in few digits: "0.999"; "1 - 1e-20" where no double is that near to 1.
std::string probability_beside(double rho);

// Lower bounds of the share of images on which the smoothed classifier is right
// within radius r. planned: images, at least as many as there are rows (none: as many): those without a row count as failures, so
// no bound is above what it would be with all of them. Requires at least one row.
struct AccuracyBounds {
  double appendix_d = 0;  // of these images, for one r; Cohen et al. 2019, appendix D
  double inverted = 0;    // of these images, for one r, never below appendix_d
  double uniform = 0;     // of these images, for all r at once
  double population = 0;  // of the images from which these were drawn, for one r
};
AccuracyBounds accuracy_bounds(std::span<const log::Record> rows, double r, const Confidence& confidence,
                               std::optional<std::uint64_t> planned = {});

// Lower bounds of the mean radius within which the smoothed classifier is
// right, of the planned images. largest: the largest radius that could have been certified; without it nothing is known of the population,
// nor where images have no row.
struct RadiusBounds {
  double test_set = 0;    // of these images: the rows that may be wrong counted as 0, the largest ones
  double population = 0;  // of the images from which these were drawn; 0 where there is only one row
};
RadiusBounds radius_bounds(std::span<const log::Record> rows, std::optional<double> largest, const Confidence& confidence,
                           std::optional<std::uint64_t> planned = {});

}  // namespace ballast::report
