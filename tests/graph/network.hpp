// SPDX-License-Identifier: Apache-2.0
//
// Small networks with random weights, one operation after another.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ballast/graph/graph.hpp"
#include "interpreter.hpp"

namespace ballast::graph::testing {

class Network {
 public:
  explicit Network(Dims dims, std::uint32_t seed = 1) : random_(seed) { x = graph.add_input("image", std::move(dims)); }

  Graph graph;
  ValueId x;  // what was computed last

  double uniform(double least, double most) { return std::uniform_real_distribution<double>(least, most)(random_); }
  std::size_t below(std::size_t end) { return random_() % end; }

  ValueId constant(const Dims& dims, double least = -1, double most = 1) {
    std::vector<float> values(static_cast<std::size_t>(elements(dims)));
    for (float& value : values) value = static_cast<float>(uniform(least, most));
    return graph.add_constant("constant" + std::to_string(graph.values.size()), {dims, std::move(values)});
  }

  ValueId apply(Operation operation, std::vector<ValueId> inputs, Dims dims = {}) {
    return x = graph.append(std::move(operation), "node" + std::to_string(graph.nodes.size()), std::move(inputs), std::move(dims));
  }

  ValueId convolution(std::int64_t out, std::int64_t kernel, bool bias = true, std::int64_t groups = 1, std::int64_t stride = 1) {
    Convolution conv;
    conv.groups = groups;
    conv.strides = {stride, stride};
    conv.pads.assign(4, kernel / 2);
    std::vector<ValueId> inputs{x, constant({out, graph.dims(x)[1] / groups, kernel, kernel})};
    if (bias) inputs.push_back(constant({out}));
    return apply(conv, inputs);
  }

  ValueId linear(std::int64_t out, bool bias = true) {
    std::vector<ValueId> inputs{x, constant({out, graph.dims(x).back()})};
    if (bias) inputs.push_back(constant({out}));
    return apply(Linear{}, inputs);
  }

  ValueId batch_norm() {
    const std::int64_t channels = graph.dims(x)[1];
    const ValueId from = x;
    return apply(BatchNorm{1e-3f},
                 {from, constant({channels}, -2, 2), constant({channels}), constant({channels}), constant({channels}, 0.1, 2)});
  }

  ValueId relu() { return apply(Activation{Activation::Kind::relu}, {x}); }
  ValueId add(ValueId other) { return apply(Binary{Binary::Kind::add}, {x, other}); }
  ValueId flatten() { return apply(Reshape{}, {x}, {batch, elements(graph.dims(x))}); }

  Graph finish() const {
    Graph result = graph;
    result.output = x;
    return result;
  }

 private:
  std::mt19937 random_;
};

using Values = std::vector<double>;

// 0, 1, 2, ...
inline Values counting(std::size_t count) {
  Values values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i);
  return values;
}

// How many nodes hold the operation.
template <typename Op>
int count_of(const Graph& graph) {
  return static_cast<int>(
      std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) { return std::holds_alternative<Op>(node.operation); }));
}

// Weights are rounded to single precision once more by a pass.
inline constexpr double rounding_of_weights = 1e-5;

inline void expect_near(const std::vector<double>& actual, const std::vector<double>& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  double scale = 0;
  for (const double value : expected) scale = std::max(scale, std::abs(value));
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], relative * std::max(scale, 1e-3)) << "element " << i;
}

// Both networks give the same for one image and for a batch of two.
inline void expect_same(const Graph& actual, const Graph& expected) {
  for (const std::int64_t count : {1, 2}) {
    const auto images = sample_images(expected, count);
    expect_near(run(actual, images), run(expected, images), rounding_of_weights);
  }
}

}  // namespace ballast::graph::testing
