// SPDX-License-Identifier: Apache-2.0
//
// What CERTIFY and PREDICT both require.

#pragma once

#include <cstdint>

namespace ballast::smooth {

// Samples of one image that the noise can number, for each purpose.
inline constexpr std::uint64_t most_samples = std::uint64_t{1} << 32;

// Throws InputError if there are more than most_samples; name: the paper's, for the message.
void check_samples(const char* name, std::uint64_t samples);

// Throws InputError unless sigma > 0 and 0 < alpha < 1.
void check_sigma_and_alpha(double sigma, double alpha);

// An upper bound of a + b, whatever way the sum is rounded.
double above(double a, double b);

}  // namespace ballast::smooth
