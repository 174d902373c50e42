// SPDX-License-Identifier: Apache-2.0
//
// Selection and estimation from the same votes.
//
// Why it holds. At most one class has k0 > n/2 votes, so a false claim is
// either about the class A of the highest p, with a bound above p, or about one
// of the others. If p >= 1/2, the others share 1 - p, and P(Bin(n, s) >= k0) is
// convex and 0 at s = 0 on [0, 1/2]: together they win at most as often as one
// class that has all of 1 - p. So a false claim has probability at most
// P_p(X >= k) + P_{1-p}(X >= k0) with the least k that claims more than p, which
// is at most alpha by the definition of L'. If p < 1/2, convexity makes two
// classes of 1/2 the worst case, and k0 is chosen for that one.
//
// Why a single point proves a bound. The slope of P_p(X >= k) is that of
// -P_{1-p}(X >= k0) times a constant and (p / (1 - p))^(k + k0 - n - 1). The power
// does not fall in p, for k + k0 > n, so the sum of the two first falls, then
// rises. At p = 1/2 it is at most alpha: where it is at most alpha at some p, it is
// so all the way from 1/2 to there, and p is not above L'.

#include "ballast/stats/unsplit.hpp"

#include <limits>

#include "arguments.hpp"
#include "ballast/stats/binomial.hpp"
#include "binomial_tail.hpp"

namespace ballast::stats {
namespace {

// Whether P_p(X >= k) + P_{1-p}(X >= k0) <= alpha is certain at p = 1 - q.
bool errors_are_within(BinomialCount winner, std::uint64_t least_count, double q, double alpha) {
  const long double too_high = upper_tail(winner.successes, winner.trials, chance_of_failure(q)).most;
  const long double wrong_class = upper_tail(least_count, winner.trials, chance_of_success(q)).most;
  return (too_high + wrong_class) * (1 + 2 * std::numeric_limits<long double>::epsilon()) <= static_cast<long double>(alpha);
}

// The least double above low for which proved holds, or high. Requires that
// proved holds from some point on.
template <typename Proved>
double least_proved(double low, double high, Proved proved) {
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    (proved(middle) ? high : low) = middle;
  }
}

}  // namespace

std::uint64_t unsplit_least_count(std::uint64_t samples, double alpha) {
  require_trials(samples);
  require_alpha(alpha);
  std::uint64_t first = samples / 2 + 1;
  std::uint64_t past = samples + 1;
  while (first < past) {
    const std::uint64_t middle = first + (past - first) / 2;
    const bool enough = two_sided_p_value({middle, samples}, 0.5) <= alpha;
    (enough ? past : first) = enough ? middle : middle + 1;
  }
  return past;
}

double unsplit_failure_bound(std::uint64_t winner_count, std::uint64_t samples, double alpha) {
  const BinomialCount winner{winner_count, samples};
  require_count(winner);
  const std::uint64_t least_count = unsplit_least_count(samples, alpha);
  if (winner_count < least_count) return 1;
  const auto proved = [&](double q) { return errors_are_within(winner, least_count, q, alpha); };
  const double alone = upper_failure_bound(winner, alpha);  // Clopper-Pearson: with one of the two terms
  if (alone >= 0.5) return alone;                           // only by rounding, where L' is 1/2
  return proved(alone) ? alone : least_proved(alone, 0.5, proved);
}

}  // namespace ballast::stats
