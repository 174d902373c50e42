// SPDX-License-Identifier: Apache-2.0
//
// Operations that exporters take apart, put together again. The last node of a pattern becomes the whole; what nothing reads any more
// goes. A pattern is only taken where every number in it is what the operation has.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "ballast/graph/passes.hpp"

namespace ballast::graph {
namespace {

using Unary = Activation::Kind;
using Join = Binary::Kind;

constexpr double rounding_of_numbers = 1e-3;  // files hold them in single or half precision, or to a few digits

bool is_near(double number, double expected) { return std::abs(number - expected) <= rounding_of_numbers * std::abs(expected); }

// What a node does with one computed value and one number.
struct WithNumber {
  ValueId x;
  double number;
};

// By value.
template <typename List>
auto& at(List& list, ValueId id) {
  return list[static_cast<std::size_t>(id)];
}

class Recognition {
 public:
  explicit Recognition(Graph& graph) : graph_(graph), producers_(graph.values.size()), reads_(graph.values.size()) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      at(producers_, graph.nodes[i].output) = i;
      for (const ValueId id : graph.nodes[i].inputs) ++at(reads_, id);
    }
    ++at(reads_, graph.output);
  }

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      Node& node = graph_.nodes[i];
      if (layer_norm(node) || scaled_norm(node) || shifted_norm(node) || quantised(node) || gate(node) || attention(node)) continue;
    }
    remove_unused(graph_);
  }

 private:
  // The node that gives the value.
  const Node* maker(ValueId id) const {
    const auto& made = at(producers_, id);
    return made ? &graph_.nodes[*made] : nullptr;
  }
  bool is_read_once(ValueId id) const { return at(reads_, id) == 1; }

  template <typename Op>
  const Op* made_by(ValueId id) const {
    const Node* node = maker(id);
    return node ? std::get_if<Op>(&node->operation) : nullptr;
  }

  std::optional<double> number(ValueId id) const {
    if (!graph_.is_constant(id) || graph_.tensor(id).values.size() != 1) return {};
    return static_cast<double>(graph_.tensor(id).values[0]);
  }

  // Of this kind, of a value and a number; the value has as many dimensions as the result.
  std::optional<WithNumber> with_number(ValueId id, Join kind) const {
    const auto* binary = made_by<Binary>(id);
    if (!binary || binary->kind != kind) return {};
    const auto& in = maker(id)->inputs;
    const auto right = number(in[1]), left = number(in[0]);
    const bool commutes = kind == Join::add || kind == Join::multiply;
    if (right && graph_.dims(in[0]) == graph_.dims(id)) return WithNumber{in[0], *right};
    if (left && commutes && graph_.dims(in[1]) == graph_.dims(id)) return WithNumber{in[1], *left};
    return {};
  }

  // Times a number, or divided by one.
  std::optional<WithNumber> scaled(ValueId id) const {
    if (const auto product = with_number(id, Join::multiply)) return product;
    auto ratio = with_number(id, Join::divide);
    if (ratio) ratio->number = 1 / ratio->number;
    return ratio;
  }
  std::optional<ValueId> scaled_by(ValueId id, double factor) const {
    const auto product = scaled(id);
    return product && is_near(product->number, factor) ? std::optional(product->x) : std::nullopt;
  }
  std::optional<ValueId> plus(ValueId id, double added) const {
    const auto sum = with_number(id, Join::add);
    return sum && is_near(sum->number, added) ? std::optional(sum->x) : std::nullopt;
  }
  std::optional<ValueId> of_kind(ValueId id, Unary kind) const {
    const auto* activation = made_by<Activation>(id);
    return activation && activation->kind == kind ? std::optional(maker(id)->inputs[0]) : std::nullopt;
  }
  // Of two computed values.
  const Node* joined(ValueId id, Join kind) const {
    const auto* binary = made_by<Binary>(id);
    if (!binary || binary->kind != kind) return nullptr;
    const Node* node = maker(id);
    return graph_.is_constant(node->inputs[0]) || graph_.is_constant(node->inputs[1]) ? nullptr : node;
  }

  // x to a whole power, in any of the ways to write it.
  bool is_power(ValueId id, ValueId x, int exponent) const {
    if (exponent == 1) return id == x;
    const auto* activation = made_by<Activation>(id);
    if (activation && activation->kind == Unary::power && activation->alpha == static_cast<float>(exponent))
      return maker(id)->inputs[0] == x;
    const Node* product = joined(id, Join::multiply);
    if (!product) return false;
    const ValueId a = product->inputs[0], b = product->inputs[1];
    return (a == x && is_power(b, x, exponent - 1)) || (b == x && is_power(a, x, exponent - 1));
  }

  const Reduce* mean(ValueId id, ValueId x) const {
    const auto* reduce = made_by<Reduce>(id);
    const bool fits = reduce && reduce->kind == Reduce::Kind::mean && reduce->keep && maker(id)->inputs[0] == x;
    return fits ? reduce : nullptr;
  }

  // Where axes go from one to the last.
  std::optional<std::int64_t> last_axes(const Reduce& reduce, std::size_t rank) const {
    std::vector<std::int64_t> axes = reduce.axes;
    std::sort(axes.begin(), axes.end());
    if (axes.empty()) return {};
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] != static_cast<std::int64_t>(rank - axes.size() + i)) return {};
    }
    return axes.front();
  }

  // (x - mean(x)) for these axes; nothing for other values.
  std::optional<ValueId> centred(ValueId id, const std::vector<std::int64_t>& axes) const {
    const Node* difference = joined(id, Join::subtract);
    if (!difference) return {};
    const ValueId x = difference->inputs[0];
    const Reduce* reduce = mean(difference->inputs[1], x);
    return reduce && reduce->axes == axes ? std::optional(x) : std::nullopt;
  }

  struct Normal {
    ValueId numerator, root;
  };
  // A value divided by a root.
  std::optional<Normal> normal(const Node& node) const {
    const auto* binary = std::get_if<Binary>(&node.operation);
    if (!binary) return {};
    const auto& in = node.inputs;
    if (binary->kind == Join::divide) {
      if (const auto root = of_kind(in[1], Unary::sqrt)) return Normal{in[0], *root};
    }
    if (binary->kind == Join::multiply) {
      for (const auto& [x, factor] : {std::pair{in[0], in[1]}, std::pair{in[1], in[0]}}) {
        const auto inverse = of_kind(factor, Unary::reciprocal);
        const auto root = inverse ? of_kind(*inverse, Unary::sqrt) : std::nullopt;
        if (root) return Normal{x, *root};
      }
    }
    return {};
  }

  bool layer_norm(Node& node) {
    const auto ratio = normal(node);
    if (!ratio || graph_.is_constant(ratio->numerator)) return false;
    const auto variance = with_number(ratio->root, Join::add);
    if (!variance || variance->number < 0) return false;
    const auto* reduce = made_by<Reduce>(variance->x);
    if (!reduce || reduce->kind != Reduce::Kind::mean || !reduce->keep) return false;
    const ValueId square = maker(variance->x)->inputs[0];
    const auto axis = last_axes(*reduce, graph_.dims(square).size());
    if (!axis) return false;
    // The root mean square of the numerator itself, or of another difference that is the same.
    ValueId x = ratio->numerator;
    const auto from = centred(x, reduce->axes);
    bool is_square = is_power(square, x, 2);
    if (!is_square && from) {
      const Node* made = maker(square);
      for (const ValueId other : made ? made->inputs : std::vector<ValueId>{}) {
        if (is_power(square, other, 2) && centred(other, reduce->axes) == from) is_square = true;
      }
    }
    if (!is_square) return false;
    if (from) x = *from;
    const Dims& dims = graph_.dims(x);
    if (dims != graph_.dims(node.output)) return false;
    const Dims own(dims.begin() + *axis, dims.end());
    const ValueId ones =
        graph_.add_constant(node.name + ".scale", {own, std::vector<float>(static_cast<std::size_t>(elements(own)), 1.0f)});
    resize();
    node.operation = LayerNorm{*axis, static_cast<float>(variance->number), from.has_value()};
    node.inputs = {x, ones};
    return true;
  }

  // The normalisation that a node does more to, and the constant that it takes, of the normalised dims.
  struct Affine {
    const Node* norm;
    Tensor values;
  };
  std::optional<Affine> affine(const Node& node, Join kind) const {
    const auto* binary = std::get_if<Binary>(&node.operation);
    if (!binary || binary->kind != kind) return {};
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const ValueId x = node.inputs[side], constant = node.inputs[1 - side];
      const auto* norm = made_by<LayerNorm>(x);
      if (!norm || !graph_.is_constant(constant) || !is_read_once(x) || graph_.dims(x) != graph_.dims(node.output)) continue;
      const Dims own(graph_.dims(x).begin() + norm->axis, graph_.dims(x).end());
      Tensor tensor = graph_.tensor(constant);
      while (tensor.dims.size() > own.size() && tensor.dims.front() == 1) tensor.dims.erase(tensor.dims.begin());
      if (tensor.dims == own) return Affine{maker(x), std::move(tensor)};
    }
    return {};
  }

  bool scaled_norm(Node& node) {
    auto scale = affine(node, Join::multiply);
    if (!scale || scale->norm->inputs.size() > 2) return false;
    const auto& before = graph_.tensor(scale->norm->inputs[1]).values;
    if (std::any_of(before.begin(), before.end(), [](float value) { return value != 1; })) return false;
    return become(node, *scale->norm, {scale->norm->inputs[0], graph_.add_constant(node.name + ".scale", std::move(scale->values))});
  }
  bool shifted_norm(Node& node) {
    auto shift = affine(node, Join::add);
    if (!shift || shift->norm->inputs.size() > 2) return false;
    const auto& in = shift->norm->inputs;
    return become(node, *shift->norm, {in[0], in[1], graph_.add_constant(node.name + ".bias", std::move(shift->values))});
  }
  bool become(Node& node, const Node& norm, std::vector<ValueId> inputs) {
    node.operation = norm.operation;
    node.inputs = std::move(inputs);
    resize();
    return true;
  }
  // For constants that were added.
  void resize() { producers_.resize(graph_.values.size()), reads_.resize(graph_.values.size()); }

  // Divided by a step, rounded, moved to a zero point, cut to 8 bits, moved back, times the step.
  bool quantised(Node& node) {
    const auto product = with_number(node.output, Join::multiply);
    if (!product || !(product->number > 0)) return false;
    ValueId cut = product->x;
    double zero = 0;
    if (const auto centred = with_number(cut, Join::subtract)) cut = centred->x, zero = centred->number;
    const auto* clip = made_by<Activation>(cut);
    if (!clip || clip->kind != Unary::clip || clip->beta - clip->alpha != 255 || std::abs(clip->alpha) > 128) return false;
    ValueId moved = maker(cut)->inputs[0];
    if (const auto sum = zero == 0 ? std::nullopt : with_number(moved, Join::add)) {
      if (sum->number != zero) return false;
      moved = sum->x;
    } else if (zero != 0) {
      return false;
    }
    const auto rounded = of_kind(moved, Unary::round);
    const auto ratio = rounded ? with_number(*rounded, Join::divide) : std::nullopt;
    const double beta = zero - static_cast<double>(clip->alpha);
    if (!ratio || ratio->number != product->number || beta != std::round(beta) || beta < 0 || beta > 255) return false;
    node.operation = Activation{Unary::quantise, static_cast<float>(product->number), static_cast<float>(beta)};
    node.inputs = {ratio->x};
    return true;
  }

  // x times a function of x; half of it in a GELU.
  bool gate(Node& node) {
    const ValueId y = node.output;
    ValueId product = y;
    bool halved = false;
    if (const auto inner = scaled_by(y, 0.5)) product = *inner, halved = true;
    if (const auto inner = scaled_by(y, 1.0 / 6); inner && sixth_of_hard_swish(node, *inner)) return true;
    const Node* join = joined(product, Join::multiply);
    if (!join) return false;
    for (auto [x, factor] : {std::pair{join->inputs[0], join->inputs[1]}, std::pair{join->inputs[1], join->inputs[0]}}) {
      std::optional<Activation> whole;
      bool half = halved;
      if (const auto inner = halved ? std::nullopt : scaled_by(factor, 0.5)) factor = *inner, half = true;
      else if (const auto other = halved ? std::nullopt : scaled_by(x, 0.5)) x = *other, half = true;
      whole = half ? gelu(x, factor) : gated(x, factor);
      if (!whole || graph_.dims(x) != graph_.dims(y)) continue;
      node.operation = *whole;
      node.inputs = {x};
      return true;
    }
    return false;
  }

  bool sixth_of_hard_swish(Node& node, ValueId product) const {
    const Node* join = joined(product, Join::multiply);
    if (!join) return false;
    for (const auto& [x, factor] : {std::pair{join->inputs[0], join->inputs[1]}, std::pair{join->inputs[1], join->inputs[0]}}) {
      const auto* clip = made_by<Activation>(factor);
      if (!clip || clip->kind != Unary::clip || clip->alpha != 0 || clip->beta != 6) continue;
      if (plus(maker(factor)->inputs[0], 3) != x) continue;
      node.operation = Activation{Unary::hard_swish};
      node.inputs = {x};
      return true;
    }
    return false;
  }

  std::optional<Activation> gelu(ValueId x, ValueId factor) const {
    const auto inner = plus(factor, 1);
    if (!inner) return {};
    if (const auto error = of_kind(*inner, Unary::erf)) {
      if (scaled_by(*error, 1 / std::numbers::sqrt2) == x) return Activation{Unary::gelu};
      return {};
    }
    const auto angle = of_kind(*inner, Unary::tanh);
    const auto sum = angle ? scaled_by(*angle, std::sqrt(2 * std::numbers::inv_pi)) : std::nullopt;
    if (sum && is_cubic(*sum, x)) return Activation{Unary::gelu_tanh};
    return {};
  }

  // x + 0.044715 x^3, or x (1 + 0.044715 x^2).
  bool is_cubic(ValueId id, ValueId x) const {
    constexpr double share = 0.044715;
    const auto has_share = [&](ValueId power, int exponent) {
      const auto inner = scaled_by(power, share);
      return inner && is_power(*inner, x, exponent);
    };
    if (const Node* sum = joined(id, Join::add)) {
      return (sum->inputs[0] == x && has_share(sum->inputs[1], 3)) || (sum->inputs[1] == x && has_share(sum->inputs[0], 3));
    }
    const Node* product = joined(id, Join::multiply);
    if (!product) return false;
    for (const auto& [left, right] :
         {std::pair{product->inputs[0], product->inputs[1]}, std::pair{product->inputs[1], product->inputs[0]}}) {
      const auto inner = plus(right, 1);
      if (left == x && inner && has_share(*inner, 2)) return true;
    }
    return false;
  }

  std::optional<Activation> gated(ValueId x, ValueId factor) const {
    if (const auto inner = of_kind(factor, Unary::sigmoid)) {
      if (*inner == x) return Activation{Unary::swish, 1};
      const auto product = scaled(*inner);
      if (product && product->x == x) return Activation{Unary::swish, static_cast<float>(product->number)};
    }
    if (const auto inner = of_kind(factor, Unary::tanh)) {
      if (of_kind(*inner, Unary::softplus) == x) return Activation{Unary::mish};
    }
    const auto* hard = made_by<Activation>(factor);
    const bool is_hard =
        hard && hard->kind == Unary::hard_sigmoid && is_near(static_cast<double>(hard->alpha), 1.0 / 6) && hard->beta == 0.5f;
    if (is_hard && maker(factor)->inputs[0] == x) return Activation{Unary::hard_swish};
    return {};
  }

  // What stands between the product of queries and keys and the softmax.
  struct Scores {
    ValueId product;
    float scale = 1;
    std::optional<ValueId> mask{};
  };
  std::optional<Scores> scores(ValueId id) const {
    if (!is_read_once(id)) return {};
    if (made_by<MatMul>(id)) return Scores{id};
    if (const auto product = scaled(id)) {
      if (made_by<MatMul>(product->x) && is_read_once(product->x)) return Scores{product->x, static_cast<float>(product->number)};
      return {};
    }
    const auto* sum = made_by<Binary>(id);
    if (!sum || sum->kind != Join::add) return {};
    const auto& in = maker(id)->inputs;
    for (const auto& [side, mask] : {std::pair{in[0], in[1]}, std::pair{in[1], in[0]}}) {
      if (graph_.is_constant(side) || graph_.dims(side) != graph_.dims(id)) continue;
      auto inner = scores(side);
      if (!inner || inner->mask) continue;
      inner->mask = mask;
      return inner;
    }
    return {};
  }

  bool attention(Node& node) {
    if (!std::holds_alternative<MatMul>(node.operation) || graph_.is_constant(node.inputs[1]) || graph_.is_constant(node.inputs[0]))
      return false;
    const auto* softmax = made_by<Softmax>(node.inputs[0]);
    const std::size_t rank = graph_.dims(node.output).size();
    if (!softmax || softmax->log || softmax->axis != static_cast<std::int64_t>(rank) - 1 || !is_read_once(node.inputs[0])) return false;
    const auto found = scores(maker(node.inputs[0])->inputs[0]);
    if (!found) return false;
    const Node& product = *maker(found->product);
    const ValueId q = product.inputs[0], turned = product.inputs[1], v = node.inputs[1];
    const auto* transpose = made_by<Transpose>(turned);
    if (!transpose || !is_read_once(turned) || graph_.is_constant(q)) return false;
    const Dims &queries = graph_.dims(q), &keys = graph_.dims(turned), &values = graph_.dims(v);
    const auto same_before = [&](const Dims& other) {
      return other.size() == rank && std::equal(queries.begin(), queries.end() - 2, other.begin());
    };
    if (queries.size() != rank || !same_before(keys) || !same_before(values)) return false;
    // Keys as they are before they are turned.
    Node& made = graph_.nodes[*at(producers_, turned)];
    auto order = transpose->order;
    std::swap(order[rank - 2], order[rank - 1]);
    if (order[rank - 1] == 0 || order[rank - 2] == 0) return false;
    made.operation = Transpose{order};
    Dims& dims = graph_.value(turned).dims;
    std::swap(dims[rank - 2], dims[rank - 1]);
    const ValueId k = std::is_sorted(order.begin(), order.end()) ? made.inputs[0] : turned;
    node.operation = Attention{found->scale};
    node.inputs = {q, k, v};
    if (found->mask) node.inputs.push_back(*found->mask);
    return true;
  }

  Graph& graph_;
  std::vector<std::optional<std::size_t>> producers_;
  std::vector<int> reads_;
};

}  // namespace

void recognise_operations(Graph& graph) { Recognition(graph).run(); }

}  // namespace ballast::graph
