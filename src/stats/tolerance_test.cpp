// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/tolerance_test.hpp"

#include <cmath>

#include "ballast/stats/radius.hpp"

namespace ballast::stats {

ToleranceTest::ToleranceTest(const TwoStageDesign& design, double futility)
    : screen({{0}, design.alpha, design.most, design.step, futility, design.smoothing, design.noise_error}),
      stages(design),
      smoothing(design.smoothing) {}

double ToleranceTest::p_lower(std::size_t radius) const {
  return std::nextafter(1 - doubt_at_radius(smoothing, stages.radii()[radius]), 0.0);
}

}  // namespace ballast::stats
