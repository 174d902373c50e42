// SPDX-License-Identifier: Apache-2.0
//
// An exact group-sequential test that a probability exceeds a threshold: it
// looks at the votes again and again while they come in, and stops as soon as
// the answer is clear.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ballast::stats {

// Tests p <= p*, where p is the probability of success. Written by failures,
// which keep their digits where p* is near 1.
struct SequentialDesign {
  double null_failure = 0.5;     // 1 - p*, in (0, 1)
  double alpha = 0.001;          // allowed probability of rejecting where p <= p*
  std::uint64_t most = 100'000;  // N: samples of the last look
  std::uint64_t step = 1;        // looks are multiples of this, but for the last
  double futility = 0.01;        // beta: allowed loss of power, in [0, 1); 0 never gives up

  auto operator<=>(const SequentialDesign&) const = default;
};

// At look j, after looks[j] samples of which F failed: certifies (rejects) if
// F <= certify_at[j], else gives up if F >= give_up_at[j], else goes on. After
// the last look it has given up.
struct SequentialSchedule {
  std::vector<std::uint64_t> looks;
  std::vector<std::int64_t> certify_at;  // -1 where no count certifies
  std::vector<std::int64_t> give_up_at;  // looks[j] + 1 where no count gives up
  double error = 0;                      // upper bound of the probability of ever certifying at p*, at most alpha
};

// The sizes at which a test looks: 8, then each 1.1 times the last, rounded up
// to whole multiples of step, and most. Every radius of a run shares them.
std::vector<std::uint64_t> sequential_looks(std::uint64_t most, std::uint64_t step);

// Boundaries of one shape (the likelihood mixed over all p above p* by Jeffreys'
// prior, against that at p*: Robbins 1970), scaled so that the exact probability of
// crossing one, by recursion over the looks (Armitage, McPherson and Rowe 1969), is
// at most alpha at p*, hence at every p below. A pure function of the design;
// computed once for each and kept. Safe to call from several threads.
// Throws InputError where a value of the design is not allowed, and where not even
// a unanimous vote would certify at the last look.
std::shared_ptr<const SequentialSchedule> sequential_schedule(const SequentialDesign& design);

// What a schedule does where the true probability of failure is this.
struct Operation {
  double certifies = 0;         // probability
  double expected_samples = 0;  // mean number of samples drawn
};
Operation operation(const SequentialSchedule& schedule, double failure);

}  // namespace ballast::stats
