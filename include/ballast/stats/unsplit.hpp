// SPDX-License-Identifier: Apache-2.0
//
// One draw that both picks the class and bounds its probability.

#pragma once

#include <cstdint>

namespace ballast::stats {

// k0: the least count of the winner with which an answer is given at all,
// 2 P(Bin(n, 1/2) >= k0) <= alpha. n + 1 where there is none.
// Throws InputError unless 0 < alpha < 1 and 0 < n <= most_trials.
std::uint64_t unsplit_least_count(std::uint64_t samples, double alpha);

// 1 - L'(k): with probability at least 1 - alpha over the draws, for the class
// with the most votes (k of them, k >= k0), an upper bound of the probability
// of every other answer: L'(k) = inf{p >= 1/2 : P_p(X >= k) + P_{1-p}(X >= k0) > alpha}.
// Never rounded down; 1/2 or more where k < k0 (then nothing is claimed).
double unsplit_failure_bound(std::uint64_t winner_count, std::uint64_t samples, double alpha);

}  // namespace ballast::stats
