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
#include "ballast/graph/elementwise.hpp"
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
  bool has_slope = true;
  bool keeps_nan = true;
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

  // Small, so that sums of many of their products stay small too.
  ValueId constant_scaled(const Dims& dims, double factor) {
    std::vector<float> values;
    ++constants_;
    for (std::size_t i = 0; i < static_cast<std::size_t>(graph::elements(dims)); ++i)
      values.push_back(static_cast<float>(factor * number(i, constants_) / 4));
    return graph_.add_constant("constant" + std::to_string(constants_), {dims, std::move(values)});
  }

  const Dims& dims(ValueId id) const { return graph_.dims(id); }

  ValueId constant_of(const Dims& dims, std::vector<float> values) {
    return graph_.add_constant("constant" + std::to_string(++constants_), {dims, std::move(values)});
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
  Builder uneven({batch, 4, 4, 3}), plain({batch, 3, 4, 4}), deep({batch, 2, 3, 2, 3});
  const auto kernel = deep.constant({3, 2, 2, 2, 3}), bias = deep.constant({3});
  const auto v = deep.append(graph::Convolution{{1, 1, 2}, {1, 0, 1, 0, 0, 1}, {2, 1, 1}, 1}, {deep.x(), kernel, bias});
  const auto w = uneven.constant({6, 2, 3, 2}), b = uneven.constant({6});
  const auto y = uneven.append(graph::Convolution{{2, 1}, {1, 0, 2, 1}, {1, 2}, 2}, {uneven.x(), w, b});
  const auto z = plain.append(graph::Convolution{{1, 2}, {1, 1, 1, 1}, {1, 1}, 1}, {plain.x(), plain.constant({2, 3, 3, 3})});
  return {{"convolution_strides_uneven_pads_dilation_groups_bias", uneven.ending_in(y), 2},
          {"convolution_without_bias", plain.ending_in(z), 1},
          {"convolution_of_three_directions", deep.ending_in(v), 2}};
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
  Builder c({batch, 2, 3, 4});
  const auto y = c.append(graph::MatMul{}, {c.constant({1, 1, 5, 3}), c.x()});
  return {{"matmul", b.ending_in(b.append(graph::MatMul{}, {b.x(), other}))}, {"matmul_by_a_constant", c.ending_in(y)}};
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
  Activation activation;
  std::vector<double> kinks = {};
  double centre = 0.0123;
};

// With alpha and beta, kinks, and inputs where it has a value and a slope.
inline Kinked of_kind(Activation::Kind kind) {
  using Kind = Activation::Kind;
  constexpr double above_0 = 4.4;
  switch (kind) {
    case Kind::relu:
    case Kind::abs: return {{kind}, {0}};
    case Kind::clip: return {{kind, -1.25F, 2.5F}, {-1.25, 2.5}};
    case Kind::leaky_relu: return {{kind, 0.125F}, {0}};
    case Kind::elu: return {{kind, 0.75F}, {0}};
    case Kind::selu: return {{kind, 0.75F, 1.25F}, {0}};
    case Kind::celu: return {{kind, 0.75F}};
    case Kind::swish: return {{kind, 1.5F}};
    case Kind::hard_sigmoid: return {{kind, 0.25F, 0.625F}, {-2.5, 1.5}};
    case Kind::hard_swish: return {{kind}, {-3, 3}};
    case Kind::thresholded_relu: return {{kind, 1.25F}, {1.25}};
    case Kind::power: return {{kind, 1.5F}, {}, above_0};
    case Kind::log:
    case Kind::sqrt:
    case Kind::reciprocal: return {{kind}, {}, 4.7};
    case Kind::quantise: return {{kind, 0.5F, 3}};  // from -1.5 on
    default: return {{kind}};
  }
}

inline std::string name_of(Activation::Kind kind) {
  if (kind == Activation::Kind::gelu_tanh) return "gelu_tanh";
  std::string name(graph::name_of(graph::Operation(Activation{kind})));
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] < 'A' || name[i] > 'Z') continue;
    name[i] = static_cast<char>(name[i] - 'A' + 'a');
    if (i > 0 && name[i - 1] >= 'a') name.insert(i, "_");
  }
  return name;
}

// Functions with steps: their own slope is 0, and training and attacks are given another.
inline bool has_steps(Activation::Kind kind) { return kind >= Activation::Kind::sign; }

