// SPDX-License-Identifier: Apache-2.0
//
// What gives a constant, or its input as it is. Much of it is supported on constants alone, where exporters need it for sizes and
// for the embedding of a timestep. A batch in a shape counts as one image: a constant is the same for all.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "../half.hpp"
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

Binding import_shape(OnnxNode& node) {
  const Dims dims = node.dims(0);
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto place = [&](const char* key, std::int64_t otherwise) {
    const std::int64_t at = node.integer(key, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = place("start", 0), end = std::max(place("end", rank), start);
  return OnnxNode::of(integer_vector({dims.begin() + start, dims.begin() + end}));
}

// Of a computed value, so many batches: a negative number, as Reshape and its kin take it.
Binding import_size(OnnxNode& node) {
  if (node.is_constant(0)) return OnnxNode::of({{}, std::vector<std::int64_t>{static_cast<std::int64_t>(node.constant(0).size())}});
  std::int64_t count = 1;
  for (const std::int64_t size : node.dims(0)) count *= size;
  return OnnxNode::of({{}, std::vector<std::int64_t>{count}});
}

Binding import_constant(OnnxNode& node) {
  ExternalFiles none;
  if (const auto* value = node.attribute("value")) return OnnxNode::of(read_tensor(value->t(), node.budget(), none));
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
  ExternalFiles none;
  if (const auto* given = node.attribute("value")) value = read_tensor(given->t(), node.budget(), none);
  require(value.size() == 1, "its value must be a single number");
  const std::size_t count = node.budget().constant(dims, value.element_bytes());
  return std::visit(
      [&](const auto& single) {
        return OnnxNode::of({dims, std::decay_t<decltype(single)>(count, single[0])});
      },
      value.values);
}

bool is_floating(int type) {
  return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE || type == onnx::TensorProto::FLOAT16 ||
         type == onnx::TensorProto::BFLOAT16;
}

bool is_whole(int type) {
  using Type = onnx::TensorProto;
  static const std::set<int> types{Type::BOOL,  Type::INT8,   Type::INT16,  Type::INT32, Type::INT64,
                                   Type::UINT8, Type::UINT16, Type::UINT32, Type::UINT64};
  return types.count(type) > 0;
}

Constant as_floating(const Constant& from, int type, LoadBudget& budget) {
  budget.constant(from.dims, sizeof(float));
  Constant result{from.dims, from.values, type};
  if (from.is_integer()) result.values = std::vector<float>(from.integers().begin(), from.integers().end());
  if (type == onnx::TensorProto::FLOAT16) {
    for (float& value : std::get<0>(result.values)) value = from_half(to_half(value));
  }
  return result;
}

Constant as_whole(const Constant& from, int type, LoadBudget& budget) {
  budget.constant(from.dims, sizeof(std::int64_t));
  Constant result{from.dims, std::vector<std::int64_t>(from.size()), type};
  auto& values = std::get<1>(result.values);
  if (from.is_integer()) {
    values = from.integers();
  } else {
    const auto& floats = from.floats();
    const auto odd = std::find_if(floats.begin(), floats.end(), [](float value) { return !(std::abs(value) < 9e18f); });
    require(odd == floats.end(), fmt::format("it makes an integer of {}", odd == floats.end() ? 0 : *odd));
    std::transform(floats.begin(), floats.end(), values.begin(), [&](float value) {
      return type == onnx::TensorProto::BOOL ? std::int64_t{value != 0} : static_cast<std::int64_t>(value);
    });
  }
  if (type == onnx::TensorProto::BOOL) {
    for (std::int64_t& value : values) value = value != 0 ? 1 : 0;
  }
  return result;
}

// Floating-point numbers of any width are floats here, and whole numbers that are computed are floats without a fraction.
Binding cast_to(OnnxNode& node, int type) {
  require(is_floating(type) || is_whole(type), fmt::format("it casts to {}, which is not supported", name_of_type(type)));
  if (node.is_constant(0)) {
    const Constant& from = node.constant(0);
    return OnnxNode::of(is_floating(type) ? as_floating(from, type, node.budget()) : as_whole(from, type, node.budget()));
  }
  const Binding x = node.alias(0);
  if (is_floating(type)) return x;
  if (type == onnx::TensorProto::BOOL) return node.as("Not", {node.as("Not", {x})});
  return node.as("Mul", {node.as("Sign", {x}), node.as("Floor", {node.as("Abs", {x})})});
}

Binding import_cast(OnnxNode& node) { return cast_to(node, static_cast<int>(node.integer("to", onnx::TensorProto::FLOAT))); }

// To the type of the second input: floats where that is computed.
Binding import_cast_like(OnnxNode& node) {
  if (!node.is_constant(1)) return cast_to(node, onnx::TensorProto::FLOAT);
  const Constant& like = node.constant(1);
  if (like.type != 0) return cast_to(node, like.type);
  return cast_to(node, like.is_integer() ? onnx::TensorProto::INT64 : onnx::TensorProto::FLOAT);
}

// Writes slices to places given by each row of the indices.
Binding import_scatter_nd(OnnxNode& node) {
  require_constants(node);
  require(node.text("reduction", "none") == "none", "its reduction must be none");
  Constant result = node.constant(0);
  const Constant &indices = node.constant(1), &updates = node.constant(2);
  require(!indices.dims.empty() && updates.is_integer() == result.is_integer(), "its inputs do not fit");
  const auto depth = static_cast<std::size_t>(indices.dims.back());
  require(depth >= 1 && depth <= result.dims.size(),
          fmt::format("its indices are {} for an input of {}", to_string(indices.dims), to_string(result.dims)));
  const auto strides = row_major_strides(result.dims);
  const auto inner =
      static_cast<std::size_t>(constant_elements({result.dims.begin() + static_cast<std::ptrdiff_t>(depth), result.dims.end()}));
  require(updates.size() == indices.size() / depth * inner, "its updates are too many or too few");
  node.budget().constant(result.dims, result.element_bytes());
  for (std::size_t row = 0; row * depth < indices.size(); ++row) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < depth; ++i) {
      const std::int64_t size = result.dims[i], index = indices.integers()[row * depth + i];
      require(index >= -size && index < size, fmt::format("its index {} is outside 0..{}", index, size - 1));
      place += (index < 0 ? index + size : index) * strides[i];
    }
    std::visit(
        [&](auto& values) {
          const auto& from = std::get<std::decay_t<decltype(values)>>(updates.values);
          std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(row * inner), inner, values.begin() + place);
        },
        result.values);
  }
  return OnnxNode::of(std::move(result));
}

