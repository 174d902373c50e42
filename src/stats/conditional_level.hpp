// SPDX-License-Identifier: Apache-2.0
//
// How much of its level a two-stage test may spend in the second stage, once
// the pilot has been seen.

#pragma once

#include <cstdint>
#include <vector>

namespace ballast::stats {

struct TwoStageSizes {
  std::uint64_t pilot = 0;
  std::vector<std::uint64_t> total;  // all samples, the pilot's included, after 0, 1, ..., pilot failures in it
};

// A(F1), the level that is left for the second stage after F1 failures in the
// pilot. It never increases with F1.
struct ConditionalLevel {
  double pooled_alpha = 0;    // alpha'
  std::uint64_t first = 0;    // with fewer failures the pilot alone rejects
  std::vector<double> level;  // after first, first + 1, ... failures; with more nothing is left

  double after(std::uint64_t pilot_failures) const;
};

// For the null q >= null_failure: c(F1) is the pooled Clopper-Pearson cutoff at
// level alpha', the chance of it is P(Bin(total(F1) - pilot, q) <= c(F1) - F1)
// and A(F1) the greatest chance from F1 on, with alpha' nearly the largest for
// which the mean of A is at most alpha at q = null_failure. As A never
// increases, that holds for every larger q too. (A least chance up to F1 would
// do as well, but where a pilot with fewer failures asks for more samples it
// leaves hardly any level to those that ask for few.)
//
// What Boost computes need only be the same each time, not exact: the mean is
// that of the numbers kept, with a bound of its rounding.
// Requires 0 < null_failure < 1 and sizes.total.size() == sizes.pilot + 1; the
// guess is one of alpha', and speeds up the search.
ConditionalLevel conditional_level(const TwoStageSizes& sizes, double null_failure, double alpha, double guess);

}  // namespace ballast::stats
