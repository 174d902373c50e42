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
#include "scale.hpp"

namespace ballast::noise {
namespace {

using Wide = boost::multiprecision::cpp_bin_float_50;  // 168 bits: far more than the 80 that correct rounding needs here

// P(e > x) for x > 0 where x / scale is this.
Wide gaussian_tail(const Wide& deviations) { return boost::math::erfc(deviations / boost::multiprecision::sqrt(Wide(2))) / 2; }
Wide laplace_tail(const Wide& scales) { return boost::multiprecision::exp(-scales) / 2; }

// (lambda - x) / (2 lambda) at x = (2j + 1) / 510. Times 2^64 it is a fraction with a denominator below 2^64: either a multiple
// of 1/2, which Wide holds, or further from all of those than Wide's rounding. So it is correctly rounded in any case.
Wide uniform_tail(const Wide& lambda, int j) {
  const Wide inside = 510 * lambda - (2 * j + 1);
  return inside > 0 ? Wide(inside / (1020 * lambda)) : Wide(0);
}

Wide upper_tail(const Smoothing& smoothing, int j) {
  const Wide scale(smoothing.scale), scales = (Wide(j) + Wide(0.5)) / (255 * scale);
  switch (smoothing.law) {
    case NoiseLaw::gaussian: return gaussian_tail(scales);
    case NoiseLaw::uniform: return uniform_tail(scale, j);
    case NoiseLaw::laplace: return laplace_tail(scales);
  }
  return 0;
}

// The guide can name 65,535 thresholds; at these scales Gaussian noise takes 65,368, Laplace noise 57,000, uniform noise 8,160.
double most_scale(NoiseLaw law) {
  switch (law) {
    case NoiseLaw::gaussian: return 14;
    case NoiseLaw::uniform: return 16;
    case NoiseLaw::laplace: return 2.5;
  }
  return 0;
}

// 2^64 P(e > (j + 1/2) / 255), rounded to nearest.
std::uint64_t scaled_upper_tail(const Smoothing& smoothing, int j) {
  static const Wide two_to_64 = boost::multiprecision::ldexp(Wide(1), 64);
  return static_cast<std::uint64_t>(boost::multiprecision::floor(two_to_64 * upper_tail(smoothing, j) + Wide(0.5)));
}

}  // namespace

GridTable::GridTable(const Smoothing& smoothing) : smoothing_(smoothing) {
  require_scale(smoothing, "grid noise", most_scale(smoothing.law));
  std::vector<std::uint64_t> tails;  // of j = 0, 1, ... while above 0
  for (int j = 0;; ++j) {
    const std::uint64_t tail = scaled_upper_tail(smoothing, j);
    if (tail == 0) break;
    tails.push_back(tail);
  }
  // T_{-j-1} = 2^64 - T_j by symmetry.
  thresholds_.assign(tails.rbegin(), tails.rend());
  for (const std::uint64_t tail : tails) thresholds_.push_back(std::uint64_t{0} - tail);
  smallest_ = -static_cast<int>(tails.size());

  require(thresholds_.size() < (std::size_t{1} << 16),
          fmt::format("{} = {}: too many values for the table", traits(smoothing.law).scale_name, smoothing.scale));
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

double GridTable::noise_error() const { return std::ldexp(static_cast<double>(thresholds_.size() + 2), -65); }

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
