// SPDX-License-Identifier: Apache-2.0
//
// Networks whose convolutions and linear layers multiply whole numbers of 8 bits: what is rounded, and to which steps.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// The values of a simplified network that quantised() rounds, in the network's order: what enters its layers but for those that read the
// network's input or give its scores, and both sides of sums right behind convolutions, so that such a sum stays one of whole numbers.
std::vector<ValueId> values_to_quantise(const Graph& graph);

// A network that gives the least and then the greatest element of each of these values in place of scores.
Graph extremes_of(const Graph& graph, std::span<const ValueId> values);

struct Extremes {
  float least = 0, greatest = 0;
};

// The network with these values rounded to 256 steps (from 0 on where none is below it, else as many to both sides), and the weights of
// the layers that read them to 255 steps, of a size for each output. extremes: one for each value of values_to_quantise(). Throws
// InputError where one is not finite.
Graph quantised(const Graph& graph, std::span<const Extremes> extremes);

// Weights as whole numbers of -127 to 127 times a step for each output, the first dimension.
struct WholeWeights {
  std::vector<float> steps;
  std::vector<std::int8_t> numbers;  // row-major
};

// The same weights in this form, to within their rounding; nothing where they are not such multiples.
std::optional<WholeWeights> whole_weights(const Tensor& weights);

}  // namespace ballast::graph
