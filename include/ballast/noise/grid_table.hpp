// SPDX-License-Identifier: Apache-2.0
//
// The exact law of noise rounded to the 8-bit grid: j = round(255 e), where e is
// Gaussian, uniform or Laplace, drawn by inverting its distribution function on
// integers. Smoothing f with it is smoothing f after rounding with e itself, so
// the law's theorem (for Gaussian noise Theorem 1 of Cohen, Rosenfeld and Kolter
// 2019) holds as it stands for every perturbed image that is again on the grid.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ballast/core/noise.hpp"

namespace ballast::noise {

class GridTable {
 public:
  // The scale is in pixel units ([0, 1]). Throws InputError outside [2^-10, 16],
  // for Laplace noise, whose tails are long, outside [2^-10, 2.5], and where it
  // would take more than 65,535 thresholds (Gaussian noise from sigma = 14.2 on).
  explicit GridTable(const Smoothing& smoothing);

  const Smoothing& smoothing() const { return smoothing_; }
  int smallest() const { return smallest_; }
  int largest() const { return smallest_ + static_cast<int>(thresholds_.size()); }

  // T_j = 2^64 P(e < (j + 1/2) / 255), correctly rounded, for j = smallest() ...
  // largest() - 1: the thresholds strictly between 0 and 2^64. There is none
  // where the noise always rounds to 0.
  const std::vector<std::uint64_t>& thresholds() const { return thresholds_; }

  // The noise that 64 uniform bits stand for: the least j with bits < T_j.
  int value(std::uint64_t bits) const;

  // The same from the upper 32 bits alone where they decide. Returns false,
  // leaving value as it is, where the lower 32 are needed (they are equal to
  // a threshold's upper bits).
  bool value_from_upper(std::uint32_t upper, int& value) const {
    std::uint32_t j = guide_[upper >> (32 - guide_bits)];
    if (upper < far_tail) [[unlikely]]
      j = search(upper);
    while (upper > upper_[j]) ++j;
    if (upper == upper_[j] && j < thresholds_.size()) return false;
    value = smallest_ + static_cast<int>(j);
    return true;
  }

  // Bound on the total variation distance between the law drawn and the exact
  // law, for one pixel: each of the B thresholds is off by at most 2^-65, and so
  // are the two outermost, which were rounded to 0 and to 2^64.
  double noise_error() const;

  // SHA-256 of the thresholds as little-endian bytes: the same on every machine.
  std::string digest() const;

 private:
  static constexpr int guide_bits = 12;
  static constexpr std::uint32_t far_tail = 1u << (32 - guide_bits);  // the first slot holds the thresholds of the whole lower tail

  std::uint32_t search(std::uint32_t upper) const;  // the first threshold whose upper half is at least this

  Smoothing smoothing_;
  int smallest_ = 0;
  std::vector<std::uint64_t> thresholds_;
  std::vector<std::uint32_t> upper_;                                 // upper halves, and a last one that no word exceeds
  std::array<std::uint16_t, std::size_t{1} << guide_bits> guide_{};  // first threshold a word with these leading bits may fall under
};

}  // namespace ballast::noise
