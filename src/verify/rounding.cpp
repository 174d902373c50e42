// SPDX-License-Identifier: Apache-2.0

#include "rounding.hpp"

#include <algorithm>
#include <cstdint>
#include <variant>

namespace ballast::verify {
namespace {

// The most products that one element of the map's output, or of its adjoint's, is a sum of; at most.
std::int64_t longest_sum(const LinearMap& map) {
  if (const auto* dense = std::get_if<Dense>(&map.kind)) return std::max(dense->weights.size(0), dense->weights.size(1));
  if (const auto* conv = std::get_if<Convolve>(&map.kind)) {
    const std::int64_t taps = conv->weights.size(2) * conv->weights.size(3);
    return taps * std::max(conv->weights.size(0) / conv->groups, conv->weights.size(1));
  }
  return std::max(elements(map.in) / elements(map.out), elements(map.out) / elements(map.in)) + 1;
}

}  // namespace

double rounding_slack(const Layers& layers) {
  std::int64_t length = elements(layers.sizes_of(layers.input));
  for (const Layer& layer : layers.layers) {
    length += elements(layers.sizes_of(layer.output));
    for (const Term& term : layer.terms) length += longest_sum(term.map);
  }
  return 4 * 0x1p-53 * static_cast<double>(length);
}

}  // namespace ballast::verify
