// SPDX-License-Identifier: Apache-2.0
//
// A bound on a probability of failure that holds at every number of draws at once.

#pragma once

#include <cstdint>

namespace ballast::stats {

// U_t after t draws of which F failed: with probability at least 1 - alpha over the draws, no U_t, whatever t, is ever below the true
// probability of failure. So one may look after each draw, stop for any reason, and take the least of all bounds that were seen.
//
// It is the largest q0 at which the likelihood of the draws, mixed over all q <= q0 by Jeffreys' prior, is not more than 1 / alpha times
// that at q0 (a nonnegative martingale of mean 1 under q0, and Ville's inequality: Robbins 1970; Howard et al. 2021). 1 where all draws
// failed, and before the first. Never rounded down. Throws InputError unless failures <= draws <= most_trials and 0 < alpha < 1.
double anytime_failure_bound(std::uint64_t draws, std::uint64_t failures, double alpha);

}  // namespace ballast::stats
