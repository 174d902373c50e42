// SPDX-License-Identifier: Apache-2.0
//
// A small graph for each way in which an operation can be used, and inputs at which it has a derivative.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::model {

using graph::Activation;
using graph::batch;
using graph::Binary;
using graph::Dims;
using graph::Graph;
using graph::Pool;
using graph::ValueId;

// Numbers from -50/12 to 50/12 in steps of 1/12, the first 101 of them different.
inline double number(std::size_t i, std::size_t salt) { return (static_cast<double>((37 * i + 29 * salt) % 101) - 50) / 12; }

struct Case {
  std::string name;
  Graph graph;
  std::size_t trained = 0;  // constants that training changes
  bool training = false;
  double centre = 0.0123;          // of the inputs, which lie within 50/12 around it
  std::vector<double> kinks = {};  // inputs without a derivative
};

inline void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

// Builds a graph of a case; constants differ from each other.
class Builder {
 public:
  explicit Builder(const Dims& input) { graph_.add_input("x", input); }

  ValueId x() const { return graph_.input; }

  ValueId constant(const Dims& dims, double centre = 0) {
    graph::Tensor tensor{dims, {}};
    ++constants_;
    for (std::size_t i = 0; i < static_cast<std::size_t>(graph::elements(dims)); ++i) {
      tensor.values.push_back(static_cast<float>(centre + number(i, constants_) / 4));
    }
    return graph_.add_constant("constant" + std::to_string(constants_), std::move(tensor));
  }

  template <typename Operation>
  ValueId append(const Operation& operation, const std::vector<ValueId>& inputs, const Dims& dims = {}) {
    return graph_.append(operation, "node" + std::to_string(graph_.nodes.size()), inputs, dims);
  }

  Graph ending_in(ValueId output) {
    graph_.output = output;
    return std::move(graph_);
  }

 private:
  Graph graph_;
  std::size_t constants_ = 0;
};

// One node that reads the input and nothing else.
template <typename Operation>
Graph alone(const Dims& input, const Operation& operation, const Dims& output = {}) {
  Builder b(input);
  return b.ending_in(b.append(operation, {b.x()}, output));
}

// The cases of each operation. One that is missing is not compiled.

inline std::vector<Case> cases_of(graph::Convolution) {
  Builder uneven({batch, 4, 4, 3}), plain({batch, 3, 4, 4});
  const auto w = uneven.constant({6, 2, 3, 2}), b = uneven.constant({6});
  const auto y = uneven.append(graph::Convolution{{2, 1}, {1, 0, 2, 1}, {1, 2}, 2}, {uneven.x(), w, b});
  const auto z = plain.append(graph::Convolution{{1, 2}, {1, 1, 1, 1}, {1, 1}, 1}, {plain.x(), plain.constant({2, 3, 3, 3})});
  return {{"convolution_strides_uneven_pads_dilation_groups_bias", uneven.ending_in(y), 2},
          {"convolution_without_bias", plain.ending_in(z), 1}};
}

inline std::vector<Case> cases_of(graph::Linear) {
  Builder with({batch, 3, 4}), without({batch, 5});
  const auto w = with.constant({5, 4}), b = with.constant({5});
  const auto y = with.append(graph::Linear{}, {with.x(), w, b});
  const auto z = without.append(graph::Linear{}, {without.x(), without.constant({3, 5})});
  return {{"linear", with.ending_in(y), 2}, {"linear_without_bias", without.ending_in(z), 1}};
}

inline std::vector<Case> cases_of(graph::MatMul) {
  Builder b({batch, 3, 4});
  const auto turned = b.append(graph::Transpose{{0, 2, 1}}, {b.x()});
  const auto other = b.append(Activation{Activation::Kind::sigmoid}, {turned});
  return {{"matmul", b.ending_in(b.append(graph::MatMul{}, {b.x(), other}))}};
}

inline Graph batch_norm() {
  Builder b({batch, 3, 2, 4});
  const auto scale = b.constant({3}), shift = b.constant({3}), mean = b.constant({3}), variance = b.constant({3}, 2);
  return b.ending_in(b.append(graph::BatchNorm{1e-3F}, {b.x(), scale, shift, mean, variance}));
}

