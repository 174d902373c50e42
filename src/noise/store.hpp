// SPDX-License-Identifier: Apache-2.0
//
// How a pixel is stored in an input buffer.

#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "ballast/core/input_buffer.hpp"

namespace ballast::noise {

using Bf16 = std::uint16_t;

// To nearest, ties to even; NaN stays NaN.
inline Bf16 to_bf16(float value) {
  if (std::isnan(value)) return 0x7fc0;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<Bf16>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <typename Element>
Element stored(float value) {
  if constexpr (std::is_same_v<Element, Bf16>) return to_bf16(value);
  else return value;
}

inline float apply(const ChannelAffine& affine, double pixel) { return static_cast<float>(affine.scale * pixel + affine.offset); }

// Calls body with a pointer of the buffer's element type to the start of one image's place.
template <typename Body>
void at_place(const InputBuffer& buffer, std::size_t place, Body&& body) {
  if (buffer.type == ElementType::bf16) body(static_cast<Bf16*>(buffer.data) + place * buffer.sample_stride);
  else body(static_cast<float*>(buffer.data) + place * buffer.sample_stride);
}

}  // namespace ballast::noise
