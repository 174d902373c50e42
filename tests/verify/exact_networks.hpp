// SPDX-License-Identifier: Apache-2.0
//
// Networks whose weights are decimals, although a graph holds floats: each layer is multiplied by 10^4, which makes its weights
// integers, and biases are the sum of three floats. Scores are then so many powers of 10^4 too large, and radii as they were.

#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::verify::testing {

using Rows = std::vector<std::vector<double>>;

inline constexpr double decimal_scale = 1e4;  // the decimals have four places

class ExactNetwork {
 public:
  explicit ExactNetwork(std::int64_t inputs) : value_(graph.add_input("x", {graph::batch, inputs})) {}

  graph::Graph graph;

  graph::ValueId value() const { return value_; }
  double scale() const { return scale_; }  // of the present value

  void linear(const Rows& weights, const std::vector<double>& bias) {
    scale_ *= decimal_scale;
    value_ = node(graph::Linear{}, {value_, matrix(weights, decimal_scale)});
    add_bias(bias);
  }

  // The same on another value, of the given scale, multiplied so that the result has the present value's scale.
  graph::ValueId linear_on(graph::ValueId from, double from_scale, const Rows& weights) {
    return node(graph::Linear{}, {from, matrix(weights, scale_ / from_scale)});
  }

  void relu() { value_ = node(graph::Activation{}, {value_}); }
  void add(graph::ValueId other) { value_ = node(graph::Binary{}, {value_, other}); }

  graph::Graph finish() const {
    graph::Graph result = graph;
    result.output = value_;
    return result;
  }

 private:
  graph::ValueId node(graph::Operation operation, std::vector<graph::ValueId> inputs) {
    return graph.append(std::move(operation), "node" + std::to_string(graph.nodes.size()), std::move(inputs));
  }

  graph::ValueId constant(graph::Dims dims, std::vector<float> values) {
    return graph.add_constant("constant" + std::to_string(graph.values.size()), {std::move(dims), std::move(values)});
  }

  graph::ValueId matrix(const Rows& rows, double scale) {
    std::vector<float> values;
    for (const auto& row : rows) {
      for (const double value : row) values.push_back(static_cast<float>(std::round(value * decimal_scale) * (scale / decimal_scale)));
    }
    return constant({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size())}, std::move(values));
  }

  void add_bias(const std::vector<double>& bias) {
    std::vector<double> rest;
    for (const double value : bias) rest.push_back(std::round(value * decimal_scale) * (scale_ / decimal_scale));
    for (int part = 0; part < 3; ++part) {
      std::vector<float> values;
      for (double& value : rest) {
        values.push_back(static_cast<float>(value));
        value -= static_cast<double>(values.back());
      }
      value_ = node(graph::Binary{}, {value_, constant({static_cast<std::int64_t>(values.size())}, values)});
    }
  }

  graph::ValueId value_;
  double scale_ = 1;
};

// Linear layers with a ReLU between each two.
inline ExactNetwork exact_mlp(const std::vector<Rows>& weights, const std::vector<std::vector<double>>& biases) {
  ExactNetwork network(static_cast<std::int64_t>(weights[0][0].size()));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    network.linear(weights[i], biases[i]);
    if (i + 1 < weights.size()) network.relu();
  }
  return network;
}

}  // namespace ballast::verify::testing
