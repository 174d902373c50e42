// SPDX-License-Identifier: Apache-2.0
//
// Binomial tails enclosed between two numbers, by summing outcomes directly.

#pragma once

#include <cstdint>

#include "binomial_mass.hpp"

namespace ballast::stats {

// The exact probability lies in [least, most].
struct Enclosure {
  long double least;
  long double most;
};

// P(Bin(n, p) >= k). Requires 0 <= p <= 1; any k.
Enclosure upper_tail(std::uint64_t k, std::uint64_t n, Chance chance);

// P(Bin(n, p) <= k). Requires 0 <= p <= 1; any k.
Enclosure lower_tail(std::uint64_t k, std::uint64_t n, Chance chance);

}  // namespace ballast::stats
