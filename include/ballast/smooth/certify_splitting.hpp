// SPDX-License-Identifier: Apache-2.0
//
// Deterministic smoothing by splitting (Levine and Feizi 2021): every split
// is tried, so the votes are the probabilities and the certificate is exact.

#pragma once

#include "ballast/smooth/certify.hpp"

namespace ballast::smooth {

// The counter's noise must be the splitting with `splits` = 510 lambda splits.
// The l1 radius is lambda (p_A - p_B), for perturbed images that are 8-bit
// again; there is no alpha. Abstains on a tie.
Certificate certify_by_splitting(VoteCounter& votes, std::uint64_t splits);

}  // namespace ballast::smooth
