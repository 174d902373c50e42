// SPDX-License-Identifier: Apache-2.0
//
// Networks by name, to be trained. Weights are zero until training sets them.

#pragma once

#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// (pixel - mean) / deviation by channel, the network's first layer. Empty: none.
struct Normalisation {
  std::vector<float> mean, deviation;
};

// `resnetN` (N = 6k + 2: the CIFAR residual networks of He et al. 2016, 16, 32
// and 64 channels, with 1x1 convolutions where sizes change) or `mlp` (two
// hidden layers of 256). Throws InputError naming what is allowed.
Graph build_architecture(const std::string& name, const ImageShape& shape, int classes, const Normalisation& normalisation);

}  // namespace ballast::graph