inline std::vector<Case> cases_of(graph::BatchNorm) {
  return {{"batch_norm", batch_norm(), 2}, {"batch_norm_in_training", batch_norm(), 2, true}};
}

inline std::vector<Case> cases_of(graph::GroupNorm) {
  Builder grouped({batch, 4, 2, 3}), each({batch, 3, 5});
  const auto scale = grouped.constant({4}), bias = grouped.constant({4});
  const auto y = grouped.append(graph::GroupNorm{2, 1e-3F}, {grouped.x(), scale, bias});
  const auto scale_of_each = each.constant({3}), bias_of_each = each.constant({3});
  const auto z = each.append(graph::GroupNorm{3, 0.5F}, {each.x(), scale_of_each, bias_of_each});
  return {{"group_norm", grouped.ending_in(y), 2}, {"group_norm_of_each_channel", each.ending_in(z), 2}};
}

struct Kinked {
  std::string name;
  Activation activation;
  std::vector<double> kinks;
};

inline Kinked of_kind(Activation::Kind kind) {
  using Kind = Activation::Kind;
  switch (kind) {
    case Kind::relu: return {"relu", {kind}, {0}};
    case Kind::clip: return {"clip", {kind, -1.25F, 2.5F}, {-1.25, 2.5}};
    case Kind::leaky_relu: return {"leaky_relu", {kind, 0.125F}, {0}};
    case Kind::elu: return {"elu", {kind, 0.75F}, {0}};
    case Kind::sigmoid: return {"sigmoid", {kind}, {}};
    case Kind::tanh: return {"tanh", {kind}, {}};
    case Kind::gelu: return {"gelu", {kind}, {}};
    case Kind::hard_swish: return {"hard_swish", {kind}, {-3, 3}};
  }
  return {};
}

inline std::vector<Case> cases_of(Activation) {
  std::vector<Case> cases;
  for (int kind = 0; kind <= static_cast<int>(Activation::Kind::hard_swish); ++kind) {
    const Kinked kinked = of_kind(static_cast<Activation::Kind>(kind));
    cases.push_back({kinked.name, alone({batch, 3, 15}, kinked.activation)});
    cases.back().kinks = kinked.kinks;
  }
  return cases;
}

inline std::string name_of(Binary::Kind kind) {
  switch (kind) {
    case Binary::Kind::add: return "add";
    case Binary::Kind::subtract: return "subtract";
    case Binary::Kind::multiply: return "multiply";
    case Binary::Kind::divide: return "divide";
  }
  return {};
}

// Divisors stay away from 0.
inline std::vector<Case> cases_of(Binary::Kind kind) {
  constexpr double centre = 7;
  Builder trained({batch, 3, 4}), left({batch, 3, 4}), computed({batch, 3, 4});
  const auto inner = trained.append(Activation{Activation::Kind::sigmoid}, {trained.x()});
  const auto y = trained.append(Binary{kind}, {inner, trained.constant({4}, 2)});
  const auto z = left.append(Binary{kind}, {left.constant({3, 1}, 2), left.x()});
  const auto mean = computed.append(graph::ReduceMean{{1}, true}, {computed.x()});
  const auto squashed = computed.append(Activation{Activation::Kind::sigmoid}, {mean});
  const auto w = computed.append(Binary{kind}, {computed.x(), squashed});
  return {{name_of(kind) + "_trained_constant", trained.ending_in(y), 1, false},
          {name_of(kind) + "_constant_on_the_left", left.ending_in(z), 0, false, centre},
          {name_of(kind) + "_computed", computed.ending_in(w), 0, false}};
}

inline std::vector<Case> cases_of(Binary) {
  std::vector<Case> cases;
  for (int kind = 0; kind <= static_cast<int>(Binary::Kind::divide); ++kind) {
    for (Case& added : cases_of(static_cast<Binary::Kind>(kind))) cases.push_back(std::move(added));
  }
  return cases;
}

