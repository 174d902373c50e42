// SPDX-License-Identifier: Apache-2.0
//
// A radius to a tolerance, whole: a screen of p <= 1/2 that soon gives up
// where there is no radius, then the two-stage test.

#pragma once

#include "ballast/stats/radii_test.hpp"
#include "ballast/stats/two_stage.hpp"

namespace ballast::stats {

// Both hold their level by themselves and their nulls are nested, so the second
// needs no correction where the first has rejected, on the same samples too.
struct ToleranceTest {
  ToleranceTest(const TwoStageDesign& design, double futility);

  RadiiTest screen;
  TwoStageTest stages;
  Smoothing smoothing;

  // The lower bound of the class's probability that goes with the grid's radius.
  double p_lower(std::size_t radius) const;
};

}  // namespace ballast::stats
