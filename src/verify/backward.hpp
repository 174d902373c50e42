// SPDX-License-Identifier: Apache-2.0
//
// Rows of coefficients walked from a value of the network back to its input.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "coefficients.hpp"
#include "layers.hpp"

namespace ballast::verify {

// Rows on a value, and what is added to each. Where the value is a linear layer's, the rows may already stand on what it reads.
struct Start {
  ValueIndex value = -1;
  Coefficients rows;
  Product constant;
};

// Sign times each of the elements (indices into the flat value, int64).
Start start_at_elements(const Layers& layers, ValueIndex value, const at::Tensor& elements, double sign);

// Both below each other. Requires starts at the same value, as from start_at_elements with different signs.
Start stacked(const Start& first, const Start& second);

// The differences of the label's score to each other, classes - 1 rows in the order of the others.
Start start_at_margins(const Layers& layers, std::int64_t label);

// What rows on an activation's output become on its input (nothing: the walk ends there), and what is added to each row.
struct Passed {
  std::optional<Coefficients> rows;
  Product constant;
};
using AtActivation = std::function<Passed(const Layer& activation, const Coefficients& rows)>;

// The rows on the network's input, where they reach it, and all that was added on the way, with the sums of magnitudes.
struct Arrival {
  std::optional<Coefficients> rows;
  Product constant;
};
Arrival walk_back(const Layers& layers, Start start, const AtActivation& at_activation);

// What ends every walk at activations: `collect` is told of the rows on their outputs.
AtActivation stopping(std::function<void(const Layer&, const Coefficients&)> collect);

// How many rows may be walked back at once: options' matrix elements by the largest value, unfolded where a
// convolution reads or gives it.
std::int64_t rows_at_once(const Layers& layers, std::int64_t matrix_elements);

// l2 norms of the rows that lead from each element of the value to the network's input past no activation; of the
// value's sizes. Where the value depends on the input through no activation, these give its exact bounds on a ball.
at::Tensor input_norms(const Layers& layers, ValueIndex value, std::int64_t rows_at_once);

// By value: whether it depends on the input through no activation.
std::vector<bool> affine_in_input(const Layers& layers);

}  // namespace ballast::verify
