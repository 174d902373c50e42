// SPDX-License-Identifier: Apache-2.0
//
// Graphs of operations put together by chance, of sizes of which many are 1, run by every engine against their definitions. How far a
// score may be off follows from the graph itself: from what its definition makes of values that are all a little off.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "../graph/interpreter.hpp"
#include "ballast/core/errors.hpp"
#include "gradient_cases.hpp"
#include "scores.hpp"

namespace ballast::model::random_graphs_test {
namespace {

using graph::Sides;

constexpr int images = 3;
constexpr std::int64_t most_elements = 3000;  // of a value
constexpr double greatest = 1e4;              // of values: beyond, a graph is not used

class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}

  std::int64_t from_to(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(random_() % static_cast<std::uint32_t>(most - least + 1));
  }
  bool one_in(int n) { return from_to(1, n) == 1; }
  template <typename T>
  const T& of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(from_to(0, static_cast<std::int64_t>(choices.size()) - 1))];
  }
  std::int64_t size() { return one_in(3) ? 1 : from_to(2, 7); }
  std::int64_t channels() { return of<std::int64_t>({1, 2, 3, 5, 8, 16, 16, 17, 32}); }
  double unit() { return static_cast<double>(random_()) / 4294967296.0; }

 private:
  std::mt19937 random_;
};

class RandomGraph {
 public:
  explicit RandomGraph(std::uint32_t seed) : chance_(seed), builder_(input()) {
    values_.push_back(builder_.x());
    const auto wanted = static_cast<std::size_t>(chance_.from_to(2, 9));
    for (int tries = 0; tries < 60 && values_.size() <= wanted; ++tries) extend();
  }

  bool is_empty() const { return values_.size() == 1; }
  Graph graph() && {
    const ValueId last = values_.back();
    return std::move(builder_).ending_in(last);
  }

 private:
  Dims input() {
    Dims dims{batch, chance_.channels()};
    for (std::int64_t more = chance_.of<std::int64_t>({0, 1, 2, 2, 2, 2, 3}); more > 0; --more) dims.push_back(chance_.size());
    return dims;
  }

  const Dims& dims(ValueId id) const { return builder_.dims(id); }

  // The last value mostly, so that chains come about that engines join.
  ValueId any() { return chance_.one_in(4) ? chance_.of(values_) : values_.back(); }

  template <typename Operation>
  void add(const Operation& operation, const std::vector<ValueId>& inputs, const Dims& output = {}) {
    const ValueId made = builder_.append(operation, inputs, output);
    if (graph::elements(dims(made)) <= most_elements) values_.push_back(made);
  }

  void extend() {
    const ValueId x = any();
    try {
      switch (chance_.from_to(0, 24)) {
        case 0:
        case 1:
        case 2:
        case 3: return convolution(x);
        case 4:
        case 5:
        case 6: return activation(x);
        case 7:
        case 8:
        case 9:
        case 10: return with_constant(x);
        case 11:
        case 12: return with_value(x);
        case 13: return linear(x);
        case 14: return pool(x);
        case 15: return reduce(x);
        case 16: return reshape(x);
        case 17: return transpose(x);
        case 18: return pad_or_slice(x);
        case 19:
        case 20: return concat(x);
        case 21: return normalise(x);
        case 22: return softmax_or_attention(x);
        case 23: return product(x);
        case 24: return resize_gather_or_spread(x);
      }
    } catch (const InputError&) {  // it does not fit
    }
  }

  Sides sides(std::size_t count, std::int64_t least, std::int64_t most) {
    Sides result;
    for (std::size_t i = 0; i < count; ++i) result.push_back(chance_.from_to(least, most));
    return result;
  }

  void convolution(ValueId x) {
    const Dims from = dims(x);
    if (from.size() < 4) return;
    const std::size_t directions = from.size() - 2;
    graph::Convolution conv{sides(directions, 1, chance_.one_in(3) ? 2 : 1), sides(2 * directions, 0, 1),
                            sides(directions, 1, chance_.one_in(4) ? 2 : 1), 1};
    if (chance_.one_in(3)) conv.groups = from[1];
    else if (from[1] % 2 == 0 && chance_.one_in(4)) conv.groups = 2;
    Dims weights{conv.groups * chance_.of<std::int64_t>({1, 1, 2, 4}), from[1] / conv.groups};
    if (conv.groups == 1) weights[0] = chance_.channels();
    for (std::size_t i = 0; i < directions; ++i) weights.push_back(chance_.one_in(2) ? 1 : chance_.from_to(2, 3));
    std::vector<ValueId> inputs{x, small(weights)};
    if (chance_.one_in(2)) inputs.push_back(small({weights[0]}));
    add(conv, inputs);
  }

