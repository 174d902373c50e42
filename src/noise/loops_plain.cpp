// SPDX-License-Identifier: Apache-2.0
//
// For every processor.

#include "loops_code.hpp"

namespace ballast::noise {
namespace {

struct OneLane {
  static constexpr std::uint32_t count = 1;
  static OneLane all(std::uint32_t number) { return {number}; }
  static OneLane counting_from(std::uint32_t first) { return {first}; }
  std::uint64_t number;
};

OneLane product(OneLane a, OneLane b) { return {(a.number & 0xffffffff) * b.number}; }
OneLane upper_half(OneLane a) { return {a.number >> 32}; }
OneLane exclusive_or(OneLane a, OneLane b, OneLane c) { return {a.number ^ b.number ^ c.number}; }

void store_blocks(OneLane x0, OneLane x1, OneLane x2, OneLane x3, std::uint32_t* words) {
  words[0] = static_cast<std::uint32_t>(x0.number);
  words[1] = static_cast<std::uint32_t>(x1.number);
  words[2] = static_cast<std::uint32_t>(x2.number);
  words[3] = static_cast<std::uint32_t>(x3.number);
}

}  // namespace

constinit const Loops plain_loops = loops_of<OneLane>("plain");

}  // namespace ballast::noise
