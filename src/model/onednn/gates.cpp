// SPDX-License-Identifier: Apache-2.0

#include "gates.hpp"

#include <cstdint>
#include <numbers>
#include <stdexcept>

#include "primitives.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define BALLAST_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define BALLAST_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#endif

namespace ballast::model::onednn {

#if defined(__x86_64__)

namespace {

// x times the sigmoid of x (linear + cubic x^2 + quintic x^4).
struct Gate {
  float linear, cubic = 0, quintic = 0;
  bool is_linear() const { return cubic == 0 && quintic == 0; }
};

// The logarithm of the odds of a normal variable to be below x, as a polynomial: fitted so that x times the probability is off by
// 2.5e-5 at most.
constexpr Gate exact_gelu{1.59501574F, 0.0740113203F, -0.000703037947F};
constexpr float twice_root_of_two_by_pi = 1.5957691216057308F;
constexpr float largest_square = 64;  // there the probability is 0 or 1 in any precision

Gate gate_of(const graph::Activation& activation) {
  switch (activation.kind) {
    case graph::Activation::Kind::swish: return {activation.alpha};
    case graph::Activation::Kind::gelu: return exact_gelu;
    case graph::Activation::Kind::gelu_tanh: return {twice_root_of_two_by_pi, twice_root_of_two_by_pi * 0.044715F};
    default: throw std::logic_error("no gate");
  }
}

struct Constants512 {
  __m512 linear, cubic, quintic;  // times -log2(e)
};

BALLAST_BF16 inline Constants512 constants_of(const Gate& gate) {
  constexpr float turned = -std::numbers::log2e_v<float>;
  return {_mm512_set1_ps(turned * gate.linear), _mm512_set1_ps(turned * gate.cubic), _mm512_set1_ps(turned * gate.quintic)};
}

// 2^f for f in [0, 1) by a polynomial that is off by 2.6e-6 of it at most.
template <bool linear>
BALLAST_BF16 inline __m512 gated(__m512 x, const Constants512& constants) {
  __m512 z;
  if constexpr (linear) {
    z = _mm512_mul_ps(x, constants.linear);
  } else {
    const __m512 square = _mm512_min_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(largest_square));
    z = _mm512_mul_ps(x, _mm512_fmadd_ps(square, _mm512_fmadd_ps(square, constants.quintic, constants.cubic), constants.linear));
  }
  constexpr int from_floor = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
  const __m512 f = _mm512_reduce_ps(z, from_floor);
  __m512 power = _mm512_fmadd_ps(f, _mm512_set1_ps(0.01353417F), _mm512_set1_ps(0.05201146F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(0.24144275F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(0.69300384F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(1.0000026F));
  return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1), _mm512_scalef_ps(power, z)));
}

constexpr std::size_t lanes = 16;

BALLAST_BF16 inline __m512 floats_of(__m256i bits) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16)); }

template <bool linear>
struct ToBf16 {
  using Element = std::uint16_t;

  BALLAST_BF16 __m256i operator()(__m512 x, const Constants512& constants) const {
    return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(gated<linear>(x, constants)));
  }
  BALLAST_BF16 static void store(Element* to, __m256i values) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), values); }
  BALLAST_BF16 static void store(Element* to, __m256i values, __mmask16 some) { _mm256_mask_storeu_epi16(to, some, values); }
};

template <bool linear, bool is_signed>
struct ToBytes {
  using Element = std::byte;
  float per_step;

  BALLAST_BF16 __m128i operator()(__m512 x, const Constants512& constants) const {
    const __m512 steps = _mm512_mul_ps(gated<linear>(x, constants), _mm512_set1_ps(per_step));
    const __m512i whole = _mm512_cvtps_epi32(_mm512_min_ps(steps, _mm512_set1_ps(is_signed ? 127 : 255)));
    if constexpr (is_signed) return _mm512_cvtsepi32_epi8(whole);
    else return _mm512_cvtusepi32_epi8(_mm512_max_epi32(whole, _mm512_setzero_si512()));
  }
  BALLAST_BF16 static void store(Element* to, __m128i values) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), values); }
  BALLAST_BF16 static void store(Element* to, __m128i values, __mmask16 some) { _mm_mask_storeu_epi8(to, some, values); }
};

