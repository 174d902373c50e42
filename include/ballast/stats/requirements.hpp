// SPDX-License-Identifier: Apache-2.0
//
// What every procedure on votes requires of its numbers, said in one way. All
// throw InputError.

#pragma once

#include <cstdint>

#include "ballast/core/noise.hpp"
#include "ballast/stats/claim.hpp"

namespace ballast::stats {

void require_usable_scale(const Smoothing& smoothing);  // finite and above 0
void require_usable_alpha(double alpha);                // 0 < alpha < 1

// At most most_samples; name: the paper's, for the message.
void require_usable_samples(const char* name, std::uint64_t samples);

// So many samples that a unanimous vote does not abstain.
void require_certifiable(const ClaimSettings& settings, std::uint64_t samples);
void require_predictable(double alpha, std::uint64_t samples);

}  // namespace ballast::stats
