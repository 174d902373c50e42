// SPDX-License-Identifier: Apache-2.0
//
// Small classifiers with random weights, of every kind that can be bounded.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "graph/network.hpp"

namespace ballast::verify::testing {

struct SampleNetwork {
  std::string name;
  graph::Graph graph;
  ImageShape shape;
};

inline SampleNetwork dense_network(std::uint32_t seed) {
  graph::testing::Network n({graph::batch, 6}, seed);
  n.linear(12), n.relu(), n.linear(10), n.relu(), n.linear(4);
  return {"dense", n.finish(), {1, 1, 6}};
}

inline SampleNetwork convolutional_network(std::uint32_t seed) {
  graph::testing::Network n({graph::batch, 2, 8, 8}, seed);
  n.batch_norm(), n.convolution(4, 3, true, 1, 2), n.relu(), n.convolution(4, 3, true, 2), n.batch_norm(), n.relu();
  n.flatten(), n.linear(8), n.relu(), n.linear(3);
  return {"convolutional", n.finish(), {2, 8, 8}};
}

inline SampleNetwork residual_network(std::uint32_t seed) {
  graph::testing::Network n({graph::batch, 2, 9, 9}, seed);
  n.convolution(3, 3), n.relu();
  const auto first = n.x;
  n.convolution(3, 3), n.batch_norm(), n.relu(), n.convolution(3, 3), n.add(first), n.relu();
  const auto second = n.x;
  n.convolution(4, 3, true, 1, 2), n.relu(), n.convolution(4, 3);
  const auto main = n.x;
  n.x = second;
  n.convolution(4, 1, false, 1, 2);  // pads of 0: 9 pixels become 5
  n.add(main), n.relu();
  n.apply(graph::Reduce{{2, 3}, false}, {n.x});
  n.linear(3);
  return {"residual", n.finish(), {2, 9, 9}};
}

// Ends in a sum of a branch with activations and one without.
inline SampleNetwork skipping_network(std::uint32_t seed) {
  graph::testing::Network n({graph::batch, 5}, seed);
  const auto x = n.x;
  n.linear(7), n.relu(), n.linear(6);
  const auto branch = n.x;
  n.x = x;
  n.linear(6), n.add(branch), n.relu();
  n.apply(graph::Concat{1}, {n.x, x});
  n.linear(3);
  return {"skipping", n.finish(), {1, 1, 5}};
}

inline SampleNetwork pooled_network(std::uint32_t seed) {
  graph::testing::Network n({graph::batch, 1, 8, 8}, seed);
  graph::Pool pool;
  pool.kernel = {3, 3}, pool.strides = {2, 2}, pool.pads = {1, 1, 0, 0};
  n.convolution(3, 3), n.relu(), n.apply(pool, {n.x}), n.convolution(3, 3), n.relu(), n.flatten(), n.linear(3);
  return {"with max pools", n.finish(), {1, 8, 8}};
}

inline std::vector<SampleNetwork> sample_networks() {
  return {dense_network(1), convolutional_network(2), residual_network(3), skipping_network(4)};
}

}  // namespace ballast::verify::testing
