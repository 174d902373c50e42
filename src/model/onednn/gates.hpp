// SPDX-License-Identifier: Apache-2.0
//
// x times a sigmoid: Swish and GELU in bf16, Swish in single precision. Several times as fast as oneDNN's own.

#pragma once

#include <cstddef>
#include <functional>

#include "ballast/graph/graph.hpp"
#include "stretched.hpp"

namespace ballast::model::onednn {

// Whether there is a kernel for it, on processors with AVX-512, and for bf16 with that.
bool has_gate(const graph::Activation& activation, Number type);

// Of so many elements of that type; out may be in. In single precision off by 3e-7 of the value, and 2e-7 more for each 1 of |x|; else
// within 3e-5 of the function before it is rounded to bf16. NaN stays NaN, and -inf becomes it.
using GateKernel = std::function<void(const std::byte* in, std::byte* out)>;
GateKernel gate_kernel(const graph::Activation& gate, Number type, std::size_t count);

// Of bf16, rounded to bytes: a quantise activation whose middle is 0 (unsigned) or 128 (signed), as whole numbers of steps.
GateKernel gate_to_bytes(const graph::Activation& gate, std::size_t count, const graph::Activation& rounding);

}  // namespace ballast::model::onednn
