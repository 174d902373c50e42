// SPDX-License-Identifier: Apache-2.0

#include "loops_x86.hpp"

namespace ballast::noise {
namespace {

constexpr const Loops* every_loops[] = {&plain_loops, &avx2_loops, &avx512_loops};

// How many of them this processor, and its operating system, can run.
std::size_t count_available() {
  if (!__builtin_cpu_supports("avx2")) return 1;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  return avx512 ? 3 : 2;
}

}  // namespace

std::span<const Loops* const> available_loops() {
  static const std::size_t count = count_available();
  return std::span(every_loops).first(count);
}

}  // namespace ballast::noise