// A dimension of zeros with a one at each index; or of other values than these.
Binding import_one_hot(OnnxNode& node) {
  require_constants(node);
  const Constant &indices = node.constant(0), &values = node.constant(2);
  const double depth = single(node, 1);
  require(depth >= 1 && depth <= 1 << 24 && values.size() == 2, "its depth or its values do not fit");
  const auto size = static_cast<std::int64_t>(depth);
  const std::size_t axis = node.axis(node.integer("axis", -1), indices.dims.size() + 1);
  Dims dims = indices.dims;
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), size);
  const std::size_t count = node.budget().constant(dims, values.element_bytes());
  const auto inner =
      static_cast<std::size_t>(constant_elements({indices.dims.begin() + static_cast<std::ptrdiff_t>(axis), indices.dims.end()}));
  return std::visit(
      [&](const auto& two) {
        std::decay_t<decltype(two)> out(count, two[0]);
        for (std::size_t i = 0; i < indices.size(); ++i) {
          std::int64_t index = indices.integers()[i];
          if (index < 0) index += size;
          if (index < 0 || index >= size) continue;
          out[(i / inner * static_cast<std::size_t>(size) + static_cast<std::size_t>(index)) * inner + i % inner] = two[1];
        }
        return OnnxNode::of({dims, std::move(out)});
      },
      values.values);
}

// Positions of what is not 0: a row for each dimension.
Binding import_non_zero(OnnxNode& node) {
  require_constants(node);
  const Constant& x = node.constant(0);
  const auto strides = row_major_strides(x.dims);
  std::vector<std::int64_t> places;
  std::visit(
      [&](const auto& values) {
        node.budget().constant(x.dims, sizeof(std::int64_t));
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (values[i] != 0) places.push_back(static_cast<std::int64_t>(i));
        }
      },
      x.values);
  const Dims dims{static_cast<std::int64_t>(x.dims.size()), static_cast<std::int64_t>(places.size())};
  node.budget().constant(dims, sizeof(std::int64_t));
  std::vector<std::int64_t> positions;
  for (std::size_t i = 0; i < x.dims.size(); ++i) {
    for (const std::int64_t place : places) positions.push_back(place / strides[i] % x.dims[i]);
  }
  return OnnxNode::of({dims, std::move(positions)});
}

Binding import_alias(OnnxNode& node) { return node.alias(0); }

// Of a network in use, or where it drops nothing, it is its input.
Binding import_dropout(OnnxNode& node) {
  const bool trains = node.has_input(2) && single(node, 2) != 0;
  require(!trains || (node.has_input(1) && single(node, 1) == 0), "it is in training mode: export the model for inference");
  return node.alias(0);
}

}  // namespace

OnnxTypes constant_types() {
  return {{"Cast", import_cast},         {"CastLike", import_cast_like},
          {"Constant", import_constant}, {"ConstantOfShape", import_constant_of_shape},
          {"Dropout", import_dropout},   {"Identity", import_alias},
          {"NonZero", import_non_zero},  {"OneHot", import_one_hot},
          {"Range", import_range},       {"ScatterND", import_scatter_nd},
          {"Shape", import_shape},       {"Size", import_size}};
}

}  // namespace ballast::graph::operations
