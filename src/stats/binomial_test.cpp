// SPDX-License-Identifier: Apache-2.0
//
// The exact two-sided binomial test and the tails, rounded up.

#include "ballast/stats/binomial.hpp"

#include <algorithm>
#include <cmath>

#include "arguments.hpp"
#include "binomial_tail.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

// Two probabilities closer than this (relative) are a tie, as in R's binom.test.
constexpr long double tie_share = 1e-7L;

// 2^(1 - n) is a double up to here.
constexpr std::uint64_t most_exact = 1075;

double two_sided_at_half(BinomialCount count) {
  const std::uint64_t k = std::max(count.successes, count.trials - count.successes);
  if (k == count.trials && k <= most_exact) return std::ldexp(1.0, 1 - static_cast<int>(k));
  return rounded_up(std::min(1.0L, 2 * upper_tail(k, count.trials, chance_of_success(0.5)).most));
}

// P(mean <= Bin(n, p), and the outcome's probability is at most the limit).
// From the mean on outcomes grow less likely, so they are a tail.
long double unlikely_above_mean(std::uint64_t n, Chance chance, long double limit) {
  auto first = static_cast<std::uint64_t>(std::ceil(static_cast<long double>(n) * chance.success));
  std::uint64_t past = n + 1;
  while (first < past) {
    const std::uint64_t middle = first + (past - first) / 2;
    const bool unlikely = binomial_mass(middle, n, chance).value <= limit;
    (unlikely ? past : first) = unlikely ? middle : middle + 1;
  }
  return upper_tail(past, n, chance).most;
}

}  // namespace

double two_sided_p_value(BinomialCount count, double p) {
  require_count(count);
  require_proportion(p);
  if (p == 0) return count.successes == 0 ? 1 : 0;
  if (p == 1) return count.successes == count.trials ? 1 : 0;
  if (p == 0.5) return two_sided_at_half(count);
  const Chance chance = chance_of_success(p);
  const long double limit = binomial_mass(count.successes, count.trials, chance).value * (1 + tie_share);
  const long double above = unlikely_above_mean(count.trials, chance, limit);
  const long double below = unlikely_above_mean(count.trials, chance.swapped(), limit);
  return rounded_up(std::min(1.0L, above + below));  // counts the mean twice only where all outcomes count
}

double binomial_upper_tail(std::uint64_t k, std::uint64_t n, double p) {
  require_trials(n);
  require_proportion(p);
  return rounded_up(upper_tail(k, n, chance_of_success(p)).most);
}

double binomial_lower_tail(std::uint64_t k, std::uint64_t n, double p) {
  require_trials(n);
  require_proportion(p);
  return rounded_up(lower_tail(k, n, chance_of_success(p)).most);
}

}  // namespace ballast::stats
