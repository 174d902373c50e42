// SPDX-License-Identifier: Apache-2.0
//
// How many failures make a sequential test give up at each look.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/stats/sequential.hpp"

namespace ballast::stats {

// The fewest failures that give up at each look, above those that certify; one
// more than the look where no count does. Where fixed-n Clopper-Pearson would
// certify half the time, a test gives up with probability at most
// design.futility; it spends that evenly in the logarithm of the look.
// Requires a design and its looks that sequential_schedule accepts.
std::vector<std::int64_t> futility_boundary(const SequentialDesign& design, const std::vector<std::uint64_t>& looks,
                                            const std::vector<std::int64_t>& certify_at);

}  // namespace ballast::stats
