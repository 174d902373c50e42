// SPDX-License-Identifier: Apache-2.0
//
// Networks that are one chain of layers.

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "networks.hpp"

namespace ballast::graph {
namespace {

ValueId hidden_layer(LayerBuilder& layers, int number, ValueId from, std::int64_t width) {
  return layers.relu(fmt::format("relu{}", number), layers.linear(fmt::format("hidden{}", number), from, width));
}

ValueId convolution_and_relu(LayerBuilder& layers, int number, ValueId from, std::int64_t out, Window window) {
  return layers.relu(fmt::format("conv{}.relu", number), layers.biased_convolution(fmt::format("conv{}", number), from, out, window));
}

constexpr Window keeping{3, 1, 1}, halving{4, 2, 1};

}  // namespace

Graph perceptron(LayerBuilder layers, int hidden_layers, int width, int classes) {
  ValueId x = layers.flatten(layers.image());
  for (int layer = 1; layer <= hidden_layers; ++layer) x = hidden_layer(layers, layer, x, width);
  return layers.finish(layers.linear("classify", x, classes));
}

Graph small_convolutional_network(LayerBuilder layers, int classes) {
  ValueId x = convolution_and_relu(layers, 1, layers.image(), 16, halving);
  x = convolution_and_relu(layers, 2, x, 32, halving);
  x = hidden_layer(layers, 1, layers.flatten(x), 100);
  return layers.finish(layers.linear("classify", x, classes));
}

Graph large_convolutional_network(LayerBuilder layers, int classes) {
  ValueId x = convolution_and_relu(layers, 1, layers.image(), 32, keeping);
  x = convolution_and_relu(layers, 2, x, 32, halving);
  x = convolution_and_relu(layers, 3, x, 64, keeping);
  x = convolution_and_relu(layers, 4, x, 64, halving);
  x = hidden_layer(layers, 1, layers.flatten(x), 512);
  x = hidden_layer(layers, 2, x, 512);
  return layers.finish(layers.linear("classify", x, classes));
}

}  // namespace ballast::graph
