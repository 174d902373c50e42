// SPDX-License-Identifier: Apache-2.0
//
// What CERTIFY and PREDICT both require.

#pragma once

namespace ballast::smooth {

// Throws InputError unless sigma > 0 and 0 < alpha < 1.
void check_sigma_and_alpha(double sigma, double alpha);

// An upper bound of a + b, whatever way the sum is rounded.
double above(double a, double b);

}  // namespace ballast::smooth
