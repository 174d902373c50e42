// SPDX-License-Identifier: Apache-2.0
//
// How few failures certify at each look of a sequential test.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/stats/sequential.hpp"

namespace ballast::stats {

struct CertifyBoundary {
  std::vector<std::int64_t> most;  // most failures that certify at each look; -1 where no count does
  double error = 0;                // at least the exact probability of ever certifying at p*; at most alpha
};

// Half of alpha goes to the looks before the last, by one threshold of a
// truncated Jeffreys likelihood ratio, and the rest to the last look.
// Requires a design and its looks that sequential_schedule accepts.
CertifyBoundary certify_boundary(const SequentialDesign& design, const std::vector<std::uint64_t>& looks);

}  // namespace ballast::stats
