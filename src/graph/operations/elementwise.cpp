// SPDX-License-Identifier: Apache-2.0
//
// Element by element: functions of one input, what joins two, and choosing between two.

#include "ballast/graph/elementwise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

using Unary = Activation::Kind;

std::string_view name_of(const Activation& activation) {
  switch (activation.kind) {
    case Unary::relu: return "Relu";
    case Unary::clip: return "Clip";
    case Unary::leaky_relu: return "LeakyRelu";
    case Unary::elu: return "Elu";
    case Unary::sigmoid: return "Sigmoid";
    case Unary::tanh: return "Tanh";
    case Unary::gelu:
    case Unary::gelu_tanh: return "Gelu";
    case Unary::hard_swish: return "HardSwish";
    case Unary::swish: return "Swish";
    case Unary::hard_sigmoid: return "HardSigmoid";
    case Unary::softplus: return "Softplus";
    case Unary::softsign: return "Softsign";
    case Unary::selu: return "Selu";
    case Unary::celu: return "Celu";
    case Unary::thresholded_relu: return "ThresholdedRelu";
    case Unary::mish: return "Mish";
    case Unary::power: return "Pow";
    case Unary::exp: return "Exp";
    case Unary::log: return "Log";
    case Unary::sqrt: return "Sqrt";
    case Unary::reciprocal: return "Reciprocal";
    case Unary::erf: return "Erf";
    case Unary::sin: return "Sin";
    case Unary::cos: return "Cos";
    case Unary::abs: return "Abs";
    case Unary::negative: return "Neg";
    case Unary::sign: return "Sign";
    case Unary::round: return "Round";
    case Unary::floor: return "Floor";
    case Unary::ceil: return "Ceil";
    case Unary::quantise: return "Quantize";
    case Unary::logical_not: return "Not";
    case Unary::is_nan: return "IsNaN";
  }
  return {};
}

Binding activated(OnnxNode& node, const Activation& activation) {
  if (!node.is_constant(0)) return node.append(activation, {node.value(0)});
  return OnnxNode::of(mapped(node.constant(0), activation, node.budget()));
}

Binding import_activation(OnnxNode& node, Activation activation) {
  const auto parameters = [&](float alpha, const char* second = nullptr, float beta = 0) {
    activation.alpha = node.number("alpha", alpha);
    if (second) activation.beta = node.number(second, beta);
  };
  switch (activation.kind) {
    case Unary::leaky_relu: parameters(0.01f); break;
    case Unary::elu:
    case Unary::celu:
    case Unary::swish:
    case Unary::thresholded_relu: parameters(1); break;
    case Unary::hard_sigmoid: parameters(0.2f, "beta", 0.5f); break;
    case Unary::selu: parameters(1.67326319217681884765625f, "gamma", 1.05070102214813232421875f); break;
    case Unary::gelu: {
      const std::string approximation = node.text("approximate", "none");
      require(approximation == "none" || approximation == "tanh",
              fmt::format("its approximation is '{}'; none and tanh are allowed", approximation));
      if (approximation == "tanh") activation.kind = Unary::gelu_tanh;
      break;
    }
    default: break;
  }
  return activated(node, activation);
}

float single_number(const Constant& constant, std::string_view what) {
  require(constant.size() == 1, fmt::format("{} must be a single number", what));
  return constant.is_integer() ? static_cast<float>(constant.integers()[0]) : constant.floats()[0];
}

Binding import_clip(OnnxNode& node) {
  constexpr float largest = std::numeric_limits<float>::max();
  Activation clip{Activation::Kind::clip, node.number("min", -largest), node.number("max", largest)};
  const auto bound = [&](std::size_t input, float& out) {
    if (!node.has_input(input)) return;
    require(node.constant(input).size() == 1, "its bounds must be single numbers");
    out = single_number(node.constant(input), "its bound");
  };
  bound(1, clip.alpha);
  bound(2, clip.beta);
  return activated(node, clip);
}

Dims dims_of(const Activation&, const Shapes& shapes) {
  require_batch_first(shapes.in[0]);
  return shapes.in[0];
}

// Questions are booleans in a file, and numbers in a graph.
std::string as_boolean(OnnxWriter& out, const std::string& value) {
  const std::string name = out.unique(out.output() + ".boolean");
  out.add("Cast", {value}, name).integer("to", onnx::TensorProto::BOOL);
  return name;
}

