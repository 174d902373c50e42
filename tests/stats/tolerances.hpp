// SPDX-License-Identifier: Apache-2.0
//
// How near is near enough, and how often a test that draws may fail by chance.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "ballast/stats/binomial.hpp"

namespace ballast::stats {

inline constexpr double twelve_digits = 1e-12;
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

inline constexpr double false_alarm = 1e-6;  // of one statistical test

// As many of run_count runs may be wrong, each with probability alpha at most, without a false alarm.
inline constexpr std::uint64_t run_count = 100'000;
inline std::uint64_t most_wrong_runs(double alpha) {
  auto most = static_cast<std::uint64_t>(static_cast<double>(run_count) * alpha);
  while (binomial_upper_tail(most + 1, run_count, alpha) > false_alarm) ++most;
  return most;
}

// Random arguments that are held against high precision: so many, times BALLAST_TIMES where that is set.
inline int many(int usual) {
  static const int times = [] {
    const char* text = std::getenv("BALLAST_TIMES");
    return text == nullptr ? 1 : std::atoi(text);
  }();
  return usual * times;
}

}  // namespace ballast::stats
