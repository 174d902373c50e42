// SPDX-License-Identifier: Apache-2.0
//
// Where nearly every word decides the noise by one look-up and one comparison.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/noise/grid_table.hpp"
#include "loops.hpp"

namespace ballast::noise {

// A slot for each value of a word's leading bits. In it stand, as such leading bits, the first threshold that words of the slot may fall
// under, and as the other bits those of its upper half, where it is the slot's only one. The loop `decide` adds the comparison. It leaves
// undecided, for GridTable to decide, words equal to what stands there and the slots of several thresholds.
class GridGuide {
 public:
  explicit GridGuide(const GridTable& table);

  GuideView view() const { return {slots_.data(), bits_, smallest_}; }

 private:
  int smallest_;
  int bits_;
  std::vector<std::uint32_t> slots_;
};

}  // namespace ballast::noise
