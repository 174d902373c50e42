// SPDX-License-Identifier: Apache-2.0
//
// A whole curve of radii on one stream of votes: a sequential test for each,
// all with the same looks.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ballast/core/noise.hpp"
#include "ballast/stats/sequential.hpp"

namespace ballast::stats {

struct RadiiDesign {
  std::vector<double> radii;     // at most most_radii, rising; of at most radius_decimals decimals, which is what a log keeps
  double alpha = 0.001;          // allowed probability of a radius that is too large
  std::uint64_t most = 100'000;  // N
  std::uint64_t step = 1;        // looks are multiples of this, but for N
  double futility = 0.01;        // allowed loss of power at each radius; 0 never gives up
  Smoothing smoothing;
  double noise_error = 0;  // how far a probability under the noise drawn can lie from the exact law's
};

inline constexpr int radius_decimals = 6;
inline constexpr std::size_t most_radii = 256;  // each takes a schedule of its own

// The nulls "the radius is at most r" are nested, so testing in order of r and
// stopping at the first that is not rejected needs no correction: the radius
// certified is the largest whose own test and those of all smaller radii rejected.
class RadiiTest {
 public:
  // Throws InputError for values that are not allowed, naming the radius that
  // `most` samples cannot certify.
  explicit RadiiTest(const RadiiDesign& design);

  std::size_t size() const { return schedules_.size(); }
  const std::vector<std::uint64_t>& looks() const { return schedules_.front()->looks; }
  const SequentialSchedule& schedule(std::size_t radius) const { return *schedules_[radius]; }

  // What is claimed where the test of this radius and all below rejected: the
  // radius that was asked for, and the lower bound of the class's probability.
  double radius(std::size_t radius) const { return radii_[radius]; }
  double p_lower(std::size_t radius) const { return p_lower_[radius]; }

  // The radius as it was tested: the next double, which is not below the decimal text of the one asked for.
  double tested_radius(std::size_t radius) const { return tested_[radius]; }

  // One image's votes as they come in.
  class Walk {
   public:
    explicit Walk(const RadiiTest& test) : test_(test), crossed_(test.size()), open_(test.size()) {}

    // Failures among the first looks()[next_look()] votes. Call while !done().
    void look(std::uint64_t failures);
    std::size_t next_look() const { return next_; }
    bool done() const { return certified() == open_ || next_ == test_.looks().size(); }

    // How many radii are certified, from the smallest on. Valid at any moment.
    std::size_t certified() const;

    // The look at which the test of a certified radius rejected, and the failures then.
    struct Crossing {
      std::uint64_t samples = 0, failures = 0;
    };
    Crossing crossing(std::size_t radius) const { return *crossed_[radius]; }

   private:
    const RadiiTest& test_;
    std::vector<std::optional<Crossing>> crossed_;
    std::size_t open_;  // radii from this one on are given up
    std::size_t next_ = 0;
  };

 private:
  std::vector<double> radii_, tested_, p_lower_;
  std::vector<std::shared_ptr<const SequentialSchedule>> schedules_;
};

}  // namespace ballast::stats
