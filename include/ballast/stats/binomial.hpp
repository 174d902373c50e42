// SPDX-License-Identifier: Apache-2.0
//
// Exact confidence bounds, tests and tails of a binomial proportion.

#pragma once

#include <cstdint>

namespace ballast::stats {

// The number of successes in independent trials of one unknown probability.
struct BinomialCount {
  std::uint64_t successes = 0;
  std::uint64_t trials = 0;
};

// Sums over binomial outcomes take time like sqrt(trials); more trials than
// this are refused.
inline constexpr std::uint64_t most_trials = 1'000'000'000'000;

// All functions below throw InputError unless 0 < alpha < 1, 0 <= p <= 1,
// 0 < trials <= most_trials and successes <= trials.

// Clopper-Pearson (LowerConfBound in Cohen, Rosenfeld and Kolter 2019): with
// probability at least 1 - alpha over the draws, the returned value is at most
// the true proportion. It is the p with P(Bin(n, p) >= k) = alpha, never
// rounded up; 0 at k = 0.
double lower_confidence_bound(BinomialCount count, double alpha);

// Clopper-Pearson from above: with probability at least 1 - alpha over the
// draws, the returned value is at least the true proportion. It is the p with
// P(Bin(n, p) <= k) = alpha, never rounded down; 1 at k = n.
double upper_confidence_bound(BinomialCount count, double alpha);

// 1 - p_A: with probability at least 1 - alpha over the draws, the returned
// value is at least the true probability of failure. It is the q with
// P(Bin(n, 1 - q) >= k) = alpha, never rounded down, accurate relative to
// itself also when tiny; 1 at k = 0, 1 - alpha^(1/n) at k = n.
double upper_failure_bound(BinomialCount count, double alpha);

// Exact two-sided test of the proportion p (BinomPValue in Cohen, Rosenfeld and
// Kolter 2019): the probability of all outcomes that are no likelier than the
// count; outcomes within a relative 1e-7 of its probability are ties.
// At p = 1/2 it is min(1, 2 P(Bin(n, 1/2) >= max(k, n - k))), exact for a
// unanimous count. Never below the exact value.
double two_sided_p_value(BinomialCount count, double p);

// P(Bin(n, p) >= k), never below the exact value; 0 for k > n.
double binomial_upper_tail(std::uint64_t k, std::uint64_t n, double p);

// P(Bin(n, p) <= k), never below the exact value; 1 for k >= n.
double binomial_lower_tail(std::uint64_t k, std::uint64_t n, double p);

// The least n for which a unanimous vote certifies: alpha^(1/n) > 1/2.
std::uint64_t least_samples_to_certify(double alpha);

// The least n for which a unanimous vote predicts: 2 * 2^-n <= alpha.
std::uint64_t least_samples_to_predict(double alpha);

}  // namespace ballast::stats