inline std::vector<Case> cases_of(Activation) {
  std::vector<Case> cases;
  for (int kind = 0; kind < graph::activation_kinds; ++kind) {
    if (graph::is_question(Activation{static_cast<Activation::Kind>(kind)})) continue;
    const Kinked kinked = of_kind(static_cast<Activation::Kind>(kind));
    cases.push_back({name_of(kinked.activation.kind), alone({batch, 3, 15}, kinked.activation)});
    cases.back().centre = kinked.centre;
    cases.back().kinks = kinked.kinks;
    cases.back().has_slope = !has_steps(kinked.activation.kind);
  }
  Builder zero({batch, 3, 15}), nan({batch, 3, 15});
  const auto y = zero.append(Activation{Activation::Kind::logical_not}, {zero.append(Activation{}, {zero.x()})});
  const auto z = nan.append(Activation{Activation::Kind::is_nan}, {nan.append(Activation{Activation::Kind::log}, {nan.x()})});
  cases.push_back({"not", zero.ending_in(y)}), cases.back().has_slope = cases.back().keeps_nan = false;
  cases.push_back({"is_nan", nan.ending_in(z)}), cases.back().has_slope = cases.back().keeps_nan = false;
  return cases;
}

inline std::string name_of(Binary::Kind kind) {
  return "binary" + std::to_string(static_cast<int>(kind)) + "_" + std::string(graph::name_of(graph::Operation(Binary{kind})));
}

// Answers of both kinds, to zeros and ones and to numbers.
inline std::vector<Case> cases_of_question(Binary::Kind kind) {
  Builder right({batch, 3, 4}), left({batch, 3, 4}), computed({batch, 3, 4}), single({batch, 3, 4});
  const auto whole = [](Builder& b) {
    return b.append(Activation{Activation::Kind::clip, 0, 2}, {b.append(Activation{Activation::Kind::round}, {b.x()})});
  };
  const auto y = right.append(Binary{kind}, {whole(right), right.constant_of({4}, {0, 1, 2, 0})});
  const auto z = left.append(Binary{kind}, {left.constant_of({3, 1}, {0, 1, 2}), whole(left)});
  const auto turned = computed.append(graph::Gather{1, {2, 0, 1}}, {whole(computed)});
  const auto w = computed.append(Binary{kind}, {whole(computed), turned});
  const auto v = single.append(Binary{kind}, {whole(single), single.constant_of({}, {1})});
  std::vector<Case> cases{{name_of(kind) + "_constant", right.ending_in(y)},
                          {name_of(kind) + "_constant_on_the_left", left.ending_in(z)},
                          {name_of(kind) + "_computed", computed.ending_in(w)},
                          {name_of(kind) + "_number", single.ending_in(v)}};
  for (Case& tested : cases) tested.has_slope = tested.keeps_nan = false;
  return cases;
}

// Divisors and bases stay above 0; of what chooses, each side is taken; slopes below 0 are met.
inline std::vector<Case> cases_of(Binary::Kind kind) {
  using Kind = Binary::Kind;
  if (graph::is_question(Binary{kind})) return cases_of_question(kind);
  const bool chooses = kind == Kind::minimum || kind == Kind::maximum;
  const double centre = chooses ? 2.003 : 7, on_the_left = kind == Kind::prelu ? -2 : kind == Kind::remainder ? 30 : 2;
  const bool plain = chooses || kind == Kind::remainder || kind == Kind::prelu;
  Builder trained({batch, 3, 4}), left({batch, 3, 4}), computed({batch, 3, 4}), both({batch, 3, 4}), single({batch, 3, 4});
  const auto inner = trained.append(Activation{plain ? Activation::Kind::negative : Activation::Kind::sigmoid}, {trained.x()});
  const auto y = trained.append(Binary{kind}, {inner, trained.constant({4}, 2)});
  const auto z = left.append(Binary{kind}, {left.constant({3, 1}, on_the_left), left.x()});
  const auto mean = computed.append(graph::Reduce{{1}, true}, {computed.x()});
  const auto squashed = computed.append(Activation{Activation::Kind::sigmoid}, {mean});
  const auto w = computed.append(Binary{kind}, {computed.x(), squashed});
  const auto rows = both.append(graph::Reduce{{1}, true}, {both.x()}), columns = both.append(graph::Reduce{{2}, true}, {both.x()});
  const auto v = both.append(Binary{kind}, {rows, columns});
  const auto u = single.append(Binary{kind}, {single.constant({}, on_the_left), single.x()});
  std::vector<Case> cases{
      {name_of(kind) + "_trained_constant", trained.ending_in(y), 1, false, chooses || kind == Kind::remainder ? -centre : 0.0123},
      {name_of(kind) + "_constant_on_the_left", left.ending_in(z), 0, false, centre},
      {name_of(kind) + "_computed", computed.ending_in(w), 0, false, centre},
      {name_of(kind) + "_of_two_stretched", both.ending_in(v), 0, false, centre},
      {name_of(kind) + "_number_on_the_left", single.ending_in(u), 0, false, centre}};
  // The rest of a division by a trained number jumps between samples of the difference.
  if (kind == Kind::remainder) cases[0].has_slope = cases[1].has_slope = cases[4].has_slope = false;
  return cases;
}

