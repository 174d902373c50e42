// SPDX-License-Identifier: Apache-2.0
//
// Checks of arguments that several functions share; each throws InputError.

#pragma once

#include "ballast/stats/binomial.hpp"

namespace ballast::stats {

void require_alpha(double alpha);              // 0 < alpha < 1
void require_proportion(double p);             // 0 <= p <= 1
void require_trials(std::uint64_t trials);     // 0 < trials <= most_trials
void require_count(BinomialCount count);       // usable trials, successes <= trials
void require_sigma(double sigma);              // 0 < sigma < infinity
void require_ordered(double p_a, double p_b);  // 0 <= p_b <= p_a < 1 and p_a > 0

}  // namespace ballast::stats
