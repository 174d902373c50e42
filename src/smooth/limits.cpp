// SPDX-License-Identifier: Apache-2.0

#include "limits.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {

void check_sigma_and_alpha(double sigma, double alpha) {
  require(std::isfinite(sigma) && sigma > 0, fmt::format("sigma = {}: must be above 0 (pixels are in [0, 1])", sigma));
  require(alpha > 0 && alpha < 1, fmt::format("alpha = {}: must lie between 0 and 1 (not included)", alpha));
}

void check_samples(const char* name, std::uint64_t samples) {
  require(samples <= most_samples, fmt::format("{} = {}: at most {} samples of one image can be drawn", name, samples, most_samples));
}

double above(double a, double b) { return b == 0 ? a : std::nextafter(a + b, std::numeric_limits<double>::infinity()); }

}  // namespace ballast::smooth