  void activation(ValueId x) {
    using Kind = Activation::Kind;
    const auto kind = chance_.of<Kind>({Kind::relu, Kind::relu, Kind::clip, Kind::leaky_relu, Kind::elu, Kind::sigmoid, Kind::tanh,
                                        Kind::gelu, Kind::hard_swish, Kind::gelu_tanh, Kind::swish, Kind::swish, Kind::hard_sigmoid,
                                        Kind::softplus, Kind::softsign, Kind::mish, Kind::sin, Kind::abs, Kind::negative});
    Activation made = of_kind(kind).activation;
    if (kind == Kind::swish && chance_.one_in(2)) made.alpha = 1;
    add(made, {x});
  }

  // Stretched over some of the dimensions.
  void with_constant(ValueId x) {
    using Kind = Binary::Kind;
    const auto kind = chance_.of<Kind>(
        {Kind::add, Kind::add, Kind::multiply, Kind::multiply, Kind::subtract, Kind::divide, Kind::minimum, Kind::maximum, Kind::prelu});
    Dims own = dims(x);
    own[0] = 1;
    const bool by_channel = chance_.one_in(2);
    for (std::size_t i = 1; i < own.size(); ++i) {
      if (by_channel ? i != 1 : chance_.one_in(3)) own[i] = 1;
    }
    if (chance_.one_in(2)) own.erase(own.begin());
    while (own.size() > 1 && own[0] == 1 && chance_.one_in(2)) own.erase(own.begin());
    const ValueId constant = builder_.constant(own, kind == Kind::divide ? 30 : 0);
    if (kind != Kind::divide && kind != Kind::prelu && chance_.one_in(3)) add(Binary{kind}, {constant, x});
    else add(Binary{kind}, {x, constant});
  }

  void with_value(ValueId x) {
    using Kind = Binary::Kind;
    const auto kind = chance_.of<Kind>({Kind::add, Kind::add, Kind::multiply, Kind::subtract, Kind::minimum, Kind::maximum});
    const ValueId other = chance_.of(values_);
    add(Binary{kind}, chance_.one_in(2) ? std::vector{x, other} : std::vector{other, x});
  }

  void linear(ValueId x) {
    const std::int64_t out = chance_.channels();
    std::vector<ValueId> inputs{x, small({out, dims(x).back()})};
    if (chance_.one_in(2)) inputs.push_back(small({out}));
    add(graph::Linear{}, inputs);
  }

  void pool(ValueId x) {
    if (dims(x).size() < 4) return;
    const std::size_t directions = dims(x).size() - 2;
    Pool pool{chance_.one_in(2) ? Pool::Kind::max : Pool::Kind::average,
              sides(directions, 1, 3),
              sides(directions, 1, 2),
              sides(2 * directions, 0, chance_.one_in(2) ? 1 : 0),
              chance_.one_in(2),
              Sides(directions, 1),
              chance_.one_in(3)};
    for (std::size_t i = 0; i < pool.pads.size(); ++i) pool.pads[i] = std::min(pool.pads[i], pool.kernel[i % directions] - 1);
    add(pool, {x});
  }

  void reduce(ValueId x) {
    using Kind = graph::Reduce::Kind;
    graph::Reduce reduce{{}, chance_.one_in(2), chance_.of<Kind>({Kind::mean, Kind::mean, Kind::mean, Kind::sum, Kind::max, Kind::min})};
    const auto rank = static_cast<std::int64_t>(dims(x).size());
    for (std::int64_t axis = 1; axis < rank; ++axis) {
      if (chance_.one_in(2)) reduce.axes.push_back(axis);
    }
    if (reduce.axes.empty() || (!reduce.keep && reduce.axes.size() + 1 == dims(x).size())) return;
    add(reduce, {x});
  }

  // To two factors that are found by chance, or flat.
  void reshape(ValueId x) {
    const std::int64_t size = graph::elements(dims(x));
    if (chance_.one_in(2)) return add(graph::Reshape{}, {x}, {batch, size});
    Dims to{batch};
    std::int64_t left = size;
    for (int i = 0; i < 2; ++i) {
      const std::int64_t factor = chance_.from_to(1, 8);
      if (left % factor == 0) to.push_back(factor), left /= factor;
    }
    to.push_back(left);
    add(graph::Reshape{}, {x}, to);
  }

  void transpose(ValueId x) {
    graph::Transpose transpose{{0}};
    std::vector<std::int64_t> rest;
    for (std::size_t i = 1; i < dims(x).size(); ++i) rest.push_back(static_cast<std::int64_t>(i));
    while (!rest.empty()) {
      const auto i = chance_.from_to(0, static_cast<std::int64_t>(rest.size()) - 1);
      transpose.order.push_back(rest[static_cast<std::size_t>(i)]);
      rest.erase(rest.begin() + i);
    }
    add(transpose, {x});
  }

