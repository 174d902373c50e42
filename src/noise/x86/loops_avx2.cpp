// SPDX-License-Identifier: Apache-2.0
//
// For processors with AVX2.

#include <immintrin.h>

#include "../loops_code.hpp"
#include "loops_x86.hpp"

namespace ballast::noise {
namespace {

struct FourLanes {
  static constexpr std::uint32_t count = 4;
  static FourLanes all(std::uint32_t number) { return {_mm256_set1_epi64x(number)}; }
  static FourLanes counting_from(std::uint32_t first) { return {_mm256_add_epi32(all(first).numbers, _mm256_set_epi64x(3, 2, 1, 0))}; }
  __m256i numbers;
};

FourLanes product(FourLanes a, FourLanes b) { return {_mm256_mul_epu32(a.numbers, b.numbers)}; }
FourLanes upper_half(FourLanes a) { return {_mm256_srli_epi64(a.numbers, 32)}; }
FourLanes exclusive_or(FourLanes a, FourLanes b, FourLanes c) {
  return {_mm256_xor_si256(_mm256_xor_si256(a.numbers, b.numbers), c.numbers)};
}

// In each lane the lower 32 bits of a, and above them those of b.
__m256i pairs(FourLanes a, FourLanes b) { return _mm256_blend_epi32(a.numbers, _mm256_slli_epi64(b.numbers, 32), 0xaa); }

void store_blocks(FourLanes x0, FourLanes x1, FourLanes x2, FourLanes x3, std::uint32_t* words) {
  const __m256i front = pairs(x0, x1), back = pairs(x2, x3);
  const __m256i even = _mm256_unpacklo_epi64(front, back), odd = _mm256_unpackhi_epi64(front, back);  // blocks 0, 2 and 1, 3
  auto* out = reinterpret_cast<__m256i*>(words);
  _mm256_storeu_si256(out, _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(even, odd, 0x31));
}

}  // namespace

constinit const Loops avx2_loops = loops_of<FourLanes>("avx2");

}  // namespace ballast::noise
