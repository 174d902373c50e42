// SPDX-License-Identifier: Apache-2.0
//
// Small networks for each operation that can be bounded, and tensors to run them on.

#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "graph/network.hpp"
#include "linear_map.hpp"

namespace ballast::verify::testing {

using graph::batch;
using graph::Binary;
using graph::testing::Network;

// Uniform in [-1, 1].
inline at::Tensor random_tensor(const Sizes& sizes, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  at::Tensor tensor = at::empty(sizes, at::kDouble);
  std::generate_n(tensor.data_ptr<double>(), tensor.numel(), [&] { return uniform(random); });
  return tensor;
}

// count x the sizes of one.
inline Sizes many(std::int64_t count, const Sizes& one) {
  Sizes sizes{count};
  sizes.insert(sizes.end(), one.begin(), one.end());
  return sizes;
}

struct AffineCase {
  std::string name;
  graph::Dims input;
  std::function<void(Network&)> build;
};

inline void PrintTo(const AffineCase& tested, std::ostream* out) { *out << tested.name; }

inline graph::Convolution convolution_of(graph::Sides strides, graph::Sides pads, graph::Sides dilations = {1, 1},
                                         std::int64_t groups = 1) {
  graph::Convolution conv;
  conv.strides = strides, conv.pads = pads, conv.dilations = dilations, conv.groups = groups;
  return conv;
}

inline void convolve(Network& n, const graph::Convolution& conv, const graph::Dims& weights) {
  n.apply(conv, {n.x, n.constant(weights), n.constant({weights[0]})});
}

inline void average_pool(Network& n, graph::Sides kernel, graph::Sides strides, graph::Sides pads, bool count_padding) {
  graph::Pool pool;
  pool.kind = graph::Pool::Kind::average;
  pool.kernel = kernel, pool.strides = strides, pool.pads = pads, pool.count_padding = count_padding;
  n.apply(pool, {n.x});
}

inline void binary(Network& n, Binary::Kind kind, const graph::Dims& constant, bool constant_first = false) {
  const auto number = n.constant(constant, 0.5, 2);
  n.apply(Binary{kind}, constant_first ? std::vector{number, n.x} : std::vector{n.x, number});
}

// Every operation without activations, and chains that become one map.
inline std::vector<AffineCase> affine_cases() {
  using Kind = Binary::Kind;
  const graph::Dims image{batch, 4, 7, 6};
  return {
      {"Convolution", image,
       [](Network& n) {
         convolve(n, convolution_of({1, 1}, {1, 1, 1, 1}), {3, 4, 3, 3});
       }},
      {"ConvolutionStridden", image,
       [](Network& n) {
         convolve(n, convolution_of({2, 3}, {0, 1, 2, 0}), {3, 4, 3, 2});
       }},
      {"ConvolutionDilated", image,
       [](Network& n) {
         convolve(n, convolution_of({1, 2}, {2, 0, 1, 3}, {2, 3}), {5, 4, 3, 2});
       }},
      {"ConvolutionGrouped", image,
       [](Network& n) {
         convolve(n, convolution_of({2, 1}, {1, 0, 0, 1}, {1, 2}, 2), {6, 2, 2, 3});
       }},
      {"ConvolutionByChannel", image,
       [](Network& n) {
         convolve(n, convolution_of({1, 1}, {1, 1, 1, 1}, {1, 1}, 4), {8, 1, 3, 3});
       }},
      {"ConvolutionThatSkipsPixels", image,
       [](Network& n) {
         convolve(n, convolution_of({3, 3}, {0, 0, 0, 0}), {2, 4, 1, 1});
       }},
      {"Linear", {batch, 9}, [](Network& n) { n.linear(5); }},
      {"LinearOnRows", {batch, 3, 4}, [](Network& n) { n.linear(5); }},
      {"BatchNorm", image, [](Network& n) { n.batch_norm(); }},
      {"ConvolutionAndBatchNorm", image, [](Network& n) { n.convolution(5, 3), n.batch_norm(); }},
      {"BatchNormAndGroupedConvolution", image, [](Network& n) { n.batch_norm(), n.convolution(6, 3, true, 2); }},
      {"LinearAndBatchNorm", {batch, 6}, [](Network& n) { n.batch_norm(), n.linear(5), n.batch_norm(); }},
      {"AddConstant", image,
       [](Network& n) {
         binary(n, Kind::add, {4, 1, 1});
       }},
      {"SubtractFromConstant", image,
       [](Network& n) {
         binary(n, Kind::subtract, {1, 4, 7, 1}, true);
       }},
      {"NormalisedInput", image,
       [](Network& n) {
         binary(n, Kind::subtract, {4, 1, 1}), binary(n, Kind::divide, {1, 4, 1, 1}), n.convolution(3, 3);
       }},
      {"MultiplyElements", image,
       [](Network& n) {
         binary(n, Kind::multiply, {4, 7, 6});
       }},
      {"MultiplyScalar", image, [](Network& n) { binary(n, Kind::multiply, {}, true); }},
      {"Broadcast",
       {batch, 4, 1, 1},
       [](Network& n) {
         binary(n, Kind::multiply, {1, 3, 2});
       }},
      {"Residual", image,
       [](Network& n) {
         const auto x = n.x;
         n.convolution(4, 3), n.batch_norm(), n.add(x);
       }},
      {"DifferenceWithItself", image,
       [](Network& n) {
         const auto x = n.x;
         n.convolution(4, 3);
         n.apply(Binary{Kind::subtract}, {x, n.x});
         n.add(n.x);
       }},
      {"BroadcastSum", image,
       [](Network& n) {
         const auto x = n.x;
         n.apply(graph::Reduce{{2, 3}, true}, {x});
         n.add(x);
       }},
      {"AveragePool", image,
       [](Network& n) {
         average_pool(n, {2, 3}, {2, 3}, {0, 0, 0, 0}, false);
       }},
      {"AveragePoolWithPadding", image,
       [](Network& n) {
         average_pool(n, {3, 3}, {2, 1}, {1, 1, 1, 1}, false);
       }},
      {"AveragePoolCountingPadding", image,
       [](Network& n) {
         average_pool(n, {3, 3}, {2, 2}, {1, 0, 1, 1}, true);
       }},
      {"GlobalMean", image,
       [](Network& n) {
         n.apply(graph::Reduce{{2, 3}, false}, {n.x});
       }},
      {"Reshape", image, [](Network& n) { n.flatten(), n.linear(3); }},
      {"Transpose", image,
       [](Network& n) {
         n.apply(graph::Transpose{{0, 2, 3, 1}}, {n.x}), n.linear(3);
       }},
      {"Pad", image,
       [](Network& n) {
         n.apply(graph::Pad{{0, 1, 0, 2}, {0, 0, 3, 1}, 0.5f}, {n.x});
       }},
      {"Slice", image,
       [](Network& n) {
         n.apply(graph::Slice{{0, 1, 0, 1}, {1, 2, 3, 1}}, {n.x}, {batch, 2, 3, 4});
       }},
      {"ShortcutOfZeros", image,
       [](Network& n) {
         n.apply(graph::Slice{{0, 0, 0, 0}, {1, 1, 2, 2}}, {n.x}, {batch, 4, 4, 3});
         n.apply(graph::Pad{{0, 1, 0, 0}, {0, 2, 0, 0}, 0}, {n.x});
       }},
      {"Concat", image,
       [](Network& n) {
         const auto x = n.x;
         n.convolution(2, 1);
         n.apply(graph::Concat{1}, {n.x, n.constant({1, 3, 7, 6}), x});
       }},
      {"ConvolutionsAroundAShortcut",
       {batch, 2, 16, 15},
       [](Network& n) {
         n.convolution(3, 3);
         const auto x = n.x;
         n.convolution(4, 3), n.batch_norm(), n.convolution(3, 1), n.add(x);
         n.convolution(2, 3, true, 1, 2);
       }},
  };
}

}  // namespace ballast::verify::testing
