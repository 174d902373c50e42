// SPDX-License-Identifier: Apache-2.0
//
// Networks by name, to be trained. Weights are zero until training sets them.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// (pixel - mean) / deviation by channel, the network's first layer. Empty: none.
struct Normalisation {
  std::vector<float> mean, deviation;
};

// What normalisation_from takes.
inline constexpr std::string_view normalisation_names = "cifar10, imagenet, fashion-mnist, mnist, half, none";

// The normalisation that the field uses for a data set; `half` is pixel - 1/2
// for so many channels. Nothing for any other name.
std::optional<Normalisation> normalisation_from(std::string_view name, int channels);

// What build_architecture takes, for people.
inline constexpr std::string_view architecture_names =
    "resnet8, resnet14, resnet20, ... resnet110 (6k + 2 layers), resnet50 (ImageNet's), wrn16-4 (wrnD-K, D = 6k + 4), "
    "mlp, mlp7x1024 (mlpLxW), cnn-small, cnn-large, linear";

// By name:
//   resnetN     N = 6k + 2, 8 to 1202: the CIFAR residual networks of He et al. 2016 with 16, 32 and 64
//               channels, and 1x1 convolutions where sizes change
//   resnet50    their ImageNet network, though 50 = 6 * 8 + 2: a stem of 7x7 with stride 2 and a maximum pool,
//               bottlenecks 3-4-6-3 that stride in their 3x3 convolution; 25,557,032 parameters for 1000 classes
//   wrnD-K      D = 6k + 4, 10 to 202, K to 32: Zagoruyko and Komodakis 2016, norm and ReLU before each
//               convolution, 16K, 32K and 64K channels
//   mlpLxW      L linear layers in all, of which the L - 1 hidden ones (L from 2 to 64) have W units (to 8192) and a ReLU;
//               mlp7x1024 has six hidden layers: the 7-layer network of Zhang et al. 2018 (cifar_7_1024)
//   mlp         mlp3x256
//   cnn-small   Wong and Kolter 2018: two 4x4 convolutions with stride 2 (16 and 32 channels), 100 units
//   cnn-large   their larger one: 3x3 and 4x4 with stride 2 of 32, the same of 64, twice 512 units
//   linear      one linear layer
// Throws InputError naming what is allowed, or the layer that the images are too small for.
Graph build_architecture(const std::string& name, const ImageShape& shape, int classes, const Normalisation& normalisation);

}  // namespace ballast::graph
