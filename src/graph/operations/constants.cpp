// SPDX-License-Identifier: Apache-2.0
//
// What gives a constant, or its input as it is. Much of it is supported on constants alone, where exporters need it for sizes and
// for the embedding of a timestep. A batch in a shape counts as one image: a constant is the same for all.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "../onnx_tensor.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

constexpr double most_exact = 0x1p53;  // whole numbers up to this are exact in double precision

void require_constants(const OnnxNode& node) {
  require(node.all_constant(), "it is supported on constants alone, and its input is computed");
}

double single(const OnnxNode& node, std::size_t input) {
  const Constant& constant = node.constant(input);
  require(constant.size() == 1, fmt::format("its input {} must be a single number", input));
  return constant.is_integer() ? static_cast<double>(constant.integers()[0]) : static_cast<double>(constant.floats()[0]);
}

Binding import_function(OnnxNode& node, double (*function)(double)) {
  require_constants(node);
  return OnnxNode::of(mapped(node.constant(0), function, node.budget()));
}

Binding import_expand(OnnxNode& node) {
  require_constants(node);
  Dims dims = node.constant(1).integers();
  for (std::int64_t& size : dims) size = size < 0 ? 1 : size;
  return OnnxNode::of(expanded(node.constant(0), dims, node.budget()));
}

Binding import_range(OnnxNode& node) {
  require_constants(node);
  const double start = single(node, 0), end = single(node, 1), step = single(node, 2), count = std::ceil((end - start) / step);
  require(count <= most_exact && std::abs(start) <= most_exact && std::abs(end) <= most_exact,
          fmt::format("from {} to {} by {} is no range, or too long", start, end, step));
  const bool whole = node.constant(0).is_integer();
  const auto size = static_cast<std::int64_t>(std::max(count, 0.0));
  node.budget().constant({size}, sizeof(double) + node.constant(0).element_bytes());
  std::vector<double> values;
  for (double i = 0; i < count; ++i) values.push_back(start + i * step);
  if (whole) return OnnxNode::of({{size}, std::vector<std::int64_t>(values.begin(), values.end())});
  return OnnxNode::of({{size}, std::vector<float>(values.begin(), values.end())});
}

Binding import_equal(OnnxNode& node) {
  require_constants(node);
  return OnnxNode::of(equal(node.constant(0), node.constant(1), node.budget()));
}

Binding import_where(OnnxNode& node) {
  require_constants(node);
  return OnnxNode::of(chosen(node.constant(0), node.constant(1), node.constant(2), node.budget()));
}

Binding import_shape(OnnxNode& node) {
  require(!node.attribute("start") && !node.attribute("end"), "a part of a shape is not supported");
  return OnnxNode::of(integer_vector(node.dims(0)));
}

Binding import_constant(OnnxNode& node) {
  if (const auto* value = node.attribute("value")) return OnnxNode::of(read_tensor(value->t(), node.budget()));
  if (const auto* value = node.attribute("value_float")) return OnnxNode::of({{}, std::vector<float>{value->f()}});
  if (const auto* value = node.attribute("value_int")) return OnnxNode::of({{}, std::vector<std::int64_t>{value->i()}});
  if (const auto* value = node.attribute("value_ints")) return OnnxNode::of(integer_vector({value->ints().begin(), value->ints().end()}));
  if (const auto* value = node.attribute("value_floats")) {
    return OnnxNode::of({{value->floats_size()}, std::vector<float>(value->floats().begin(), value->floats().end())});
  }
  throw InputError("its value is of a kind that is not supported");
}

Binding import_constant_of_shape(OnnxNode& node) {
  Dims dims = node.constant(0).integers();
  for (std::int64_t& size : dims) size = size < 0 ? 1 : size;  // the same for every image
  Constant value{{1}, std::vector<float>{0}};
  if (const auto* given = node.attribute("value")) value = read_tensor(given->t(), node.budget());
  require(value.size() == 1, "its value must be a single number");
  const std::size_t count = node.budget().constant(dims, value.element_bytes());
  return std::visit(
      [&](const auto& single) {
        return OnnxNode::of({dims, std::decay_t<decltype(single)>(count, single[0])});
      },
      value.values);
}

Binding import_cast(OnnxNode& node) {
  const std::int64_t to = node.integer("to", onnx::TensorProto::FLOAT);
  const bool to_float = to == onnx::TensorProto::FLOAT || to == onnx::TensorProto::DOUBLE;
  const bool to_integer = to == onnx::TensorProto::INT64 || to == onnx::TensorProto::INT32;
  require(to_float || to_integer, "it casts to a type that is not supported");
  if (!node.is_constant(0)) {
    require(to_float, "it makes integers of computed values");
    return node.alias(0);
  }
  const Constant& from = node.constant(0);
  if (from.is_integer() == to_integer) return node.alias(0);
  node.budget().constant(from.dims, to_float ? sizeof(float) : sizeof(std::int64_t));
  if (to_float) return OnnxNode::of({from.dims, std::vector<float>(from.integers().begin(), from.integers().end())});
  const auto& values = from.floats();
  const auto odd = std::find_if(values.begin(), values.end(), [](float value) { return !(std::abs(value) < 9e18f); });
  require(odd == values.end(), fmt::format("it makes an integer of {}", odd == values.end() ? 0 : *odd));
  return OnnxNode::of({from.dims, std::vector<std::int64_t>(from.floats().begin(), from.floats().end())});
}

Binding import_alias(OnnxNode& node) { return node.alias(0); }

OnnxType function(const char* name, double (*compute)(double)) {
  return {name, [compute](OnnxNode& node) { return import_function(node, compute); }};
}

}  // namespace

OnnxTypes constant_types() {
  return {{"Cast", import_cast},
          {"Constant", import_constant},
          {"ConstantOfShape", import_constant_of_shape},
          {"Dropout", import_alias},
          {"Equal", import_equal},
          {"Expand", import_expand},
          {"Identity", import_alias},
          {"Range", import_range},
          {"Shape", import_shape},
          {"Where", import_where},
          function("Cos", [](double x) { return std::cos(x); }),
          function("Exp", [](double x) { return std::exp(x); }),
          function("Neg", [](double x) { return -x; }),
          function("Sin", [](double x) { return std::sin(x); }),
          function("Sqrt", [](double x) { return std::sqrt(x); })};
}

}  // namespace ballast::graph::operations
