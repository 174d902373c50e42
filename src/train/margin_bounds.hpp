// SPDX-License-Identifier: Apache-2.0
//
// Wong and Kolter's lower bounds of margins, to be trained through.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "chain.hpp"
#include "draws.hpp"

namespace ballast::train {

// For each image of x and each class, a lower bound of the label's score less the class's over the l2 ball of radius epsilon around the
// image; 0 for the label. Gradients flow through all of it. images x classes.
at::Tensor margin_bounds(const std::vector<Chain>& chains, const at::Tensor& x, const at::Tensor& labels, double epsilon);

// The same with norms estimated from random vectors: not a bound, but near it.
at::Tensor margin_bounds(const std::vector<Chain>& chains, const at::Tensor& x, const at::Tensor& labels, double epsilon, int projections,
                         const Draws& draws);

// Elements of the largest matrix that the exact bounds of so many images need.
std::int64_t matrix_elements(const std::vector<Chain>& chains, std::int64_t images);

}  // namespace ballast::train