  void pad_or_slice(ValueId x) {
    const Dims from = dims(x);
    const std::size_t rank = from.size();
    if (chance_.one_in(2)) {
      graph::Pad pad{Sides(rank, 0), Sides(rank, 0), chance_.one_in(2) ? 0.0F : 1.5F};
      for (std::size_t i = 1; i < rank; ++i) pad.before[i] = chance_.from_to(0, 2), pad.after[i] = chance_.from_to(0, 2);
      return add(pad, {x});
    }
    graph::Slice slice{Sides(rank, 0), Sides(rank, 1)};
    Dims to = from;
    for (std::size_t i = 1; i < rank; ++i) {
      slice.starts[i] = chance_.from_to(0, from[i] - 1);
      slice.steps[i] = chance_.from_to(1, 2);
      to[i] = (from[i] - slice.starts[i] + slice.steps[i] - 1) / slice.steps[i];
    }
    add(slice, {x}, to);
  }

  void concat(ValueId x) {
    const auto axis = chance_.one_in(3) ? chance_.from_to(1, static_cast<std::int64_t>(dims(x).size()) - 1) : 1;
    std::vector<ValueId> parts{x};
    for (const ValueId other : values_) {
      Dims theirs = dims(other), own = dims(x);
      if (theirs.size() != own.size()) continue;
      theirs[static_cast<std::size_t>(axis)] = own[static_cast<std::size_t>(axis)] = 1;
      if (theirs == own && chance_.one_in(2)) parts.push_back(other);
    }
    if (parts.size() > 1 && chance_.one_in(2)) std::swap(parts.front(), parts.back());
    add(graph::Concat{axis}, parts);
  }

  void normalise(ValueId x) {
    const Dims from = dims(x);
    switch (chance_.from_to(0, 2)) {
      case 0: return add(graph::BatchNorm{}, {x, small({from[1]}), small({from[1]}), small({from[1]}), builder_.constant({from[1]}, 3)});
      case 1: return add(graph::GroupNorm{from[1] % 2 == 0 ? 2 : 1, 0.5F}, {x, small({from[1]}), small({from[1]})});
      default: {
        const std::int64_t axis = chance_.from_to(1, static_cast<std::int64_t>(from.size()) - 1);
        const Dims own(from.begin() + axis, from.end());
        std::vector<ValueId> inputs{x, small(own)};
        if (chance_.one_in(2)) inputs.push_back(small(own));
        add(graph::LayerNorm{axis, 0.5F, !chance_.one_in(3)}, inputs);
      }
    }
  }

  void softmax_or_attention(ValueId x) {
    if (dims(x).size() < 3 || chance_.one_in(2))
      return add(graph::Softmax{chance_.from_to(1, static_cast<std::int64_t>(dims(x).size()) - 1)}, {x});
    std::vector<ValueId> inputs{x, x, x};
    if (chance_.one_in(2)) {
      const std::int64_t m = dims(x)[dims(x).size() - 2];
      inputs.push_back(small({m, m}));
    }
    add(graph::Attention{0.25F}, inputs);
  }

  void product(ValueId x) {
    const Dims from = dims(x);
    if (from.size() < 3) return;
    Dims other(from.size(), 1);
    other[other.size() - 2] = from.back(), other.back() = chance_.size();
    if (chance_.one_in(2)) return add(graph::MatMul{}, {x, small(other)});
    graph::Transpose turn{{}};
    for (std::size_t i = 0; i < from.size(); ++i) turn.order.push_back(static_cast<std::int64_t>(i));
    std::swap(turn.order[from.size() - 1], turn.order[from.size() - 2]);
    add(graph::MatMul{}, {x, builder_.append(turn, {x})});
  }

  void resize_gather_or_spread(ValueId x) {
    const Dims from = dims(x);
    if (chance_.one_in(3)) {
      const std::int64_t axis = chance_.from_to(1, static_cast<std::int64_t>(from.size()) - 1);
      graph::Gather gather{axis, {}};
      for (std::int64_t i = chance_.from_to(1, 5); i > 0; --i)
        gather.indices.push_back(chance_.from_to(0, from[static_cast<std::size_t>(axis)] - 1));
      return add(gather, {x});
    }
    if (from.size() != 4) return;
    if (chance_.one_in(2)) {
      const bool nearest = chance_.one_in(2);
      const Dims to = nearest ? Dims{batch, from[1], 2 * from[2], 3 * from[3]} : Dims{batch, from[1], chance_.size(), chance_.size()};
      return add(graph::Resize{nearest ? graph::Resize::Kind::nearest : graph::Resize::Kind::linear}, {x}, to);
    }
    graph::TransposedConvolution spread;
    spread.strides = sides(2, 1, 2);
    spread.pads = sides(4, 0, 1);
    add(spread, {x, small({from[1], chance_.channels(), chance_.from_to(1, 3), chance_.from_to(1, 3)})});
  }

