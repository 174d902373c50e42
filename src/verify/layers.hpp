// SPDX-License-Identifier: Apache-2.0
//
// A network as a verifier sees it: sums of linear maps plus a constant, and
// activations between them, in double.

#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "ballast/graph/graph.hpp"
#include "linear_map.hpp"

namespace ballast::verify {

using ValueIndex = int;

// One summand of an affine layer.
struct Term {
  ValueIndex from = -1;
  LinearMap map;
};

struct Layer {
  enum class Kind { affine, relu, max_pool };
  Kind kind = Kind::affine;
  std::vector<Term> terms;  // affine: what is summed
  at::Tensor constant;      // affine: what is added, of the output's sizes; undefined: nothing
  bool disjoint = false;    // affine: each element of the output has at most one term (a concatenation)
  ValueIndex input = -1;    // activations: what they read
  graph::Pool pool;         // max_pool
  ValueIndex output = -1;
  std::string name;  // of the graph's node
};

struct Layers {
  std::vector<Sizes> sizes;   // of each value
  std::vector<Layer> layers;  // in an order in which they can run
  ValueIndex input = -1;
  ValueIndex output = -1;

  const Sizes& sizes_of(ValueIndex value) const { return sizes[static_cast<std::size_t>(value)]; }
  const Layer* producer(ValueIndex value) const;  // null: the input
};

// What the layer reads.
std::vector<ValueIndex> inputs_of(const Layer& layer);

// The graph as layers, with chains of scales, convolutions and linear layers
// multiplied out (batch normalisations and the normalisation of the input, in double). Throws InputError naming operation and node where
// it cannot be done; max pools are taken only if allowed. `method` is for these messages.
Layers layers_of(graph::Graph graph, bool max_pools, std::string_view method);

// All values for a batch of inputs (count x the input's sizes), by index; count x sizes each.
std::vector<at::Tensor> run(const Layers& layers, const at::Tensor& x);

// The layer alone. values: as run() gives them, up to what the layer reads.
at::Tensor run(const Layer& layer, const std::vector<at::Tensor>& values);

}  // namespace ballast::verify
