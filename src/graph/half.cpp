// SPDX-License-Identifier: Apache-2.0

#include "half.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace ballast::graph {
namespace {

constexpr std::uint32_t fraction_bits = 10, exponent_mask = 0x1f, fraction_mask = 0x3ff, sign_shift = 15;
constexpr std::uint16_t infinity_bits = 0x7c00, quiet_nan_bits = 0x7e00;
constexpr int exponent_bias = 15, least_exponent = -14;

}  // namespace

float from_half(std::uint16_t bits) {
  const std::uint32_t exponent = (bits >> fraction_bits) & exponent_mask, fraction = bits & fraction_mask;
  float value = 0;
  if (exponent == exponent_mask) value = fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  else if (exponent == 0) value = std::ldexp(static_cast<float>(fraction), least_exponent - static_cast<int>(fraction_bits));
  else {
    value = std::ldexp(static_cast<float>(fraction | (1u << fraction_bits)),
                       static_cast<int>(exponent) - exponent_bias - static_cast<int>(fraction_bits));
  }
  return (bits >> sign_shift) != 0 ? -value : value;
}

float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::uint16_t to_half(float value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 1u << sign_shift : 0u);
  const double size = std::abs(static_cast<double>(value));
  if (std::isnan(value)) return sign | quiet_nan_bits;
  if (size == 0) return sign;
  int exponent = 0;
  std::frexp(size, &exponent);  // size = m 2^exponent, m from 1/2 on
  const int unit = std::max(exponent - 1, least_exponent) - static_cast<int>(fraction_bits);
  const double units = std::nearbyint(std::ldexp(size, -unit));
  // Units fill the fraction and carry into the exponent where they round up.
  const double bits = units + std::ldexp(static_cast<double>(unit - (least_exponent - static_cast<int>(fraction_bits))), fraction_bits);
  return sign | (bits >= infinity_bits ? infinity_bits : static_cast<std::uint16_t>(bits));
}

}  // namespace ballast::graph
