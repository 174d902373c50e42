// SPDX-License-Identifier: Apache-2.0
//
// Votes for each class.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::smooth {

// votes[c] for the classes 0 ... K - 1, and votes[K]: samples whose scores
// held NaN, a class of its own that is never an answer.
struct Counts {
  std::vector<std::uint64_t> votes;

  Label nan_label() const { return static_cast<Label>(votes.size()) - 1; }
  std::uint64_t of(Label label) const { return votes[static_cast<std::size_t>(label)]; }
  std::uint64_t total() const;

  // The label with the most votes; the lowest of several.
  Label winner() const;
  // The label with the most votes beside this one; the lowest of several.
  Label runner_up(Label label) const;

  // The same votes and those of another round of samples.
  Counts& operator+=(const Counts& other);
};

}  // namespace ballast::smooth
