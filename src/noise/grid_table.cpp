// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/grid_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"

namespace ballast::noise {
namespace {

using Wide = boost::multiprecision::cpp_bin_float_50;  // 168 bits: far more than the 80 that correct rounding needs here

// 2^64 P(e > (j + 1/2) / 255), rounded to nearest.
std::uint64_t upper_tail(double sigma, int j) {
  static const Wide two_to_64 = boost::multiprecision::ldexp(Wide(1), 64);
  const Wide deviations = (Wide(j) + Wide(0.5)) / (255 * Wide(sigma));
  const Wide tail = two_to_64 * boost::math::erfc(deviations / boost::multiprecision::sqrt(Wide(2))) / 2;
  return static_cast<std::uint64_t>(boost::multiprecision::floor(tail + Wide(0.5)));
}

}  // namespace

GridTable::GridTable(double sigma) : sigma_(sigma) {
  require(sigma >= 0x1p-10 && sigma <= 16,
          fmt::format("sigma = {}: grid noise takes a standard deviation from 1/1024 to 16 (pixels are in [0, 1])", sigma));
  std::vector<std::uint64_t> tails;  // of j = 0, 1, ... while above 0
  for (int j = 0;; ++j) {
    const std::uint64_t tail = upper_tail(sigma, j);
    if (tail == 0) break;
    tails.push_back(tail);
  }
  // T_{-j-1} = 2^64 - T_j by symmetry.
  thresholds_.assign(tails.rbegin(), tails.rend());
  for (const std::uint64_t tail : tails) thresholds_.push_back(std::uint64_t{0} - tail);
  smallest_ = -static_cast<int>(tails.size());

  require(thresholds_.size() < (std::size_t{1} << 16), fmt::format("sigma = {}: too many values for the table", sigma));
  for (const std::uint64_t threshold : thresholds_) upper_.push_back(static_cast<std::uint32_t>(threshold >> 32));
  upper_.push_back(std::numeric_limits<std::uint32_t>::max());
  for (std::size_t slot = 0; slot < guide_.size(); ++slot) {
    const auto least_word = static_cast<std::uint32_t>(slot << (32 - guide_bits));
    guide_[slot] = static_cast<std::uint16_t>(std::lower_bound(upper_.begin(), upper_.end(), least_word) - upper_.begin());
  }
}

std::uint32_t GridTable::search(std::uint32_t upper) const {
  return static_cast<std::uint32_t>(std::lower_bound(upper_.begin(), upper_.end(), upper) - upper_.begin());
}

int GridTable::value(std::uint64_t bits) const {
  return smallest_ + static_cast<int>(std::upper_bound(thresholds_.begin(), thresholds_.end(), bits) - thresholds_.begin());
}

double GridTable::law_error() const { return std::ldexp(static_cast<double>(thresholds_.size() + 2), -65); }

std::string GridTable::digest() const {
  Sha256 hash;
  for (const std::uint64_t threshold : thresholds_) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(threshold >> (8 * i));
    hash.add(bytes);
  }
  return to_hex(hash.finish());
}

}  // namespace ballast::noise
