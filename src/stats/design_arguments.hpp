// SPDX-License-Identifier: Apache-2.0
//
// Checks of what the designs of several looks or stages have in common; each
// throws InputError.

#pragma once

#include <cstdint>

namespace ballast::stats {

// A design takes time like its greatest number of samples; more are refused.
inline constexpr std::uint64_t most_designed = 100'000'000;

// From here on no product of the probabilities that count underflows.
inline constexpr double least_designed_alpha = 1e-100;

void require_designed_alpha(double alpha);  // least_designed_alpha <= alpha < 1
void require_most(std::uint64_t most);      // 0 < most <= most_designed
void require_step(std::uint64_t step);      // 0 < step <= most_trials

// The number, rounded up to a multiple of the step. Requires both at most most_trials, step > 0.
constexpr std::uint64_t in_whole_steps(std::uint64_t number, std::uint64_t step) { return (number + step - 1) / step * step; }

}  // namespace ballast::stats
