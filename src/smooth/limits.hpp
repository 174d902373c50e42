// SPDX-License-Identifier: Apache-2.0
//
// What the procedures on votes all require.

#pragma once

#include <cstdint>

#include "ballast/core/noise_law.hpp"

namespace ballast::smooth {

// Samples of one image that the noise can number, for each purpose.
inline constexpr std::uint64_t most_samples = std::uint64_t{1} << 32;

// Throws InputError if there are more than most_samples; name: the paper's, for the message.
void check_samples(const char* name, std::uint64_t samples);

void check_scale(const Smoothing& smoothing);  // throws InputError unless the scale is finite and above 0
void check_alpha(double alpha);                // throws InputError unless 0 < alpha < 1

}  // namespace ballast::smooth