  ValueId small(const Dims& dims) { return builder_.constant_scaled(dims, 0.2); }

  Chance chance_;
  Builder builder_;
  std::vector<ValueId> values_;
};

std::string description(const Graph& graph) {
  std::string text = fmt::format("input {}", graph::to_string(graph.dims(graph.input)));
  for (const graph::Node& node : graph.nodes) {
    std::vector<std::string> inputs;
    for (const ValueId id : node.inputs)
      inputs.push_back(graph.is_constant(id) ? "constant " + graph::to_string(graph.dims(id)) : graph.value(id).name);
    text += fmt::format("\n  {} = {} of {}: {}", graph.value(node.output).name, graph::name_of(node.operation), fmt::join(inputs, ", "),
                        graph::to_string(graph.dims(node.output)));
  }
  return text;
}

// How far each output is from that of values a little off, at most in several tries.
std::vector<double> uncertainty(const Graph& graph, const std::vector<double>& inputs, const std::vector<double>& exact, double precision) {
  std::vector<double> worst(exact.size());
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    Chance chance(seed);
    const auto off = graph::testing::run(graph, inputs, [&](double value) { return value * (1 + precision * (2 * chance.unit() - 1)); });
    for (std::size_t i = 0; i < exact.size(); ++i) worst[i] = std::max(worst[i], std::abs(off[i] - exact[i]));
  }
  return worst;
}

int graphs_to_try() {
  const char* wanted = std::getenv("BALLAST_RANDOM_GRAPHS");
  return wanted ? std::atoi(wanted) : 600;
}

// Nothing where the engine keeps to the definition.
std::string difference(const Graph& graph, const std::vector<double>& inputs, const std::vector<double>& exact, const ModelOptions& options,
                       double precision) {
  const std::vector<double> scores = scores_of(graph, inputs, images, options);
  if (scores.size() != exact.size()) return fmt::format("{} scores, not {}", scores.size(), exact.size());
  const std::vector<double> unsure = uncertainty(graph, inputs, exact, precision);
  double largest = 0, most_unsure = 0;
  for (std::size_t i = 0; i < exact.size(); ++i)
    largest = std::max(largest, std::abs(exact[i])), most_unsure = std::max(most_unsure, unsure[i]);
  const double allowed = 30 * precision * std::max(largest, 1.0) + 20 * most_unsure;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    if (!(std::abs(scores[i] - exact[i]) <= allowed))
      return fmt::format("score {} is {}, not {} (within {})", i, scores[i], exact[i], allowed);
  }
  return "";
}

void compare(Engine engine, Precision precision, double unit) {
  int used = 0;
  const int graphs = graphs_to_try();
  for (int seed = 1; seed <= graphs; ++seed) {
    RandomGraph random(static_cast<std::uint32_t>(seed));
    if (random.is_empty()) continue;
    Graph graph = std::move(random).graph();
    if (graph::elements(graph.dims(graph.output)) < 2) continue;  // no classifier
    std::vector<double> inputs(static_cast<std::size_t>(images * graph::elements(graph.dims(graph.input))));
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<double>(static_cast<float>(number(i, 0) / 4));
    bool usable = true;  // for instance, no mean of padding alone
    const std::vector<double> exact = graph::testing::run(graph, inputs, [&](double value) {
      usable = usable && std::abs(value) < greatest;
      return value;
    });
    if (!usable) continue;
    ModelOptions options{.engine = engine, .precision = precision};
    if (graph.dims(graph.input).size() == 4) options.layout = graph::InputLayout::chw;
    ++used;
    std::string found;
    try {
      found = difference(graph, inputs, exact, options, unit);
    } catch (const InputError& error) {
      found = error.what();
    }
    EXPECT_EQ(found, "") << "graph " << seed << ": " << description(graph);
  }
  EXPECT_GT(2 * used, graphs);
}

TEST(RandomGraphs, UnderOnednnAreTheirDefinitions) { compare(Engine::onednn, Precision::fp32, 1e-6); }

TEST(RandomGraphs, UnderOnednnInBf16AreNearTheirDefinitions) {
  if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  compare(Engine::onednn, Precision::bf16, 0x1p-8);
}

TEST(RandomGraphs, UnderAtenAreTheirDefinitions) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  compare(Engine::aten, Precision::fp32, 1e-6);
}

}  // namespace
}  // namespace ballast::model::random_graphs_test
