// SPDX-License-Identifier: Apache-2.0
//
// The law of the number of failures among the samples drawn so far, in a test
// that looks at it now and then and may stop.

#pragma once

#include <cstdint>
#include <vector>

namespace ballast::stats {

// Bin(n, q) on a window: P(first + i) is mass[i].
struct CountLaw {
  std::uint64_t first = 0;
  std::vector<double> mass;
  double outside = 0;         // at least the probability of all other counts
  double relative_error = 0;  // no mass is further than this from the exact one
};

// The failures among so many samples, each failing with this probability. What
// is outside is at most a little over twice `negligible`.
// Requires 0 <= failure <= 1, negligible >= 1e-130, samples > 0.
CountLaw failures_among(std::uint64_t samples, double failure, double negligible);

// The failures among the samples from each look to the next, from 0 to the first on.
std::vector<CountLaw> failures_between(const std::vector<std::uint64_t>& looks, double failure, double negligible);

// The law of the failures of the tests still running. It starts with no samples.
//
// Every probability it hands out is a sum of positive terms. A probability of
// the whole is at most (the sum of what was handed out + lost()) * growth().
class FailureLaw {
 public:
  // Drops at most `negligible` at each end whenever samples are added.
  explicit FailureLaw(double negligible) : negligible_(negligible) {}

  void add(const CountLaw& samples);

  // Stops the tests with at most, or at least, so many failures; returns their probability.
  long double stop_up_to(std::int64_t failures);
  long double stop_from(std::int64_t failures);

  // The largest c with P(F <= c) <= budget, and the least d with P(F >= d) <= budget.
  std::int64_t most_within(long double budget) const;
  std::int64_t fewest_within(long double budget) const;

  // The probability of still running.
  long double running() const;

  // The probability of everything that was dropped.
  long double lost() const { return lost_; }

  // 1 + a bound of the relative error of all that was handed out.
  long double growth() const { return 1 + 2 * relative_error_; }

 private:
  void drop_ends();

  double negligible_;
  std::int64_t first_ = 0;
  std::vector<double> mass_{1.0};  // of first_, first_ + 1, ... failures
  long double lost_ = 0;
  long double relative_error_ = 0;
};

}  // namespace ballast::stats
