// SPDX-License-Identifier: Apache-2.0
//
// Clopper-Pearson bounds: found by Newton's method, then moved outwards until
// an enclosure of the tail proves them.

#include <cmath>
#include <limits>

#include "arguments.hpp"
#include "ballast/stats/binomial.hpp"
#include "binomial_tail.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

constexpr int most_newton_steps = 200;
constexpr int bisections = 48;

// No root is further than this below the log-odds of k/n: at that distance
// Chernoff's bound is below exp(-798), less than the least positive double.
constexpr long double widest_log_odds = 800;

Chance chance_of_log_odds(long double log_odds) { return {1 / (1 + std::exp(-log_odds)), 1 / (1 + std::exp(log_odds))}; }

// Log-odds at which Chernoff's bound of P(X >= k), hence also the tail itself,
// is at most alpha. Requires k > 0.
long double log_odds_by_chernoff(BinomialCount count, long double log_alpha) {
  const auto successes = static_cast<long double>(count.successes);
  const auto failures = static_cast<long double>(count.trials - count.successes);
  long double high = failures > 0 ? std::log(successes / failures) : std::log(successes) + widest_log_odds;
  long double low = std::log(successes / (failures + 1)) - widest_log_odds;
  for (int i = 0; i < bisections; ++i) {
    const long double middle = (low + high) / 2;
    const bool small = -binomial_deviance(count.successes, count.trials, chance_of_log_odds(middle)) <= log_alpha;
    (small ? low : high) = middle;
  }
  return low;
}

// The chance at which P(X >= k) is nearly alpha. The logarithm of that tail is a
// concave function of the log-odds (it is the distribution function of a
// log-concave density), so Newton's method climbs from Chernoff's point to the
// root and never passes it, but for rounding. Requires k > 0.
Chance chance_at_bound(BinomialCount count, double alpha) {
  const auto successes = static_cast<long double>(count.successes);
  const long double log_alpha = std::log(static_cast<long double>(alpha));
  long double log_odds = log_odds_by_chernoff(count, log_alpha);
  for (int i = 0; i < most_newton_steps; ++i) {
    const Chance chance = chance_of_log_odds(log_odds);
    const long double tail = upper_tail(count.successes, count.trials, chance).most;
    const long double mass = binomial_mass(count.successes, count.trials, chance).value;
    const long double slope = successes * chance.failure * mass / tail;  // d ln P(X >= k) / d log-odds
    const long double step = (log_alpha - std::log(tail)) / slope;
    if (!(step > 4 * std::numeric_limits<long double>::epsilon() * (1 + std::abs(log_odds)))) break;
    log_odds += step;
  }
  return chance_of_log_odds(log_odds);
}

// Whether P(X >= k) <= alpha is certain at this chance: then the proportion of
// success is not above the Clopper-Pearson bound.
bool tail_is_within(BinomialCount count, Chance chance, double alpha) {
  return upper_tail(count.successes, count.trials, chance).most <= static_cast<long double>(alpha);
}

}  // namespace

double lower_confidence_bound(BinomialCount count, double alpha) {
  require_count(count);
  require_alpha(alpha);
  if (count.successes == 0) return 0;
  const auto start = static_cast<double>(chance_at_bound(count, alpha).success);
  return nudged_down(start, [&](double p) { return tail_is_within(count, chance_of_success(p), alpha); });
}

double upper_failure_bound(BinomialCount count, double alpha) {
  require_count(count);
  require_alpha(alpha);
  if (count.successes == 0) return 1;
  const auto start = static_cast<double>(chance_at_bound(count, alpha).failure);
  return nudged_up(start, 1, [&](double q) { return tail_is_within(count, chance_of_failure(q), alpha); });
}

double upper_confidence_bound(BinomialCount count, double alpha) {
  require_count(count);
  return upper_failure_bound({count.trials - count.successes, count.trials}, alpha);
}

}  // namespace ballast::stats
