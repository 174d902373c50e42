// SPDX-License-Identifier: Apache-2.0
//
// For processors with AVX-512: its foundation, and words of 8, 16 and 64 bits in vectors of every width (F, BW, DQ, VL).

#include <immintrin.h>

#include "../loops_code.hpp"
#include "loops_x86.hpp"

namespace ballast::noise {
namespace {

struct EightLanes {
  static constexpr std::uint32_t count = 8;
  static EightLanes all(std::uint32_t number) { return {_mm512_set1_epi64(number)}; }
  static EightLanes counting_from(std::uint32_t first) {
    return {_mm512_add_epi32(all(first).numbers, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0))};
  }
  __m512i numbers;
};

EightLanes product(EightLanes a, EightLanes b) { return {_mm512_mul_epu32(a.numbers, b.numbers)}; }
EightLanes upper_half(EightLanes a) { return {_mm512_srli_epi64(a.numbers, 32)}; }
EightLanes exclusive_or(EightLanes a, EightLanes b, EightLanes c) {
  constexpr int parity = 0x96;  // the table of a ^ b ^ c
  return {_mm512_ternarylogic_epi64(a.numbers, b.numbers, c.numbers, parity)};
}

// In each lane the lower 32 bits of a, and above them those of b.
__m512i pairs(EightLanes a, EightLanes b) { return _mm512_mask_blend_epi32(0xaaaa, a.numbers, _mm512_slli_epi64(b.numbers, 32)); }

void store_blocks(EightLanes x0, EightLanes x1, EightLanes x2, EightLanes x3, std::uint32_t* words) {
  const __m512i front = pairs(x0, x1), back = pairs(x2, x3);
  _mm512_storeu_si512(words, _mm512_permutex2var_epi64(front, _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0), back));
  _mm512_storeu_si512(words + 16, _mm512_permutex2var_epi64(front, _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4), back));
}

}  // namespace

constinit const Loops avx512_loops = loops_of<EightLanes>("avx512");

}  // namespace ballast::noise
