// SPDX-License-Identifier: Apache-2.0
//
// A radius to a tolerance: a pilot chooses how many samples the radius is
// worth, and conditional error keeps the level exact in spite of that choice.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ballast/core/noise.hpp"

namespace ballast::stats {

struct TwoStageDesign {
  double tolerance = 0.05;       // wanted: at least (1 - tolerance) times the radius that `most` samples would give; in (0, 1)
  double alpha = 0.001;          // allowed probability of a radius that is too large
  std::uint64_t most = 100'000;  // N
  std::uint64_t step = 1;        // sizes are multiples of this, but for `most`
  std::uint64_t pilot = 300;     // n1, rounded up to a multiple of step
  Smoothing smoothing;           // the law that turns a probability into a radius
  double noise_error = 0;        // how far a probability under the noise drawn can lie from the exact law's
};

// A fixed grid of radii r_0 = 0 < r_1 < ..., whose nulls p <= p*(r_i) are tested in order.
// Safe to use from several threads at once.
class TwoStageTest {
 public:
  // Throws InputError where a value of the design is not allowed.
  explicit TwoStageTest(const TwoStageDesign& design);
  ~TwoStageTest();
  TwoStageTest(TwoStageTest&&) noexcept;

  const std::vector<double>& radii() const;
  std::uint64_t pilot() const;

  // All samples, the pilot's included, after so many failures in the pilot.
  std::uint64_t total(std::uint64_t pilot_failures) const;

  // How many nulls, from the first on, are rejected one after another:
  // the certified radius is that of the last, and 0 means abstaining.
  // second_failures: among the samples after the pilot.
  std::size_t rejected(std::uint64_t pilot_failures, std::uint64_t second_failures) const;

 private:
  struct Levels;
  std::unique_ptr<Levels> levels_;
};

}  // namespace ballast::stats
