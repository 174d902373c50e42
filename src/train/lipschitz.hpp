// SPDX-License-Identifier: Apache-2.0
//
// The Lipschitz constant of a network up to its last layer, l2 to l2, from
// operator norms that a power iteration follows while the weights change.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "affine_map.hpp"

namespace ballast::train {

// Starting vectors of the power iteration, one for each convolution and each linear layer but the last. Throws InputError naming
// operation and node where the network has an operation whose norm is not known, or does not end in a linear layer.
std::vector<at::Tensor> power_vectors(const model::Network& network, std::uint64_t seed);

// One step of the power iteration from each vector, which follows in place.
void step(const model::Network& network, std::vector<at::Tensor>& vectors);

// |w_j - w_y| times the product of the norms of all layers before the last (Tsuzuku, Sato and Sugiyama 2018, section 5), where norms of
// convolutions count together with the scales behind them, those of sums add, and the estimates are u^T W v for the vectors v and u = W v /
// |W v|. Gradients flow through W alone. images x classes.
at::Tensor margin_constants(const model::Network& network, const std::vector<at::Tensor>& vectors, const at::Tensor& labels);

}  // namespace ballast::train
