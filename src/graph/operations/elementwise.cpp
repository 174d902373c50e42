// SPDX-License-Identifier: Apache-2.0
//
// Element by element: activations of one input, and what joins two.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

double activate(const Activation& activation, double x) {
  const double alpha = static_cast<double>(activation.alpha), beta = static_cast<double>(activation.beta);
  switch (activation.kind) {
    case Activation::Kind::relu: return std::max(x, 0.0);
    case Activation::Kind::clip: return std::min(std::max(x, alpha), beta);
    case Activation::Kind::leaky_relu: return x < 0 ? alpha * x : x;
    case Activation::Kind::elu: return x < 0 ? alpha * std::expm1(x) : x;
    case Activation::Kind::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::Kind::tanh: return std::tanh(x);
    case Activation::Kind::gelu: return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::Kind::hard_swish: return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
  }
  return x;
}

Binding activated(OnnxNode& node, const Activation& activation) {
  if (!node.is_constant(0)) return node.append(activation, {node.value(0)});
  const auto function = [&](double x) { return activate(activation, x); };
  return OnnxNode::of(mapped(node.constant(0), function, node.budget()));
}

Binding import_activation(OnnxNode& node, Activation activation) {
  const Activation::Kind kind = activation.kind;
  if (kind == Activation::Kind::leaky_relu) activation.alpha = node.number("alpha", 0.01f);
  if (kind == Activation::Kind::elu) activation.alpha = node.number("alpha", 1.0f);
  if (kind == Activation::Kind::gelu) require(node.text("approximate", "none") == "none", "only the exact Gelu is supported");
  return activated(node, activation);
}

Binding import_clip(OnnxNode& node) {
  constexpr float largest = std::numeric_limits<float>::max();
  Activation clip{Activation::Kind::clip, node.number("min", -largest), node.number("max", largest)};
  const auto bound = [&](std::size_t input, float& out) {
    if (!node.has_input(input)) return;
    require(node.constant(input).size() == 1, "its bounds must be single numbers");
    out = node.constant(input).floats()[0];
  };
  bound(1, clip.alpha);
  bound(2, clip.beta);
  return activated(node, clip);
}

std::string_view name_of(const Activation& activation) {
  switch (activation.kind) {
    case Activation::Kind::relu: return "Relu";
    case Activation::Kind::clip: return "Clip";
    case Activation::Kind::leaky_relu: return "LeakyRelu";
    case Activation::Kind::elu: return "Elu";
    case Activation::Kind::sigmoid: return "Sigmoid";
    case Activation::Kind::tanh: return "Tanh";
    case Activation::Kind::gelu: return "Gelu";
    case Activation::Kind::hard_swish: return "HardSwish";
  }
  return {};
}

Dims dims_of(const Activation&, const Shapes& shapes) {
  require_batch_first(shapes.in[0]);
  return shapes.in[0];
}

void save(const Activation& activation, OnnxWriter& out) {
  using Kind = Activation::Kind;
  const std::string stem = out.output();
  switch (activation.kind) {
    case Kind::relu:
    case Kind::sigmoid:
    case Kind::tanh: out.add(name_of(activation)); return;
    case Kind::leaky_relu:
    case Kind::elu: out.add(name_of(activation)).number("alpha", activation.alpha); return;
    case Kind::clip:
      out.add("Clip")
          .input(out.constant(stem + ".min", Tensor{{}, {activation.alpha}}))
          .input(out.constant(stem + ".max", Tensor{{}, {activation.beta}}));
      return;
    case Kind::gelu:
    case Kind::hard_swish:
      throw InputError(fmt::format("node '{}': {} has no place in operator set {}, which is written", out.node().name, name_of(activation),
                                   OnnxWriter::opset));
  }
}

// Broadcast of one dimension: equal, or one of them 1.
std::int64_t joined(std::int64_t a, std::int64_t b) {
  require(a == b || a == 1 || b == 1, fmt::format("sizes {} and {} cannot be joined", to_string({a}), to_string({b})));
  return a == 1 ? b : a;
}

Dims broadcast(const Dims& a, const Dims& b) {
  Dims result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto from_end = [&](const Dims& dims) { return i < dims.size() ? dims[dims.size() - 1 - i] : 1; };
    result[result.size() - 1 - i] = joined(from_end(a), from_end(b));
  }
  return result;
}

Binding import_binary(OnnxNode& node, Binary binary) {
  require(node.input_count() <= 2, fmt::format("it has {} inputs; 2 are needed", node.input_count()));
  if (node.all_constant()) return OnnxNode::of(combined(node.constant(0), node.constant(1), binary.kind, node.budget()));
  const std::size_t constant = node.is_constant(0) ? 0 : 1;
  require(
      !node.is_constant(constant) || node.dims(1 - constant)[0] == batch || node.dims(constant).size() <= node.dims(1 - constant).size(),
      "its constant has more dimensions than its computed input");
  return node.append(binary, {node.value(0), node.value(1)});
}

std::string_view name_of(const Binary& binary) {
  switch (binary.kind) {
    case Binary::Kind::add: return "Add";
    case Binary::Kind::subtract: return "Sub";
    case Binary::Kind::multiply: return "Mul";
    case Binary::Kind::divide: return "Div";
  }
  return {};
}

Dims dims_of(const Binary&, const Shapes& shapes) {
  const Dims out = broadcast(shapes.in[0], shapes.in[1]);
  require_batch_first(out);
  return out;
}

void save(const Binary& binary, OnnxWriter& out) { out.add(name_of(binary)); }

}  // namespace

OnnxTypes elementwise_types() {
  using enum Activation::Kind;
  using enum Binary::Kind;
  OnnxTypes types{{"Clip", import_clip}};
  for (const auto kind : {elu, gelu, hard_swish, leaky_relu, relu, sigmoid, tanh}) {
    types.push_back(of_kind(Activation{kind}, import_activation));
  }
  for (const auto kind : {add, divide, multiply, subtract}) types.push_back(of_kind(Binary{kind}, import_binary));
  return types;
}

Rules<Activation> rules_of(const Activation& activation) { return {name_of(activation), dims_of, each_row, save}; }
Rules<Binary> rules_of(const Binary& binary) { return {name_of(binary), dims_of, each_row, save}; }

}  // namespace ballast::graph::operations