// Stores of some lanes are slow, so only the last is one.
template <typename To>
BALLAST_BF16 void for_each(const To& to, const Gate& gate, const std::byte* in, std::byte* out, std::size_t count) {
  const Constants512 constants = constants_of(gate);
  const auto* from = reinterpret_cast<const std::uint16_t*>(in);
  auto* result = reinterpret_cast<typename To::Element*>(out);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    To::store(result + i, to(floats_of(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i))), constants));
  if (i == count) return;
  const auto some = static_cast<__mmask16>((1U << (count - i)) - 1);
  To::store(result + i, to(floats_of(_mm256_maskz_loadu_epi16(some, from + i)), constants), some);
}

// x / (1 + 2^z), 2^z by a polynomial that is off by 7.5e-8 of it at most.
BALLAST_AVX512 inline __m512 swish(__m512 x, __m512 turned) {
  const __m512 z = _mm512_mul_ps(x, turned);
  const __m512 f = _mm512_reduce_ps(z, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 power = _mm512_fmadd_ps(f, _mm512_set1_ps(0.0018775767F), _mm512_set1_ps(0.0089893406F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(0.055826318F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(0.24015361F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(0.69315308F));
  power = _mm512_fmadd_ps(f, power, _mm512_set1_ps(0.99999994F));
  return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1), _mm512_scalef_ps(power, z)));
}

BALLAST_AVX512 void swish_of_floats(float alpha, const std::byte* in, std::byte* out, std::size_t count) {
  const __m512 turned = _mm512_set1_ps(-std::numbers::log2e_v<float> * alpha);
  const auto* from = reinterpret_cast<const float*>(in);
  auto* to = reinterpret_cast<float*>(out);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) _mm512_storeu_ps(to + i, swish(_mm512_loadu_ps(from + i), turned));
  if (i == count) return;
  const auto some = static_cast<__mmask16>((1U << (count - i)) - 1);
  _mm512_mask_storeu_ps(to + i, some, swish(_mm512_maskz_loadu_ps(some, from + i), turned));
}

}  // namespace

// As far as oneDNN may use it: scores depend on what the manifest calls the instruction set.
bool has_gate(const graph::Activation& activation, Number type) {
  using Kind = graph::Activation::Kind;
  if (activation.kind == Kind::swish) return type == Number::bf16 || uses(dnnl::cpu_isa::avx512_core);
  return type == Number::bf16 && (activation.kind == Kind::gelu || activation.kind == Kind::gelu_tanh);
}

GateKernel gate_kernel(const graph::Activation& activation, Number type, std::size_t count) {
  if (type == Number::f32)
    return [alpha = activation.alpha, count](const std::byte* in, std::byte* out) { swish_of_floats(alpha, in, out, count); };
  return [gate = gate_of(activation), count](const std::byte* in, std::byte* out) {
    gate.is_linear() ? for_each(ToBf16<true>{}, gate, in, out, count) : for_each(ToBf16<false>{}, gate, in, out, count);
  };
}

GateKernel gate_to_bytes(const graph::Activation& activation, std::size_t count, const graph::Activation& rounding) {
  return [gate = gate_of(activation), per_step = 1 / rounding.alpha, is_signed = rounding.beta != 0, count](const std::byte* in,
                                                                                                            std::byte* out) {
    const auto run = [&](const auto& to) { for_each(to, gate, in, out, count); };
    if (gate.is_linear()) is_signed ? run(ToBytes<true, true>{per_step}) : run(ToBytes<true, false>{per_step});
    else is_signed ? run(ToBytes<false, true>{per_step}) : run(ToBytes<false, false>{per_step});
  };
}

#else

bool has_gate(const graph::Activation&, Number) { return false; }
GateKernel gate_kernel(const graph::Activation&, Number, std::size_t) { throw std::logic_error("no gate"); }
GateKernel gate_to_bytes(const graph::Activation&, std::size_t, const graph::Activation&) { throw std::logic_error("no gate"); }

#endif

}  // namespace ballast::model::onednn
