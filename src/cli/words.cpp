// SPDX-License-Identifier: Apache-2.0

#include "words.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <utility>

namespace ballast::cli {

std::string count_text(double count) {
  for (const auto& [size, name] : {std::pair{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}}) {
    if (count >= size) return fmt::format("{:.3g} {}", count / size, name);
  }
  const auto whole = static_cast<std::uint64_t>(std::llround(count));
  return whole < 1000 ? fmt::format("{}", whole) : fmt::format("{},{:03}", whole / 1000, whole % 1000);
}

std::string time_text(double seconds) {
  constexpr double minute = 60, hour = 3600, day = 86400;
  if (seconds < 2 * minute) return fmt::format("{:.0f} s", seconds);
  if (seconds < 2 * hour) return fmt::format("{:.0f} min", seconds / minute);
  if (seconds < 2 * day) return fmt::format("{:.2g} h", seconds / hour);
  return fmt::format("{:.2g} days", seconds / day);
}

}  // namespace ballast::cli
