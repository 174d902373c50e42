// SPDX-License-Identifier: Apache-2.0
//
// PREDICT of Cohen, Rosenfeld and Kolter 2019 (section 3.2.1).

#pragma once

#include <cstdint>
#include <optional>

#include "ballast/smooth/vote_counter.hpp"

namespace ballast::smooth {

struct PredictOptions {
  double alpha = 0.001;            // allowed probability of a wrong answer
  std::uint64_t samples = 10'000;  // n in the paper
};

// No label means that the classifier abstains.
struct Prediction {
  std::optional<Label> label;
  Label top = 0;       // the class with the most votes, answered or not
  double p_value = 1;  // of the test that it is no likelier than the runner-up
  Counts counts;
};

// With probability at least 1 - alpha over the draws, the answer is the
// smoothed classifier's own or none.
Prediction predict(VoteCounter& votes, const PredictOptions& options);

// Throws InputError if options hold a value that is not allowed, or so few
// samples that even a unanimous vote would abstain.
void check(const PredictOptions& options);

}  // namespace ballast::smooth
