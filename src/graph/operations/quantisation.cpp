// SPDX-License-Identifier: Apache-2.0
//
// Networks of whole numbers. A quantised value is kept as the floats that are equal to its whole numbers: sums of their products are exact
// up to 2^24. Everything here is written in terms of other operations, so that engines know nothing of it but rounding.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../onnx_tensor.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

using Bindings = std::vector<Binding>;

// Least and greatest of a type.
std::pair<float, float> range_of(int type) {
  switch (type) {
    case onnx::TensorProto::UINT8: return {0, 255};
    case onnx::TensorProto::INT8: return {-128, 127};
    case onnx::TensorProto::UINT16: return {0, 65535};
    case onnx::TensorProto::INT16: return {-32768, 32767};
    default: throw InputError(fmt::format("it quantises to {}; whole numbers of 8 and 16 bits are supported", name_of_type(type)));
  }
}

Constant as_floats(const Constant& x) {
  if (!x.is_integer()) return x;
  return {x.dims, std::vector<float>(x.integers().begin(), x.integers().end()), x.type};
}

Binding single(float value) { return OnnxNode::of({{}, std::vector<float>{value}}); }

// Whole numbers that are constant become floats; computed ones are.
Binding input(const OnnxNode& node, std::size_t i) {
  return node.is_constant(i) ? OnnxNode::of(as_floats(node.constant(i))) : node.alias(i);
}

// A scale or a zero point: one number, or one for each place along an axis, which is `behind` dimensions before the last.
Binding parameter(OnnxNode& node, std::size_t i, std::size_t behind) {
  if (!node.is_constant(i)) return node.alias(i);
  Constant values = as_floats(node.constant(i));
  if (values.size() == 1) return OnnxNode::of({{}, values.values});
  require(values.dims.size() == 1,
          fmt::format("its input {} is {}; one number, or one for each place along an axis, is supported", i, to_string(values.dims)));
  values.dims.resize(1 + behind, 1);
  return OnnxNode::of(std::move(values));
}

bool is_zero(const OnnxNode& node, std::size_t i) {
  if (!node.has_input(i)) return true;
  if (!node.is_constant(i)) return false;
  const Constant values = as_floats(node.constant(i));
  return std::all_of(values.floats().begin(), values.floats().end(), [](float value) { return value == 0; });
}

// Less its zero point.
Binding centred(OnnxNode& node, Binding x, std::size_t zero_point, std::size_t behind) {
  if (is_zero(node, zero_point)) return x;
  return node.as("Sub", Bindings{std::move(x), parameter(node, zero_point, behind)});
}

// Rounded, moved to its zero point and cut to what the type holds.
Binding saturated(OnnxNode& node, Binding x, std::size_t zero_point, std::size_t behind, int type) {
  const auto [least, greatest] = range_of(type);
  Binding result = node.as("Round", Bindings{std::move(x)});
  if (!is_zero(node, zero_point)) result = node.as("Add", Bindings{std::move(result), parameter(node, zero_point, behind)});
  return node.as("Clip", Bindings{std::move(result), single(least), single(greatest)});
}

// The type of a constant zero point; what an operation has without one.
int type_of(const OnnxNode& node, std::size_t zero_point, int otherwise) {
  const int type = node.is_constant(zero_point) ? node.constant(zero_point).type : 0;
  return type != 0 ? type : otherwise;
}

// How many dimensions stand behind the axis along which scales differ.
std::size_t behind_axis(const OnnxNode& node) {
  require(node.integer("block_size", 0) == 0, "scales of blocks are not supported: one, or one for each place along an axis, is");
  const std::size_t rank = node.dims(0).size();
  const bool by_axis = (node.is_constant(1) && node.constant(1).size() > 1) || (node.is_constant(2) && node.constant(2).size() > 1);
  return by_axis ? rank - 1 - node.axis(node.integer("axis", 1), rank) : 0;
}

Binding import_quantize(OnnxNode& node) {
  const std::size_t behind = behind_axis(node);
  const int type = type_of(node, 2, static_cast<int>(node.integer("output_dtype", 0)));
  const int kept = type != 0 ? type : static_cast<int>(onnx::TensorProto::UINT8);
  Binding scaled = node.as("Div", Bindings{input(node, 0), parameter(node, 1, behind)});
  return saturated(node, std::move(scaled), 2, behind, kept);
}

Binding import_dequantize(OnnxNode& node) {
  const std::size_t behind = behind_axis(node);
  return node.as("Mul", Bindings{centred(node, input(node, 0), 2, behind), parameter(node, 1, behind)});
}

