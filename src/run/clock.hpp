// SPDX-License-Identifier: Apache-2.0
//
// Time that has passed.

#pragma once

#include <chrono>

namespace ballast::run {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace ballast::run
