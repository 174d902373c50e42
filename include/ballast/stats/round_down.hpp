// SPDX-License-Identifier: Apache-2.0
//
// Decimal text that never claims more than the number it shows.

#pragma once

#include <string>

namespace ballast::stats {

// The greatest number with so many decimals that is not above the exact binary
// value, in fixed notation. Throws InputError unless value is finite and >= 0
// and 0 <= decimals <= 1074 (no double has more).
std::string format_rounded_down(double value, int decimals);

}  // namespace ballast::stats
