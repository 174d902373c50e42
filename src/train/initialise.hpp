// SPDX-License-Identifier: Apache-2.0
//
// Random weights to start from.

#pragma once

#include <cstdint>

#include "ballast/graph/graph.hpp"

namespace ballast::train {

// Normal weights of variance 2 / inputs of a unit (He et al. 2015) for
// convolutions (of fan-out, as their residual networks have it) and linear
// layers; biases zero; batch normalisations as they are.
void initialise(graph::Graph& graph, std::uint64_t seed);

}  // namespace ballast::train
