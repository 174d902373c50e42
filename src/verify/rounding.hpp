// SPDX-License-Identifier: Apache-2.0
//
// How bounds in double are kept on the safe side.

#pragma once

#include <limits>

#include "layers.hpp"

namespace ballast::verify {

inline constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

// The part of the sum of magnitudes by which every bound of this network is moved outward. A sum of n products in double is off by at most
// n 2^-53 of the sum of their magnitudes (to first order), in whatever order it is taken; what is computed here are sums, of
// which each layer adds one over its matrix's rows or columns and one over its output's elements, one behind the other. So it is
// the lengths of all these sums, times 2^-53, and four times that for what is added up besides, for higher orders, and for
// coefficients that are smaller than the terms that they are sums of. A generous estimate, and no proof of the last.
double rounding_slack(const Layers& layers);

}  // namespace ballast::verify
