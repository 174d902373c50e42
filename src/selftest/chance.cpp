// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "ballast/stats/binomial.hpp"
#include "checks.hpp"

namespace ballast::selftest {

std::uint64_t most_successes(std::uint64_t trials, double p, double level) {
  const double mean = static_cast<double>(trials) * p;
  auto most = static_cast<std::uint64_t>(mean);
  while (most < trials && stats::binomial_upper_tail(most + 1, trials, p) > level) ++most;
  return most;
}

bool is_unlikely(std::uint64_t successes, std::uint64_t trials, double least, double most, double level) {
  // Nearer than four deviations nothing is unlikely enough; leaving it out can only miss, never accuse.
  constexpr double near = 4;
  const double n = static_cast<double>(trials), found = static_cast<double>(successes);
  const auto is_near = [&](double p) { return std::abs(found - n * p) < near * std::sqrt(n * p * (1 - p)); };
  if (is_near(least) || is_near(most) || (found > n * least && found < n * most)) return false;
  return found > n * most ? stats::binomial_upper_tail(successes, trials, most) <= level / 2
                          : stats::binomial_lower_tail(successes, trials, least) <= level / 2;
}

}  // namespace ballast::selftest