inline std::vector<Case> cases_of(Binary) {
  std::vector<Case> cases;
  for (int kind = 0; kind < graph::binary_kinds; ++kind) {
    for (Case& added : cases_of(static_cast<Binary::Kind>(kind))) cases.push_back(std::move(added));
  }
  return cases;
}

inline std::vector<Case> cases_of(graph::Select) {
  Builder b({batch, 3, 4});
  const auto condition = b.append(Binary{Binary::Kind::greater}, {b.x(), b.constant({4})});
  const auto twice = b.append(Binary{Binary::Kind::multiply}, {b.x(), b.constant({1, 1, 1}, 2)});
  const auto mean = b.append(graph::Reduce{{1}, true}, {b.x()});
  Builder c({batch, 3, 4}), numbers({batch, 3, 4});
  const auto y = c.append(graph::Select{}, {c.constant({3, 1}, 5), c.x(), c.constant({4})});
  const auto positive = numbers.append(Binary{Binary::Kind::greater}, {numbers.x(), numbers.constant({})});
  const auto z = numbers.append(graph::Select{}, {positive, numbers.constant({}, 2), numbers.x()});
  return {{"select", b.ending_in(b.append(graph::Select{}, {condition, twice, mean}))},
          {"select_by_a_constant", c.ending_in(y)},
          {"select_a_number", numbers.ending_in(z)}};
}

inline std::vector<Case> cases_of(graph::TransposedConvolution) {
  Builder uneven({batch, 4, 3, 4}), cut({batch, 3, 4, 4}), deep({batch, 2, 2, 3, 2});
  const auto w = uneven.constant({4, 3, 3, 2}), b = uneven.constant({6});
  const auto y = uneven.append(graph::TransposedConvolution{{2, 3}, {0, 0, 1, 0}, {1, 2}, 2, {1, 2}}, {uneven.x(), w, b});
  const auto z = cut.append(graph::TransposedConvolution{{2, 1}, {1, 1, 1, 2}, {1, 1}, 1, {1, 0}}, {cut.x(), cut.constant({3, 2, 3, 3})});
  const auto v = deep.append(graph::TransposedConvolution{{1, 2, 1}, {0, 1, 0, 0, 0, 1}, {1, 1, 1}, 1, {0, 0, 0}},
                             {deep.x(), deep.constant({2, 2, 2, 2, 2})});
  return {{"transposed_convolution_groups_dilation_added_bias", uneven.ending_in(y), 2},
          {"transposed_convolution_cut", cut.ending_in(z), 1},
          {"transposed_convolution_of_three_directions", deep.ending_in(v), 1}};
}

inline std::vector<Case> cases_of(graph::Attention) {
  Builder plain({batch, 5, 4}), masked({batch, 2, 3, 4});
  const auto keys = plain.append(graph::Slice{{0, 1, 0}, {1, 1, 1}}, {plain.x()}, {batch, 3, 4});
  const auto squashed = plain.append(Activation{Activation::Kind::sigmoid}, {keys});
  const auto values = plain.append(graph::Slice{{0, 0, 1}, {1, 1, 1}}, {keys}, {batch, 3, 3});
  const auto y = plain.append(graph::Attention{0.25F}, {plain.x(), squashed, values});
  const auto other = masked.append(Activation{Activation::Kind::tanh}, {masked.x()});
  const auto z = masked.append(graph::Attention{0.5F}, {masked.x(), other, masked.x(), masked.constant({2, 1, 3})});
  return {{"attention", plain.ending_in(y)}, {"attention_with_a_mask", masked.ending_in(z)}};
}

inline std::vector<Case> cases_of(graph::LayerNorm) {
  Builder last({batch, 3, 7}), all({batch, 3, 4}), rms({batch, 2, 6}), unbiased({batch, 9});
  const auto scale = last.constant({7}), bias = last.constant({7});
  const auto y = last.append(graph::LayerNorm{2, 1e-3F}, {last.x(), scale, bias});
  const auto z = all.append(graph::LayerNorm{1, 0.5F}, {all.x(), all.constant({3, 4})});
  const auto v = rms.append(graph::LayerNorm{2, 1e-3F, false}, {rms.x(), rms.constant({6})});
  const auto w = unbiased.append(graph::LayerNorm{1, 1e-3F, false}, {unbiased.x(), unbiased.constant({9}), unbiased.constant({9})});
  return {{"layer_norm", last.ending_in(y), 2},
          {"layer_norm_of_two_dimensions_without_bias", all.ending_in(z), 1},
          {"rms_norm", rms.ending_in(v), 1},
          {"rms_norm_with_bias", unbiased.ending_in(w), 2}};
}