void save_question(OnnxWriter& out, std::string_view type, const std::vector<std::string>& inputs) {
  const std::string answer = out.unique(out.output() + ".answer");
  out.add(type, inputs, answer);
  out.add("Cast", {answer}, out.output()).integer("to", onnx::TensorProto::FLOAT);
}

// A product of x and a chain of operations on it.
class Chain {
 public:
  explicit Chain(OnnxWriter& out) : out_(out), last_(out.input(0)) {}

  Chain& then(std::string_view type) { return add(type, {last_}); }
  Chain& then(std::string_view type, double number) {
    return add(type, {last_, out_.constant(out_.output() + ".number", Tensor{{}, {static_cast<float>(number)}})});
  }
  Chain& times_x() { return add("Mul", {last_, out_.input(0)}); }
  // The last one.
  void finally(std::string_view type, double number) {
    out_.add(type, {last_, out_.constant(out_.output() + ".number", Tensor{{}, {static_cast<float>(number)}})}, out_.output());
  }
  void finally_times_x() { out_.add("Mul", {last_, out_.input(0)}, out_.output()); }

 private:
  Chain& add(std::string_view type, const std::vector<std::string>& inputs) {
    std::string name = out_.unique(out_.output() + ".part");
    out_.add(type, inputs, name);
    last_ = std::move(name);
    return *this;
  }

  OnnxWriter& out_;
  std::string last_;
};

void save(const Activation& activation, OnnxWriter& out) {
  const double root = std::sqrt(2 * std::numbers::inv_pi);
  switch (activation.kind) {
    case Unary::leaky_relu:
    case Unary::elu:
    case Unary::celu:
    case Unary::thresholded_relu: out.add(name_of(activation)).number("alpha", activation.alpha); return;
    case Unary::hard_sigmoid: out.add("HardSigmoid").number("alpha", activation.alpha).number("beta", activation.beta); return;
    case Unary::selu: out.add("Selu").number("alpha", activation.alpha).number("gamma", activation.beta); return;
    case Unary::clip: {
      const std::string stem = out.output();
      out.add("Clip")
          .input(out.constant(stem + ".min", Tensor{{}, {activation.alpha}}))
          .input(out.constant(stem + ".max", Tensor{{}, {activation.beta}}));
      return;
    }
    case Unary::power: Chain(out).finally("Pow", static_cast<double>(activation.alpha)); return;
    case Unary::gelu: Chain(out).then("Div", std::numbers::sqrt2).then("Erf").then("Add", 1).times_x().finally("Mul", 0.5); return;
    case Unary::gelu_tanh:
      Chain(out)
          .then("Pow", 2)
          .then("Mul", 0.044715)
          .then("Add", 1)
          .times_x()
          .then("Mul", root)
          .then("Tanh")
          .then("Add", 1)
          .times_x()
          .finally("Mul", 0.5);
      return;
    case Unary::swish: Chain(out).then("Mul", static_cast<double>(activation.alpha)).then("Sigmoid").finally_times_x(); return;
    case Unary::mish: Chain(out).then("Softplus").then("Tanh").finally_times_x(); return;
    case Unary::quantise: {  // whole numbers as the file has them: bytes from 0 on, or from -128 on where that is their middle
      const int middle = static_cast<int>(activation.beta);
      const bool is_signed = middle == 128;
      const std::string step = out.constant(out.output() + ".step", Tensor{{}, {activation.alpha}});
      const std::string zero = out.constant(out.output() + ".zero", Bytes{{}, is_signed, {is_signed ? '\0' : static_cast<char>(middle)}});
      const std::string numbers = out.unique(out.output() + ".numbers");
      out.add("QuantizeLinear", {out.input(0), step, zero}, numbers);
      out.add("DequantizeLinear", {numbers, step, zero}, out.output());
      return;
    }
    case Unary::logical_not: save_question(out, "Not", {as_boolean(out, out.input(0))}); return;
    case Unary::is_nan: save_question(out, "IsNaN", {out.input(0)}); return;
    default: out.add(name_of(activation)); return;
  }
}

