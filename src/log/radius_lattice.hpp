// SPDX-License-Identifier: Apache-2.0
//
// The radii that n votes can give: one for each count. Whether a radius
// printed with some digits is one of them, and on which side.

#pragma once

#include <cstdint>
#include <unordered_map>

namespace ballast::log {

// A printed radius is taken to be rounded to nearest with the digits it shows,
// three significant ones at least ("0.5" is 0.500).
class RadiusLattice {
 public:
  RadiusLattice(double sigma, std::uint64_t samples, double alpha);

  double largest() const { return radius(samples_); }

  // Some count's radius is printed so.
  bool holds(double printed) const;

  // Some count's radius that is printed so, or would be if rounded down, is not below it.
  bool reaches(double printed) const;

  // Some count's radius that is printed so is below it.
  bool may_lie_below(double printed) const;

  // The largest radius that is not above the printed one.
  double below(double printed) const;

 private:
  double radius(std::uint64_t count) const;           // -1 where it abstains
  std::uint64_t first_reaching(double radius) const;  // the least count with at least this radius; samples + 1: none
  bool is_dense_at(double printed) const;             // neighbours are much closer than what is shown
  bool between(double low, double high) const;        // some radius lies in [low, high)

  double sigma_, alpha_;
  std::uint64_t samples_;
  mutable std::unordered_map<std::uint64_t, double> known_;
};

}  // namespace ballast::log
