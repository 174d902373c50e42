// SPDX-License-Identifier: Apache-2.0
//
// Sums and products of an array with one that is stretched to it, where oneDNN has only a plain loop.

#pragma once

#include <cstddef>
#include <functional>

#include "ballast/graph/graph.hpp"

namespace ballast::model::onednn {

enum class Number { f32, bf16 };

// out = a OP b, in single precision between types. a and out: of these dims and type, out may be a; b: stretched, in the same order of
// dimensions, of its own type. For addition, subtraction, multiplication and division.
using StretchedKernel = std::function<void(const std::byte* a, const std::byte* b, std::byte* out)>;
StretchedKernel stretched_kernel(graph::Binary::Kind kind, const graph::Dims& dims, Number type, const graph::Dims& b, Number b_type);

}  // namespace ballast::model::onednn
