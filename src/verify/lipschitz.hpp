// SPDX-License-Identifier: Apache-2.0
//
// Lipschitz constants of a network, l2 to l2, and the margins that follow from them.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "backward.hpp"
#include "layers.hpp"

namespace ballast::verify {

// Convolutions on a torus, or from their whole matrix where that is small (seconds each).
enum class Effort { quick, tight };

// By value: an upper bound of the Lipschitz constant from the input to it. Norms of a chain multiply, those of a sum add, those
// of a concatenation add in squares; a ReLU has 1.
std::vector<double> lipschitz_bounds(const Layers& layers, Effort effort);

// The margins of a label at the input (classes - 1, lowered by what rounding may have made of them), and upper bounds of their
// Lipschitz constants: from the last activations on, the differences of scores are one linear map each (Tsuzuku et al. 2018,
// Proposition 2, where this is a single layer).
struct SteepMargins {
  at::Tensor margin, lipschitz;
};
SteepMargins steep_margins(const Layers& layers, const std::vector<double>& lipschitz, const std::vector<at::Tensor>& values,
                           std::int64_t label);

}  // namespace ballast::verify
