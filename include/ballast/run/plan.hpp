// SPDX-License-Identifier: Apache-2.0
//
// Before a run: what it will cost, and what it can show.

#pragma once

#include <vector>

#include "ballast/run/procedures.hpp"

namespace ballast::run {

struct Plan {
  std::size_t images = 0;
  double samples_per_second = 0;  // of the whole hot path, measured
  double samples_per_image = 0;   // exact for a fixed number; else the mean over the images tried
  double deviation = 0;           // standard error of that mean; 0 where it is exact
  std::size_t tried = 0;          // images whose votes were looked at for it

  double seconds() const { return static_cast<double>(images) * samples_per_image / samples_per_second; }
};

// Measures for about so many seconds, on samples of their own that no
// certificate uses: speed, and where a method stops by itself the probabilities
// of some images, from which its number of samples is simulated.
Plan plan(const data::Dataset& dataset, const std::vector<std::size_t>& indices, smooth::Executor& executor,
          const noise::NoisyWriter& noise, const procedure::Settings& settings, std::uint64_t seed, double seconds);

}  // namespace ballast::run