std::string_view name_of(const Binary& binary) {
  using Kind = Binary::Kind;
  switch (binary.kind) {
    case Kind::add: return "Add";
    case Kind::subtract: return "Sub";
    case Kind::multiply: return "Mul";
    case Kind::divide: return "Div";
    case Kind::power: return "Pow";
    case Kind::minimum: return "Min";
    case Kind::maximum: return "Max";
    case Kind::remainder: return "Mod";
    case Kind::prelu: return "PRelu";
    case Kind::less: return "Less";
    case Kind::less_or_equal: return "LessOrEqual";
    case Kind::greater: return "Greater";
    case Kind::greater_or_equal: return "GreaterOrEqual";
    case Kind::equal: return "Equal";
    case Kind::logical_and: return "And";
    case Kind::logical_or: return "Or";
    case Kind::logical_xor: return "Xor";
  }
  return {};
}

// A constant that is joined to a value of several rows for each image says nothing of the rows.
void require_fewer_dimensions(const OnnxNode& node, std::size_t constant, std::size_t computed) {
  require(node.dims(computed).empty() || node.dims(computed)[0] == batch || node.dims(constant).size() <= node.dims(computed).size(),
          "its constant has more dimensions than its computed input");
}

// The input as a value of floats: integers, which are beside computed values, too.
Operand number_value(OnnxNode& node, std::size_t input) {
  if (!node.is_constant(input) || !node.constant(input).is_integer()) return node.value(input);
  const Constant& constant = node.constant(input);
  node.budget().constant(constant.dims, sizeof(float));
  const auto& integers = constant.integers();
  return node.graph().add_constant(node.name() + ".number", {constant.dims, {integers.begin(), integers.end()}});
}

// Of a constant or of a value that a chain has so far.
Binding import_binary(OnnxNode& node, Binary binary) {
  require(node.input_count() <= 2, fmt::format("it has {} inputs; 2 are needed", node.input_count()));
  if (node.all_constant()) return OnnxNode::of(combined(node.constant(0), node.constant(1), binary.kind, node.budget()));
  const std::size_t constant = node.is_constant(0) ? 0 : 1;
  if (node.is_constant(constant)) require_fewer_dimensions(node, constant, 1 - constant);
  return node.append(binary, {number_value(node, 0), number_value(node, 1)});
}

Binding import_power(OnnxNode& node) {
  if (node.all_constant() && node.constant(0).is_integer() != node.constant(1).is_integer())
    return activated(node, {Unary::power, single_number(node.constant(1), "its exponent")});
  if (node.is_constant(0) || !node.is_constant(1) || node.constant(1).size() != 1 || node.constant(1).dims.size() > node.dims(0).size())
    return import_binary(node, {Binary::Kind::power});
  const float exponent = single_number(node.constant(1), "its exponent");
  if (exponent == 1) return node.alias(0);
  return activated(node, exponent == 0.5f ? Activation{Unary::sqrt} : Activation{Unary::power, exponent});
}

// Mod of integers has the sign of the second; fmod that of the first.
Binding import_remainder(OnnxNode& node) {
  if (node.integer("fmod", 0) != 0) return import_binary(node, {Binary::Kind::remainder});
  require(node.all_constant(), "of computed values, it is supported with fmod = 1");
  const Constant remainder = combined(node.constant(0), node.constant(1), Binary::Kind::remainder, node.budget());
  const Constant once_more = combined(remainder, node.constant(1), Binary::Kind::add, node.budget());
  return OnnxNode::of(combined(once_more, node.constant(1), Binary::Kind::remainder, node.budget()));
}

// A chain from the first computed input on; the order does not matter.
Binding import_variadic(OnnxNode& node, Binary binary) {
  require(node.input_count() > 0 && node.has_input(0), "it has no inputs");
  if (node.all_constant()) {
    Constant result = node.constant(0);
    for (std::size_t i = 1; i < node.input_count(); ++i) result = combined(result, node.constant(i), binary.kind, node.budget());
    return OnnxNode::of(std::move(result));
  }
  std::size_t first = 0;
  while (node.is_constant(first)) ++first;
  Binding result = node.alias(first);
  for (std::size_t i = 0; i < node.input_count(); ++i) {
    if (i == first) continue;
    if (node.is_constant(i)) require_fewer_dimensions(node, i, first);
    result = node.append(binary, {result, number_value(node, i)});
  }
  return result;
}