// All inputs of a window differ, so that its maximum has a derivative.
inline std::vector<Case> cases_of(Pool) {
  const Dims input{batch, 2, 5, 4};
  return {{"max_pool_uneven_pads", alone(input, Pool{Pool::Kind::max, {3, 2}, {2, 1}, {1, 0, 0, 1}})},
          {"average_pool", alone(input, Pool{Pool::Kind::average, {2, 2}, {2, 2}, {0, 0, 0, 0}})},
          {"average_pool_without_its_padding", alone(input, Pool{Pool::Kind::average, {3, 2}, {1, 2}, {1, 1, 1, 1}, false})},
          {"average_pool_with_its_padding", alone(input, Pool{Pool::Kind::average, {3, 2}, {1, 2}, {1, 0, 2, 1}, true})}};
}

inline std::vector<Case> cases_of(graph::Resize) {
  using Kind = graph::Resize::Kind;
  return {{"resize_to_the_nearest", alone({batch, 2, 2, 3}, graph::Resize{Kind::nearest}, {batch, 2, 4, 9})},
          {"resize_linearly", alone({batch, 2, 3, 4}, graph::Resize{Kind::linear}, {batch, 2, 5, 2})}};
}

inline std::vector<Case> cases_of(graph::ReduceMean) {
  return {{"reduce_mean_keeping_axes", alone({batch, 3, 2, 4}, graph::ReduceMean{{2, 3}, true})},
          {"reduce_mean_dropping_axes", alone({batch, 3, 2, 4}, graph::ReduceMean{{1, 3}, false})}};
}

inline std::vector<Case> cases_of(graph::Reshape) { return {{"reshape", alone({batch, 3, 2, 4}, graph::Reshape{}, {batch, 4, 6})}}; }

inline std::vector<Case> cases_of(graph::Transpose) { return {{"transpose", alone({batch, 3, 2, 4}, graph::Transpose{{0, 2, 3, 1}})}}; }

inline std::vector<Case> cases_of(graph::Pad) { return {{"pad", alone({batch, 3, 2, 4}, graph::Pad{{0, 1, 0, 2}, {0, 0, 3, 1}, 0.5F})}}; }

inline std::vector<Case> cases_of(graph::Slice) {
  return {{"slice", alone({batch, 3, 4, 4}, graph::Slice{{0, 1, 0, 1}, {1, 1, 2, 2}}, {batch, 2, 2, 2})}};
}

inline std::vector<Case> cases_of(graph::Concat) {
  Builder b({batch, 3, 4});
  const auto squashed = b.append(Activation{Activation::Kind::tanh}, {b.x()});
  const auto constant = b.constant({1, 2, 4});
  return {{"concat_with_a_constant", b.ending_in(b.append(graph::Concat{1}, {b.x(), constant, squashed}))}};
}

inline std::vector<Case> cases_of(graph::Softmax) {
  return {{"softmax_of_channels", alone({batch, 3, 4}, graph::Softmax{1})}, {"softmax_of_rows", alone({batch, 3, 4}, graph::Softmax{2})}};
}

inline bool holds(const Graph& graph, std::size_t alternative) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [&](const graph::Node& node) { return node.operation.index() == alternative; });
}

// The cases of every alternative of Operation, each with a node of that alternative.
template <std::size_t... Alternative>
std::vector<Case> cases_of_each(std::index_sequence<Alternative...>) {
  std::vector<Case> all;
  const auto add = [&](std::size_t alternative, std::vector<Case> cases) {
    require(!cases.empty(), "operation " + std::to_string(alternative) + " has no case");
    for (Case& added : cases) {
      require(holds(added.graph, alternative), added.name + ": its graph does not hold the operation");
      all.push_back(std::move(added));
    }
  };
  (add(Alternative, cases_of(std::variant_alternative_t<Alternative, graph::Operation>{})), ...);
  return all;
}

inline std::vector<Case> all_cases() { return cases_of_each(std::make_index_sequence<std::variant_size_v<graph::Operation>>()); }

}  // namespace ballast::model
