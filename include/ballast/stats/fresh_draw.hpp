// SPDX-License-Identifier: Apache-2.0
//
// Certificates held against a fresh draw of somebody who did not make them: whoever made them, and by whatever noise.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ballast/stats/binomial.hpp"

namespace ballast::stats {

// What all rows of an audit together may be wrong by.
inline constexpr double fresh_draw_error = 1e-6;

// One claim of a row on a probability, and a draw of as many samples as one likes, independent of how the row was made.
struct FreshDraw {
  double needed = 0;                    // the claim holds only if the probability is at least this
  BinomialCount fresh;                  // so often did the class come up in the fresh draw
  std::optional<BinomialCount> logged;  // the row's own count: only of a fixed n and a class that was fixed before these votes
};

// Whether the fresh draw refutes the claim: it is false, but with probability `level`. The Clopper-Pearson upper bound at that
// level lies below what is needed by more than `moved`, which is how far the probability may lie elsewhere where the fresh draw's
// arithmetic is another than the row's.
bool refutes_claim(const FreshDraw& draw, double level, double moved);

// Whether the row's votes and the fresh ones cannot be of one probability, but with probability `level`: there were too
// many of the class. False without `logged`. moved: of the row's votes, so many may be the other arithmetic's.
bool refutes_votes(const FreshDraw& draw, double level, double moved);

// P(X >= k) for the number X of successes among the first n of n + m trials of one probability, given `successes` in all
// (hypergeometric), never below the exact value: 1 where k is not above the expectation, 0 for k > min(n, successes). Throws InputError
// unless successes <= n + m and 1 <= n, m <= most_trials / 2.
double hypergeometric_upper_tail(std::uint64_t k, std::uint64_t n, std::uint64_t m, std::uint64_t successes);

// Of rows, each with its claims.
struct FreshVerdict {
  struct Place {
    std::size_t row = 0, claim = 0;
  };
  std::vector<Place> refuted;      // the first false claim of each row that has one
  std::vector<Place> other_votes;  // claims whose logged votes are not those of the probability that was drawn from afresh
  std::uint64_t allowed = 0;       // rows that may be false by chance: P(Bin(rows, alpha) > allowed) <= fresh_draw_error

  // Whether the rows, taken together, are not what they say.
  bool is_finding() const { return refuted.size() > allowed || !other_votes.empty(); }
};

// Of rows that are each false with probability at most alpha if they are honest: then it is a finding with probability at most 3
// fresh_draw_error.
FreshVerdict judge(std::span<const std::vector<FreshDraw>> rows, double alpha, double moved);

}  // namespace ballast::stats
