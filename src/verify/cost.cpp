// SPDX-License-Identifier: Apache-2.0

#include "cost.hpp"

namespace ballast::verify {
namespace {

double multiplications(const LinearMap& map) {
  const auto out = static_cast<double>(elements(map.out));
  if (const auto* dense = std::get_if<Dense>(&map.kind)) return out * static_cast<double>(dense->weights.size(1));
  if (const auto* convolution = std::get_if<Convolve>(&map.kind)) {
    return out * static_cast<double>(convolution->weights.numel()) / static_cast<double>(convolution->weights.size(0));
  }
  return out;
}

}  // namespace

double multiplications_by_lines(const Layers& layers) {
  double one_row = 0, all = 0;  // through the layers so far
  for (const Layer& layer : layers.layers) {
    if (layer.kind != Layer::Kind::affine) {
      all += static_cast<double>(elements(layers.sizes_of(layer.input))) * one_row;
      continue;
    }
    for (const Term& term : layer.terms) one_row += multiplications(term.map);
  }
  return all + static_cast<double>(elements(layers.sizes_of(layers.output))) * one_row;
}

}  // namespace ballast::verify
