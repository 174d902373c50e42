// SPDX-License-Identifier: Apache-2.0

#include "stretched.hpp"

#include <bit>
#include <cstdint>
#include <stdexcept>

#include "walk.hpp"

// The loops are compiled for several instruction sets, and the processor's is chosen when the program loads.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define BALLAST_FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define BALLAST_FOR_EACH_PROCESSOR
#endif

namespace ballast::model::onednn {
namespace {

using Bf16 = std::uint16_t;

inline float read(float value) { return value; }
inline float read(Bf16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16); }
inline void write(float& to, float value) { to = value; }
// To the nearest, ties to even; NaN stays NaN.
inline void write(Bf16& to, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
  to = static_cast<Bf16>((bits & 0x7fff'ffff) > 0x7f80'0000 ? quiet : rounded);
}

// A row of `a` with a row of `b`, or with its one number where it does not step.
template <typename A, typename B>
using Row = void (*)(const A* a, const B* b, bool steps, A* out, std::int64_t size);

#define BALLAST_ROW(NAME, A, B, OPERATOR)                                                               \
  BALLAST_FOR_EACH_PROCESSOR void NAME(const A* a, const B* b, bool steps, A* out, std::int64_t size) { \
    if (steps) {                                                                                        \
      for (std::int64_t i = 0; i < size; ++i) write(out[i], read(a[i]) OPERATOR read(b[i]));            \
      return;                                                                                           \
    }                                                                                                   \
    const float value = read(b[0]);                                                                     \
    for (std::int64_t i = 0; i < size; ++i) write(out[i], read(a[i]) OPERATOR value);                   \
  }
#define BALLAST_ROWS(SUFFIX, A, B)        \
  BALLAST_ROW(add_##SUFFIX, A, B, +)      \
  BALLAST_ROW(subtract_##SUFFIX, A, B, -) \
  BALLAST_ROW(multiply_##SUFFIX, A, B, *) \
  BALLAST_ROW(divide_##SUFFIX, A, B, /)

BALLAST_ROWS(f32, float, float)
BALLAST_ROWS(bf16, Bf16, Bf16)
BALLAST_ROWS(mixed, Bf16, float)

#undef BALLAST_ROWS
#undef BALLAST_ROW

template <typename A, typename B>
StretchedKernel kernel_of(Row<A, B> row, const Dims& dims, const Dims& b) {
  return [row, walk = Walk<1>(dims, {b})](const std::byte* a, const std::byte* other, std::byte* out) {
    const bool steps = walk.row_step(0) != 0;
    walk.rows([&](std::int64_t start, const std::array<std::int64_t, 1>& at) {
      row(reinterpret_cast<const A*>(a) + start, reinterpret_cast<const B*>(other) + at[0], steps, reinterpret_cast<A*>(out) + start,
          walk.row_size());
    });
  };
}

template <typename A, typename B>
Row<A, B> chosen(graph::Binary::Kind kind, Row<A, B> add, Row<A, B> subtract, Row<A, B> multiply, Row<A, B> divide) {
  using Kind = graph::Binary::Kind;
  switch (kind) {
    case Kind::add: return add;
    case Kind::subtract: return subtract;
    case Kind::multiply: return multiply;
    case Kind::divide: return divide;
    default: throw std::logic_error("no sum and no product");
  }
}

}  // namespace

StretchedKernel stretched_kernel(graph::Binary::Kind kind, const Dims& dims, Number type, const Dims& b, Number b_type) {
  if (type == Number::f32)
    return kernel_of<float, float>(chosen<float, float>(kind, add_f32, subtract_f32, multiply_f32, divide_f32), dims, b);
  if (b_type == Number::f32)
    return kernel_of<Bf16, float>(chosen<Bf16, float>(kind, add_mixed, subtract_mixed, multiply_mixed, divide_mixed), dims, b);
  return kernel_of<Bf16, Bf16>(chosen<Bf16, Bf16>(kind, add_bf16, subtract_bf16, multiply_bf16, divide_bf16), dims, b);
}

}  // namespace ballast::model::onednn
