// SPDX-License-Identifier: Apache-2.0

#include "limits.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {

void check_scale(const Smoothing& smoothing) {
  require(std::isfinite(smoothing.scale) && smoothing.scale > 0,
          fmt::format("{} = {}: must be above 0 (pixels are in [0, 1])", scale_name(smoothing.law), smoothing.scale));
}

void check_alpha(double alpha) {
  require(alpha > 0 && alpha < 1, fmt::format("alpha = {}: must lie between 0 and 1 (not included)", alpha));
}

void check_samples(const char* name, std::uint64_t samples) {
  require(samples <= most_samples, fmt::format("{} = {}: at most {} samples of one image can be drawn", name, samples, most_samples));
}

}  // namespace ballast::smooth
