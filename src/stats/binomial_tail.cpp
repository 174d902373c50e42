// SPDX-License-Identifier: Apache-2.0
//
// Sums of binomial outcomes from the cut outwards, away from the mean.

#include "binomial_tail.hpp"

#include <algorithm>
#include <limits>

#include "rounding.hpp"

namespace ballast::stats {
namespace {

// What is not summed is bounded, and is smaller than this part of the sum.
constexpr long double negligible = long_epsilon;

// Covers what may have underflowed.
constexpr long double underflow = std::numeric_limits<long double>::min();

// P(X >= k) for k at or above the mean: there each outcome is less likely than
// the one before by a growing factor, so what follows a term is at most a
// geometric series. Requires np <= k <= n, k > 0, 0 < p < 1.
Enclosure far_tail(std::uint64_t k, std::uint64_t n, Chance chance) {
  const Mass first = binomial_mass(k, n, chance);
  const long double odds = chance.success / chance.failure;
  auto above = static_cast<long double>(k + 1);
  auto left = static_cast<long double>(n - k);
  long double sum = first.value;
  long double term = first.value;
  long double rest = 0;
  long double steps = 1;
  for (; left > 0; ++above, --left, ++steps) {
    const long double ratio = left * odds / above;  // at most 1, but for the rounding of np
    rest = ratio < 1 ? term * ratio / (1 - ratio) : std::numeric_limits<long double>::max();
    if (rest <= negligible * sum) break;
    term *= ratio;
    sum += term;
    rest = 0;
  }
  const long double error = first.relative_error + step_error * steps;
  return {std::max(0.0L, sum * (1 - error)), (sum + 2 * rest) * (1 + error) + underflow};
}

// 1 - tail.
Enclosure complement(Enclosure tail) { return {std::max(0.0L, 1 - tail.most - long_epsilon), 1 - tail.least + long_epsilon}; }

Enclosure within_one(Enclosure tail) { return {tail.least, std::min(1.0L, tail.most)}; }

}  // namespace

Enclosure upper_tail(std::uint64_t k, std::uint64_t n, Chance chance) {
  if (k == 0) return {1, 1};
  if (k > n || chance.success == 0) return {0, 0};
  if (chance.failure == 0) return {1, 1};
  if (static_cast<long double>(k) >= static_cast<long double>(n) * chance.success) return within_one(far_tail(k, n, chance));
  return within_one(complement(far_tail(n - k + 1, n, chance.swapped())));
}

Enclosure lower_tail(std::uint64_t k, std::uint64_t n, Chance chance) {
  return k >= n ? Enclosure{1, 1} : upper_tail(n - k, n, chance.swapped());
}

}  // namespace ballast::stats
