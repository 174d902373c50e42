// SPDX-License-Identifier: Apache-2.0
//
// Messages for arguments that cannot be used.

#include "arguments.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ballast/core/errors.hpp"

namespace ballast::stats {

void require_alpha(double alpha) {
  require(alpha > 0 && alpha < 1, fmt::format("alpha is {}; it must lie strictly between 0 and 1", alpha));
}

void require_proportion(double p) { require(p >= 0 && p <= 1, fmt::format("p is {}; it must lie in [0, 1]", p)); }

void require_trials(std::uint64_t trials) {
  require(trials > 0 && trials <= most_trials, fmt::format("trials is {}; it must be from 1 to {}", trials, most_trials));
}

void require_count(BinomialCount count) {
  require_trials(count.trials);
  require(count.successes <= count.trials,
          fmt::format("successes is {}; it must be at most the number of trials, {}", count.successes, count.trials));
}

void require_sigma(double sigma) {
  require(sigma > 0 && std::isfinite(sigma), fmt::format("sigma is {}; it must be finite and above 0", sigma));
}

void require_ordered(double p_a, double p_b) {
  require(p_a > 0 && p_a < 1, fmt::format("p_a is {}; it must lie strictly between 0 and 1", p_a));
  require(p_b >= 0 && p_b <= p_a, fmt::format("p_b is {}; it must be at least 0 and at most p_a, {}", p_b, p_a));
}

}  // namespace ballast::stats
