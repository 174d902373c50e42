// SPDX-License-Identifier: Apache-2.0
//
// Messages for designs that cannot be used.

#include "design_arguments.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::stats {

void require_designed_alpha(double alpha) {
  require(alpha >= least_designed_alpha && alpha < 1,
          fmt::format("alpha is {}; it must be at least {} and below 1", alpha, least_designed_alpha));
}

void require_most(std::uint64_t most) {
  require(most > 0 && most <= most_designed, fmt::format("n is {}; it must be from 1 to {}", most, most_designed));
}

void require_step(std::uint64_t step) {
  require(step > 0 && step <= most_trials, fmt::format("step is {}; it must be from 1 to {}", step, most_trials));
}

}  // namespace ballast::stats
