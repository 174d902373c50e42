// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/requirements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::stats {

void require_usable_scale(const Smoothing& smoothing) {
  require(std::isfinite(smoothing.scale) && smoothing.scale > 0,
          fmt::format("{} = {}: must be above 0 (pixels are in [0, 1])", traits(smoothing.law).scale_name, smoothing.scale));
}

void require_usable_alpha(double alpha) {
  require(alpha > 0 && alpha < 1, fmt::format("alpha = {}: must lie between 0 and 1 (not included)", alpha));
}

void require_usable_samples(const char* name, std::uint64_t samples) {
  require(samples <= most_samples, fmt::format("{} = {}: at most {} samples of one image can be drawn", name, samples, most_samples));
}

void require_certifiable(const ClaimSettings& settings, std::uint64_t samples) {
  const std::uint64_t least = least_samples_to_certify(settings.alpha);
  require(samples >= least && largest_radius(settings, samples) > 0,
          fmt::format("n = {}: even a unanimous vote abstains at alpha = {}; at least n = {} samples are needed", samples, settings.alpha,
                      std::max(least, samples + 1)));
}

void require_predictable(double alpha, std::uint64_t samples) {
  const std::uint64_t least = least_samples_to_predict(alpha);
  require(samples >= least,
          fmt::format("n = {}: even a unanimous vote abstains at alpha = {}; at least n = {} samples are needed", samples, alpha, least));
}

}  // namespace ballast::stats
