// SPDX-License-Identifier: Apache-2.0
//
// Normal quantiles on a chosen side of the exact value.

#pragma once

namespace ballast::stats {

// Not above, and not below, Phi^-1(1 - q); both are >= 0 and within a few
// last bits of it. Requires 0 < q <= 1/2.
double upper_quantile_below(double q);
double upper_quantile_above(double q);

}  // namespace ballast::stats
