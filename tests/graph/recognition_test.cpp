// SPDX-License-Identifier: Apache-2.0
//
// Operations that were taken apart, and the same put together: what they compute stays.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "ballast/graph/passes.hpp"
#include "network.hpp"

namespace ballast::graph::recognition_test {
namespace {

using namespace testing;
using Unary = Activation::Kind;
using Join = Binary::Kind;

// A network in a few words.
class Parts : public Network {
 public:
  using Network::Network;

  ValueId number(double value) {
    return graph.add_constant("number" + std::to_string(graph.values.size()), {{}, {static_cast<float>(value)}});
  }
  ValueId unary(Activation activation, ValueId from) { return apply(activation, {from}); }
  ValueId join(Join kind, ValueId a, ValueId b) { return apply(Binary{kind}, {a, b}); }
  ValueId times(ValueId a, double b) { return join(Join::multiply, a, number(b)); }
  ValueId plus(ValueId a, double b) { return join(Join::add, a, number(b)); }
  ValueId mean(ValueId from, std::vector<std::int64_t> axes) { return apply(Reduce{std::move(axes), true}, {from}); }
};

template <typename Op>
void expect_recognised(const Parts& parts, std::size_t nodes) {
  const Graph before = parts.finish();
  Graph after = before;
  recognise_operations(after);
  expect_same(after, before);
  EXPECT_EQ(count_of<Op>(after), 1);
  EXPECT_EQ(after.nodes.size(), nodes);
}

void expect_left(const Parts& parts) {
  const Graph before = parts.finish();
  Graph after = before;
  recognise_operations(after);
  expect_same(after, before);
  EXPECT_EQ(after.nodes.size(), before.nodes.size());
}

struct Norm {
  bool by_power = true, twice = false, by_reciprocal = false, scaled = true, shifted = true;
  double epsilon = 1e-3;
};

Parts layer_norm(const Norm& norm) {
  Parts p({batch, 3, 7});
  const ValueId x = p.x, mean = p.mean(x, {2}), difference = p.join(Join::subtract, x, mean);
  const ValueId again = norm.twice ? p.join(Join::subtract, x, mean) : difference;
  const ValueId square = norm.by_power ? p.unary({Unary::power, 2}, again) : p.join(Join::multiply, again, again);
  const ValueId root = p.unary({Unary::sqrt}, p.plus(p.mean(square, {2}), norm.epsilon));
  if (norm.by_reciprocal) p.join(Join::multiply, difference, p.unary({Unary::reciprocal}, root));
  else p.join(Join::divide, difference, root);
  if (norm.scaled) p.join(Join::multiply, p.x, p.constant({7}));
  if (norm.shifted) p.join(Join::add, p.constant({1, 1, 7}), p.x);
  return p;
}

TEST(Recognition, FindsLayerNormalisationInEveryFormOfIt) {
  for (const Norm& norm : {Norm{}, Norm{false}, Norm{true, true}, Norm{false, true, true}, Norm{true, false, true, false, true},
                           Norm{true, false, false, true, false}, Norm{true, false, false, false, false}})
    expect_recognised<LayerNorm>(layer_norm(norm), 1);
}

TEST(Recognition, FindsNormalisationByTheRootMeanSquare) {
  Parts p({batch, 2, 5});
  const ValueId x = p.x;
  p.join(Join::divide, x, p.unary({Unary::sqrt}, p.plus(p.mean(p.join(Join::multiply, x, x), {2}), 1e-4)));
  p.join(Join::multiply, p.x, p.constant({5}));
  expect_recognised<LayerNorm>(p, 1);
}

// Of another value, over other axes, or of a sum.
TEST(Recognition, LeavesWhatIsNoNormalisation) {
  Parts other({batch, 3, 7});
  const ValueId x = other.x, mean = other.mean(x, {2}), difference = other.join(Join::subtract, x, mean);
  const ValueId square = other.unary({Unary::power, 2}, difference);
  const auto root = [&](ValueId from) { return other.unary({Unary::sqrt}, other.plus(from, 1e-3)); };
  Parts axes = other, values = other, sums = other;
  axes.join(Join::divide, difference, axes.unary({Unary::sqrt}, axes.plus(axes.mean(square, {1}), 1e-3)));
  expect_left(axes);
  values.join(Join::divide, x, values.unary({Unary::sqrt}, values.plus(values.mean(square, {2}), 1e-3)));
  expect_left(values);
  sums.apply(Reduce{{2}, true, Reduce::Kind::sum}, {square});
  sums.join(Join::divide, difference, sums.unary({Unary::sqrt}, sums.plus(sums.x, 1e-3)));
  expect_left(sums);
  other.join(Join::divide, difference, root(other.mean(other.unary({Unary::power, 3}, difference), {2})));
  const Graph before = other.finish();
  Graph after = before;
  recognise_operations(after);
  EXPECT_EQ(count_of<LayerNorm>(after), 0);
}

// The factors of one half and x, in every order.
TEST(Recognition, FindsGeluInEveryFormOfIt) {
  const double root_half = std::sqrt(0.5), root = std::sqrt(2 * std::numbers::inv_pi);
  const std::vector<std::function<ValueId(Parts&, ValueId)>> gates{
      [&](Parts& p, ValueId x) { return p.plus(p.unary({Unary::erf}, p.times(x, root_half)), 1); },
      [&](Parts& p, ValueId x) { return p.plus(p.unary({Unary::erf}, p.join(Join::divide, x, p.number(std::numbers::sqrt2))), 1); },
      [&](Parts& p, ValueId x) {
        const ValueId cubic = p.join(Join::add, x, p.times(p.unary({Unary::power, 3}, x), 0.044715));
        return p.plus(p.unary({Unary::tanh}, p.times(cubic, root)), 1);
      },
      [&](Parts& p, ValueId x) {
        const ValueId cube = p.join(Join::multiply, p.join(Join::multiply, x, x), x);
        return p.plus(p.unary({Unary::tanh}, p.times(p.join(Join::add, p.times(cube, 0.044715), x), root)), 1);
      }};
  for (const auto& gate : gates) {
    Parts first({batch, 9}), second({batch, 9}), third({batch, 9});
    const ValueId x = first.x;
    first.times(first.join(Join::multiply, x, gate(first, x)), 0.5);
    expect_recognised<Activation>(first, 1);
    second.join(Join::multiply, second.times(gate(second, x), 0.5), x);
    expect_recognised<Activation>(second, 1);
    third.join(Join::multiply, third.times(x, 0.5), gate(third, x));
    expect_recognised<Activation>(third, 1);
  }
}

TEST(Recognition, LeavesWhatIsNoGelu) {
  for (const auto& [inner, added, factor] :
       {std::array{0.6, 1.0, 0.5}, std::array{0.70710678, 2.0, 0.5}, std::array{0.70710678, 1.0, 0.25}}) {
    Parts p({batch, 9});
    const ValueId x = p.x;
    p.times(p.join(Join::multiply, x, p.plus(p.unary({Unary::erf}, p.times(x, inner)), added)), factor);
    expect_left(p);
  }
}

TEST(Recognition, FindsGatesOfAValueByItself) {
  Parts silu({batch, 9}), quick({batch, 9}), hard({batch, 9}), clipped({batch, 9}), mish({batch, 9});
  const ValueId x = silu.x;
  silu.join(Join::multiply, silu.unary({Unary::sigmoid}, x), x);
  expect_recognised<Activation>(silu, 1);
  quick.join(Join::multiply, x, quick.unary({Unary::sigmoid}, quick.times(x, 1.702)));
  expect_recognised<Activation>(quick, 1);
  hard.join(Join::multiply, x, hard.unary({Unary::hard_sigmoid, 1.0f / 6, 0.5f}, x));
  expect_recognised<Activation>(hard, 1);
  clipped.times(clipped.join(Join::multiply, x, clipped.unary({Unary::clip, 0, 6}, clipped.plus(x, 3))), 1.0 / 6);
  expect_recognised<Activation>(clipped, 1);
  mish.join(Join::multiply, x, mish.unary({Unary::tanh}, mish.unary({Unary::softplus}, x)));
  expect_recognised<Activation>(mish, 1);
  Parts of_another({batch, 9});
  of_another.join(Join::multiply, x, of_another.unary({Unary::sigmoid}, of_another.unary({Unary::tanh}, x)));
  expect_left(of_another);
}

// Keys of a value that may be turned in one way or another.
Parts attention(const std::vector<std::int64_t>& order, bool scaled, bool masked) {
  Parts p({batch, 2, 3, 4});
  const ValueId x = p.x, q = p.unary({Unary::tanh}, x), v = p.unary({Unary::sigmoid}, x);
  ValueId from = p.unary({Unary::negative}, x);
  if (order == std::vector<std::int64_t>{0, 2, 3, 1}) from = p.apply(Transpose{{0, 2, 1, 3}}, {from});
  p.apply(MatMul{}, {q, p.apply(Transpose{order}, {from})});
  if (scaled) p.join(Join::divide, p.x, p.number(2));
  if (masked) p.join(Join::add, p.x, p.constant({2, 3, 3}));
  p.apply(MatMul{}, {p.apply(Softmax{3}, {p.x}), v});
  return p;
}

TEST(Recognition, FindsAttention) {
  for (const bool scaled : {false, true}) {
    for (const bool masked : {false, true}) {
      expect_recognised<Attention>(attention({0, 1, 3, 2}, scaled, masked), 4);
      expect_recognised<Attention>(attention({0, 2, 3, 1}, scaled, masked), 6);
    }
  }
}

// Scores that something else reads, too, and a softmax along another axis.
TEST(Recognition, LeavesWhatIsNoAttention) {
  Parts p({batch, 3, 3});
  const ValueId x = p.x, scores = p.apply(MatMul{}, {x, p.apply(Transpose{{0, 2, 1}}, {x})});
  Parts along = p;
  p.join(Join::add, p.apply(MatMul{}, {p.apply(Softmax{2}, {scores}), x}), scores);
  expect_left(p);
  along.apply(MatMul{}, {along.apply(Softmax{1}, {scores}), x});
  expect_left(along);
}

// x / step, rounded, moved to a zero point, cut to a type's ends, moved back, times the step.
Parts rounding(double step, double back, double zero, double least, double greatest) {
  Parts parts({batch, 12});
  ValueId q = parts.unary({Unary::round}, parts.join(Join::divide, parts.times(parts.x, 40), parts.number(step)));
  if (zero != 0) q = parts.plus(q, zero);
  q = parts.unary({Unary::clip, static_cast<float>(least), static_cast<float>(greatest)}, q);
  if (zero != 0) q = parts.join(Join::subtract, q, parts.number(zero));
  parts.times(q, back);
  return parts;
}

TEST(Recognition, RoundingToBytesAndBack) {
  for (const auto& [zero, least] : {std::pair{0.0, 0.0}, {0.0, -128.0}, {17.0, 0.0}, {-100.0, -128.0}, {255.0, 0.0}}) {
    const Parts parts = rounding(0.25, 0.25, zero, least, least + 255);
    Graph after = parts.finish();
    recognise_operations(after);
    ASSERT_EQ(after.nodes.size(), 2u);
    const auto& rounded = std::get<Activation>(after.nodes[1].operation);
    EXPECT_EQ(rounded.kind, Unary::quantise);
    EXPECT_EQ(rounded.alpha, 0.25F);
    EXPECT_EQ(static_cast<double>(rounded.beta), zero - least);
    expect_same(after, parts.finish());
  }
}

TEST(Recognition, RoundingOfAnotherKindIsLeft) {
  expect_left(rounding(0.25, 0.5, 0, 0, 255));     // back by another step
  expect_left(rounding(0.25, 0.25, 0, 0, 254));    // fewer of them
  expect_left(rounding(0.25, 0.25, 300, 0, 255));  // none is 0
  expect_left(rounding(0.25, 0.25, 0.5, 0, 255));  // nor here
  expect_left(rounding(0.25, 0.25, 0, -256, -1));  // no type of bytes
  expect_left(rounding(0.25, 0.25, 0, 0, 65535));  // 16 bits
}

}  // namespace
}  // namespace ballast::graph::recognition_test