Binding import_mean(OnnxNode& node) {
  Binding sum = import_variadic(node, {Binary::Kind::add});
  const Constant share{{}, std::vector<float>{1 / static_cast<float>(node.input_count())}};
  if (sum.constant) return OnnxNode::of(combined(*sum.constant, share, Binary::Kind::multiply, node.budget()));
  return node.append(Binary{Binary::Kind::multiply}, {sum, node.graph().add_constant(node.name() + ".share", {{}, share.floats()})});
}

Binding import_where(OnnxNode& node) {
  if (node.all_constant()) return OnnxNode::of(chosen(node.constant(0), node.constant(1), node.constant(2), node.budget()));
  std::size_t computed = 0;
  while (node.is_constant(computed)) ++computed;
  for (std::size_t i = 0; i < 3; ++i) {
    if (node.is_constant(i)) require_fewer_dimensions(node, i, computed);
  }
  return node.append(Select{}, {number_value(node, 0), number_value(node, 1), number_value(node, 2)});
}

Dims dims_of(const Binary&, const Shapes& shapes) {
  const Dims out = broadcast(shapes.in[0], shapes.in[1]);
  require_batch_first(out);
  return out;
}

// PRelu stretches the slopes alone.
void save_slopes_of_constant(OnnxWriter& out) {
  Tensor above = out.graph().tensor(out.node().inputs[0]), below = above;
  for (float& value : above.values) value = elementwise::greatest(value, 0.0f);
  for (float& value : below.values) value = elementwise::least(value, 0.0f);
  const std::string product = out.unique(out.output() + ".product");
  out.add("Mul", {out.constant(out.output() + ".below", below), out.input(1)}, product);
  out.add("Add", {product, out.constant(out.output() + ".above", above)}, out.output());
}

void save(const Binary& binary, OnnxWriter& out) {
  using Kind = Binary::Kind;
  std::vector<std::string> inputs{out.input(0), out.input(1)};
  if (binary.kind == Kind::logical_and || binary.kind == Kind::logical_or || binary.kind == Kind::logical_xor) {
    for (std::string& input : inputs) input = as_boolean(out, input);
  }
  if (is_question(binary)) return save_question(out, name_of(binary), inputs);
  if (binary.kind == Kind::prelu && out.graph().is_constant(out.node().inputs[0])) return save_slopes_of_constant(out);
  WrittenNode node = out.add(name_of(binary));
  if (binary.kind == Kind::remainder) node.integer("fmod", 1);
}

Dims dims_of(const Select&, const Shapes& shapes) {
  const Dims out = broadcast(shapes.in[0], broadcast(shapes.in[1], shapes.in[2]));
  require_batch_first(out);
  return out;
}

void save(const Select&, OnnxWriter& out) { out.add("Where", {as_boolean(out, out.input(0)), out.input(1), out.input(2)}, out.output()); }

}  // namespace

OnnxTypes elementwise_types() {
  using enum Activation::Kind;
  OnnxTypes types{{"Clip", import_clip}, {"Mean", import_mean}, {"Mod", import_remainder}, {"Pow", import_power}, {"Where", import_where}};
  for (int kind = 0; kind < activation_kinds; ++kind) {
    const Activation activation{static_cast<Unary>(kind)};
    const bool named =
        activation.kind != clip && activation.kind != gelu_tanh && activation.kind != power && activation.kind != Unary::quantise;
    if (named) types.push_back(of_kind(activation, import_activation));
  }
  for (int kind = 0; kind < binary_kinds; ++kind) {
    using Kind = Binary::Kind;
    const Binary binary{static_cast<Kind>(kind)};
    if (binary.kind == Kind::power || binary.kind == Kind::remainder) continue;
    const bool variadic = binary.kind == Kind::minimum || binary.kind == Kind::maximum;
    types.push_back(of_kind(binary, variadic ? import_variadic : import_binary));
  }
  const auto sum = [](OnnxNode& node) { return import_variadic(node, {Binary::Kind::add}); };
  types.push_back({"Sum", sum});
  return types;
}

Rules<Activation> rules_of(const Activation& activation) { return {name_of(activation), dims_of, each_row, save}; }
Rules<Binary> rules_of(const Binary& binary) { return {name_of(binary), dims_of, each_row, save}; }
Rules<Select> rules_of(const Select&) { return {"Where", dims_of, each_row, save}; }

}  // namespace ballast::graph::operations
