// SPDX-License-Identifier: Apache-2.0
//
// Classifiers whose boundaries are known, and images for them.

#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "ballast/attack/attacker.hpp"
#include "ballast/model/open.hpp"
#include "ballast/smooth/thread_pool.hpp"

namespace ballast::attack {

// A number from -1/2 to 1/2 that looks arbitrary.
inline double arbitrary(std::size_t i, std::size_t salt = 0) {
  return static_cast<double>((i * 7919 + salt * 104729 + 12345) % 65521) / 65521 - 0.5;
}

inline std::vector<double> arbitrary_values(std::size_t count, std::size_t salt = 0) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(arbitrary(i * i + i, salt));
  return values;
}

inline double length_of(const std::vector<double>& values) {
  return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

inline std::vector<float> floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// Class 1 where w . x + b > 0, else class 0.
inline graph::Graph half_space(const std::vector<double>& w, double b, const ImageShape& shape) {
  graph::Graph graph;
  const auto size = static_cast<std::int64_t>(shape.size());
  graph::ValueId x = graph.add_input("image", {graph::batch, shape.channels, shape.height, shape.width});
  x = graph.append(graph::Reshape{}, "flatten", {x}, {graph::batch, size});
  std::vector<float> weights(shape.size(), 0.0f);
  for (const double value : w) weights.push_back(static_cast<float>(value));
  const auto matrix = graph.add_constant("w", {{2, size}, weights});
  const auto bias = graph.add_constant("b", {{2}, {0, static_cast<float>(b)}});
  graph.output = graph.append(graph::Linear{}, "classify", {x, matrix, bias});
  return graph;
}

// Three classes by a convolution, tanh and a linear layer.
inline graph::Graph curved(const ImageShape& shape) {
  constexpr std::int64_t filters = 4, classes = 3;
  graph::Graph graph;
  graph::ValueId x = graph.add_input("image", {graph::batch, shape.channels, shape.height, shape.width});
  const auto kernel = graph.add_constant(
      "kernel", {{filters, shape.channels, 3, 3}, floats(arbitrary_values(static_cast<std::size_t>(filters * shape.channels * 9), 1))});
  x = graph.append(graph::Convolution{.pads = {1, 1, 1, 1}}, "convolve", {x, kernel});
  x = graph.append(graph::Activation{.kind = graph::Activation::Kind::tanh}, "bend", {x});
  const std::int64_t units = filters * shape.height * shape.width;
  x = graph.append(graph::Reshape{}, "flatten", {x}, {graph::batch, units});
  const auto w = graph.add_constant("w", {{classes, units}, floats(arbitrary_values(static_cast<std::size_t>(classes * units), 2))});
  const auto b = graph.add_constant("b", {{classes}, {0.1f, -0.2f, 0.3f}});
  graph.output = graph.append(graph::Linear{}, "classify", {x, w, b});
  return graph;
}

inline std::unique_ptr<model::Classifier> classifier_of(const graph::Graph& graph, const ImageShape& shape) {
  model::ModelOptions options;
  options.shape = shape;
  options.precision = model::Precision::fp32;
  return model::classifier_from(graph, options);
}

inline Image grey_image(const ImageShape& shape, int level) {
  return {shape, std::vector<std::uint8_t>(shape.size(), static_cast<std::uint8_t>(level))};
}

}  // namespace ballast::attack
