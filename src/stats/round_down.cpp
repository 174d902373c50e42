// SPDX-License-Identifier: Apache-2.0
//
// The exact decimal expansion of a double, cut off.

#include "ballast/stats/round_down.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::stats {
namespace {

constexpr int most_decimals = 1074;       // of the least positive double, 2^-1074
constexpr std::size_t most_digits = 309;  // before the point

}  // namespace

std::string format_rounded_down(double value, int decimals) {
  require(value >= 0 && std::isfinite(value), fmt::format("value is {}; it must be finite and at least 0", value));
  require(decimals >= 0 && decimals <= most_decimals, fmt::format("decimals is {}; it must be from 0 to {}", decimals, most_decimals));
  std::array<char, most_digits + 1 + most_decimals> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), std::abs(value), std::chars_format::fixed, most_decimals);
  const int dropped = decimals == 0 ? most_decimals + 1 : most_decimals - decimals;  // the point goes with the last decimal
  return {digits.data(), end - dropped};
}

double rounded_up(double value, int decimals) {
  const double down = std::stod(format_rounded_down(value, decimals));
  return down >= value ? down : std::stod(fmt::format("{:.{}f}", down + std::pow(10.0, -decimals), decimals));
}

double at_least_as_written(double value) { return value == 0 ? 0 : std::nextafter(value, std::numeric_limits<double>::infinity()); }

}  // namespace ballast::stats