inline std::vector<Case> cases_of(graph::Blend) {
  Builder middle({batch, 3, 4}), last({batch, 2, 5});
  const auto y = middle.append(graph::Blend{1}, {middle.x(), middle.constant({5, 3})});
  const auto z = last.append(graph::Blend{2}, {last.x(), last.constant({2, 5})});
  return {{"blend", middle.ending_in(y)}, {"blend_of_the_last_axis", last.ending_in(z)}};
}

inline std::vector<Case> cases_of(graph::Gather) {
  return {{"gather", alone({batch, 3, 2, 4}, graph::Gather{1, {2, 0, 0, 1}})},
          {"gather_of_the_last_axis", alone({batch, 5}, graph::Gather{1, {4, 4, 1}})}};
}

// All inputs of a window differ, so that its maximum has a derivative.
inline std::vector<Case> cases_of(Pool) {
  const Dims input{batch, 2, 5, 4};
  const Dims deep{batch, 1, 3, 4, 3};
  using Kind = Pool::Kind;
  return {
      {"max_pool_uneven_pads", alone(input, Pool{Kind::max, {3, 2}, {2, 1}, {1, 0, 0, 1}})},
      {"max_pool_dilated", alone(input, Pool{Kind::max, {2, 2}, {1, 1}, {0, 1, 1, 0}, false, {2, 2}})},
      {"max_pool_beyond_its_padding", alone(input, Pool{Kind::max, {2, 3}, {2, 2}, {0, 1, 0, 1}, false, {1, 1}, true})},
      {"max_pool_of_three_directions", alone(deep, Pool{Kind::max, {2, 2, 3}, {1, 2, 1}, {0, 0, 1, 1, 0, 0}, false, {1, 1, 1}})},
      {"average_pool", alone(input, Pool{Kind::average, {2, 2}, {2, 2}, {0, 0, 0, 0}})},
      {"average_pool_without_its_padding", alone(input, Pool{Kind::average, {3, 2}, {1, 2}, {1, 1, 1, 1}, false})},
      {"average_pool_without_its_uneven_padding", alone(input, Pool{Kind::average, {3, 2}, {2, 1}, {0, 1, 2, 0}, false})},
      {"average_pool_with_its_padding", alone(input, Pool{Kind::average, {3, 2}, {1, 2}, {1, 0, 2, 1}, true})},
      {"average_pool_beyond_its_padding", alone(input, Pool{Kind::average, {2, 3}, {2, 2}, {1, 1, 0, 0}, true, {1, 1}, true})},
      {"average_pool_beyond_its_image", alone(input, Pool{Kind::average, {2, 3}, {2, 2}, {0, 1, 0, 0}, false, {1, 1}, true})},
      {"average_pool_dilated", alone(input, Pool{Kind::average, {2, 2}, {1, 1}, {1, 0, 0, 1}, true, {2, 2}})},
      {"average_pool_of_three_directions", alone(deep, Pool{Kind::average, {2, 2, 2}, {1, 2, 1}, {0, 0, 1, 1, 0, 0}, false, {1, 1, 1}})}};
}

inline std::vector<Case> cases_of(graph::Resize) {
  using Kind = graph::Resize::Kind;
  return {{"resize_to_the_nearest", alone({batch, 2, 2, 3}, graph::Resize{Kind::nearest}, {batch, 2, 4, 9})},
          {"resize_linearly", alone({batch, 2, 3, 4}, graph::Resize{Kind::linear}, {batch, 2, 5, 2})}};
}

inline std::vector<Case> cases_of(graph::Reduce) {
  using Kind = graph::Reduce::Kind;
  const Dims input{batch, 3, 2, 4};
  return {{"reduce_mean_keeping_axes", alone(input, graph::Reduce{{2, 3}, true})},
          {"reduce_mean_dropping_axes", alone(input, graph::Reduce{{1, 3}, false})},
          {"reduce_sum", alone(input, graph::Reduce{{2}, true, Kind::sum})},
          {"reduce_product", alone(input, graph::Reduce{{1, 2}, false, Kind::product})},
          {"reduce_max", alone(input, graph::Reduce{{1, 3}, true, Kind::max})},
          {"reduce_min", alone(input, graph::Reduce{{3}, false, Kind::min})}};
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
  return {{"softmax_of_channels", alone({batch, 3, 4}, graph::Softmax{1})},
          {"softmax_of_rows", alone({batch, 3, 4}, graph::Softmax{2})},
          {"log_softmax_of_channels", alone({batch, 3, 4}, graph::Softmax{1, true})}};
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
