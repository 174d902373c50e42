// SPDX-License-Identifier: Apache-2.0
//
// Half precision (IEEE 754 binary16) and bfloat16, as bits.

#pragma once

#include <cstdint>

namespace ballast::graph {

float from_half(std::uint16_t bits);
float from_bfloat16(std::uint16_t bits);

// The nearest half, ties to even; infinity beyond the greatest.
std::uint16_t to_half(float value);

}  // namespace ballast::graph
