// SPDX-License-Identifier: Apache-2.0
//
// The standard normal distribution, rounded to nearest.

#pragma once

namespace ballast::stats {

// Phi(x), also for infinite x; throws InputError for NaN.
double normal_cdf(double x);

// Phi^-1(p); throws InputError unless 0 < p < 1.
double normal_quantile(double p);

// Phi^-1(1 - q) from q itself, without loss when q is tiny; throws InputError
// unless 0 < q < 1.
double normal_upper_quantile(double q);

}  // namespace ballast::stats
