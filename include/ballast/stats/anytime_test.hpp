// SPDX-License-Identifier: Apache-2.0
//
// A radius at any time: a bound on the failures that holds at every number of
// samples at once, so that one may look, and stop, whenever one likes.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ballast/core/noise.hpp"
#include "ballast/stats/claim.hpp"
#include "ballast/stats/sequential.hpp"

namespace ballast::stats {

struct AnytimeDesign {
  double alpha = 0.001;          // allowed probability of a radius that is too large
  std::uint64_t most = 100'000;  // N
  std::uint64_t step = 1;        // looks are multiples of this, but for N
  double futility = 0.01;        // gives up where the sequential test of p > 1/2 (sequential.hpp) would at this loss of power; 0 never does
  std::optional<double> gain;    // stops at (1 - gain) times the radius that this rate of failures would give N samples; none: never
  Smoothing smoothing;
  double noise_error = 0;  // how far a probability under the noise drawn can lie from the exact law's
};

// What a bound at any time proves after so many samples, of which so many failed: with probability at least 1 - alpha no such claim,
// at whatever number of samples, has a radius that is too large. The noise's error is added once to the bound, since the draws are
// independent under the law drawn, however one stops.
Claim anytime_claim(std::uint64_t samples, std::uint64_t failures, double alpha, const Smoothing& smoothing, double noise_error);

class AnytimeTest {
 public:
  // Throws InputError for values that are not allowed, and where not even a unanimous vote of all samples would certify.
  explicit AnytimeTest(const AnytimeDesign& design);

  const AnytimeDesign& design() const { return design_; }
  const std::vector<std::uint64_t>& looks() const { return looks_; }

  struct Look {
    std::uint64_t samples = 0, failures = 0;
  };

  // One image's votes as they come in.
  class Walk {
   public:
    explicit Walk(const AnytimeTest& test) : test_(test) {}

    // Failures among the first looks()[next_look()] votes. Call while !done().
    void look(std::uint64_t failures);
    std::size_t next_look() const { return next_; }
    bool done() const { return ended_ || next_ == test_.looks().size(); }

    // The look with the least bound so far, and what it proves. Valid at any moment.
    Look best() const { return best_; }
    Claim claim() const;

   private:
    bool has_gained(const Look& now) const;

    const AnytimeTest& test_;
    std::size_t next_ = 0;
    bool ended_ = false;
    Look best_;
    double bound_ = 1;
  };

 private:
  AnytimeDesign design_;
  std::vector<std::uint64_t> looks_;
  std::shared_ptr<const SequentialSchedule> hopeless_;  // null where it never gives up
};

}  // namespace ballast::stats
