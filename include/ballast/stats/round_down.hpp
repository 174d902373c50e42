// SPDX-License-Identifier: Apache-2.0
//
// Decimal text that never claims more than the number it shows, and numbers
// that are no less than what their text says.

#pragma once

#include <string>

namespace ballast::stats {

// The greatest number with so many decimals that is not above the exact binary
// value, in fixed notation. Throws InputError unless value is finite and >= 0
// and 0 <= decimals <= 1074 (no double has more).
std::string format_rounded_down(double value, int decimals);

// The least number with so many decimals whose nearest double is not below the
// value: itself where it has no more decimals. Requirements as above.
double rounded_up(double value, int decimals);

// A decimal like 0.3 may lie above its nearest double; the next double is not
// below it, and shows as what was written. 0 stays 0.
double at_least_as_written(double value);

}  // namespace ballast::stats