// Products of two scales, and the reciprocal of a third, as what a sum of products is multiplied by.
Binding multiplier(OnnxNode& node, std::size_t left, std::size_t right, std::size_t out, std::size_t behind) {
  Binding both = node.as("Mul", Bindings{parameter(node, left, behind), parameter(node, right, behind)});
  return node.as("Div", Bindings{std::move(both), parameter(node, out, behind)});
}

// Weights stand in rows of outputs, and scores in columns: an axis of the weights' first dimension is the channels' in the output.
Binding import_quantised_convolution(OnnxNode& node) {
  require(node.is_constant(3), "its weights must be constant");
  const std::size_t rank = node.constant(3).dims.size();
  require(rank >= 3, "its weights have fewer than three dimensions");
  Bindings inputs{centred(node, input(node, 0), 2, 0), centred(node, input(node, 3), 5, rank - 1)};
  if (node.has_input(8)) inputs.push_back(input(node, 8));
  Binding sums = node.as("Conv", std::move(inputs), OnnxNode::Attributes::own);
  sums = node.as("Mul", Bindings{std::move(sums), multiplier(node, 1, 4, 6, rank - 2)});
  return saturated(node, std::move(sums), 7, 0, type_of(node, 7, onnx::TensorProto::UINT8));
}

Binding import_product(OnnxNode& node) {
  Binding sums = node.as("MatMul", Bindings{centred(node, input(node, 0), 2, 0), centred(node, input(node, 3), 5, 0)});
  sums = node.as("Mul", Bindings{std::move(sums), multiplier(node, 1, 4, 6, 0)});
  return saturated(node, std::move(sums), 7, 0, type_of(node, 7, onnx::TensorProto::UINT8));
}

Binding import_convolution_of_integers(OnnxNode& node) {
  require(node.is_constant(1), "its weights must be constant");
  const std::size_t rank = node.constant(1).dims.size();
  require(rank >= 3, "its weights have fewer than three dimensions");
  return node.as("Conv", Bindings{centred(node, input(node, 0), 2, 0), centred(node, input(node, 1), 3, rank - 1)},
                 OnnxNode::Attributes::own);
}

Binding import_product_of_integers(OnnxNode& node) {
  require(!node.is_constant(2) || node.constant(2).size() == 1, "a zero point for each row is not supported");
  return node.as("MatMul", Bindings{centred(node, input(node, 0), 2, 0), centred(node, input(node, 1), 3, 0)});
}

// Scale and zero point from the least and the greatest element: of each image alone, as for a batch of one, since otherwise a label
// would depend on the other images of its batch.
Results import_dynamic(OnnxNode& node) {
  require(!node.is_constant(0), "its input is constant");
  const std::size_t rank = node.dims(0).size();
  require(rank >= 2, "its input must be of images");
  const auto extreme = [&](const char* type, const char* with_zero) {
    Binding found = node.as(type, Bindings{node.as("Flatten", Bindings{node.alias(0)}), OnnxNode::of(integer_vector({1}))});
    found = node.as(with_zero, Bindings{node.single_of(found), single(0)});
    return found;
  };
  const auto [least, greatest] = range_of(onnx::TensorProto::UINT8);
  const Binding low = extreme("ReduceMin", "Min");
  Binding scale = node.as("Div", Bindings{node.as("Sub", Bindings{extreme("ReduceMax", "Max"), low}), single(greatest - least)});
  scale = node.as("Max", Bindings{std::move(scale), single(std::numeric_limits<float>::min())});  // where all elements are 0
  Binding zero = node.as("Round", Bindings{node.as("Div", Bindings{node.as("Sub", Bindings{single(0), low}), scale})});
  zero = node.as("Clip", Bindings{std::move(zero), single(least), single(greatest)});
  Binding y = node.as("Round", Bindings{node.as("Div", Bindings{node.alias(0), scale})});
  y = node.as("Clip", Bindings{node.as("Add", Bindings{std::move(y), zero}), single(least), single(greatest)});
  node.note("model_quantisation", "dynamic: scales are worked out for each image alone");
  return std::vector<Binding>{std::move(y), std::move(scale), std::move(zero)};
}

}  // namespace

OnnxTypes quantisation_types() {
  return {{"ConvInteger", import_convolution_of_integers},
          {"DequantizeLinear", import_dequantize},
          {"DynamicQuantizeLinear", import_dynamic},
          {"MatMulInteger", import_product_of_integers},
          {"QLinearConv", import_quantised_convolution},
          {"QLinearMatMul", import_product},
          {"QuantizeLinear", import_quantize}};
}

}  // namespace ballast::graph::operations
