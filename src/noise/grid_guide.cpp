// SPDX-License-Identifier: Apache-2.0

#include "grid_guide.hpp"

#include <algorithm>
#include <span>

namespace ballast::noise {
namespace {

constexpr int least_bits = 12, most_bits = 16;  // slots of 16 KiB to 256 KiB; 16 bits name every threshold
constexpr std::size_t one_undecided_in = 256;   // words, at most, if most_bits allow it

std::vector<std::uint32_t> slots_of(std::span<const std::uint64_t> thresholds, int bits) {
  const int shift = 32 - bits;
  const std::uint32_t several = (1u << bits) - 1, all_ones = (1u << shift) - 1;
  std::vector<std::uint32_t> slots(std::size_t{1} << bits);
  std::size_t first = 0;  // the threshold that words of this slot may fall under first
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    std::size_t next = first;
    while (next < thresholds.size() && thresholds[next] >> (32 + shift) == slot) ++next;
    const auto j = static_cast<std::uint32_t>(first) << shift;
    if (next == first) slots[slot] = j | all_ones;
    else if (next == first + 1) slots[slot] = j | (static_cast<std::uint32_t>(thresholds[first] >> 32) & all_ones);
    else slots[slot] = several << shift;
    first = next;
  }
  return slots;
}

std::size_t undecided_slots(std::span<const std::uint32_t> slots, int bits) {
  return static_cast<std::size_t>(std::count(slots.begin(), slots.end(), ((1u << bits) - 1) << (32 - bits)));
}

}  // namespace

GridGuide::GridGuide(const GridTable& table) : smallest_(table.smallest()) {
  for (bits_ = least_bits;; ++bits_) {
    if (table.thresholds().size() >= std::size_t{1} << bits_) continue;  // some have no name
    slots_ = slots_of(table.thresholds(), bits_);
    if (bits_ == most_bits || undecided_slots(slots_, bits_) * one_undecided_in <= slots_.size()) break;
  }
}

}  // namespace ballast::noise
