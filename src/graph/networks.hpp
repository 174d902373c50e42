// SPDX-License-Identifier: Apache-2.0
//
// The families of networks behind the names of architectures.

#pragma once

#include "ballast/graph/graph.hpp"
#include "layer_builder.hpp"

namespace ballast::graph {

// residual_networks.cpp
Graph cifar_residual_network(LayerBuilder layers, int blocks, int classes);  // blocks in each of three stages
Graph imagenet_residual_network(LayerBuilder layers, int classes);           // of 50 layers
Graph wide_residual_network(LayerBuilder layers, int blocks, int width, int classes);

// plain_networks.cpp
Graph perceptron(LayerBuilder layers, int hidden_layers, int width, int classes);
Graph small_convolutional_network(LayerBuilder layers, int classes);
Graph large_convolutional_network(LayerBuilder layers, int classes);

}  // namespace ballast::graph
