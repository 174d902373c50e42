// SPDX-License-Identifier: Apache-2.0

#include "onnx_node.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "onnx_rows.hpp"
#include "operations/operations.hpp"

namespace ballast::graph {

const std::string& OnnxNode::name() const {
  if (!proto_.name().empty() || proto_.output_size() == 0) return proto_.name();
  return proto_.output(0);
}

bool OnnxNode::all_constant() const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (has_input(i) && !is_constant(i)) return false;
  }
  return true;
}

const Binding& OnnxNode::input(std::size_t i) const {
  require(has_input(i), fmt::format("its input {} is missing", i));
  return *inputs_[i];
}

const Constant& OnnxNode::constant(std::size_t i) const {
  require(input(i).constant != nullptr, fmt::format("its input {} ('{}') must be constant", i, input(i).name));
  return *input(i).constant;
}

Dims OnnxNode::dims(std::size_t i) const {
  const Binding& binding = input(i);
  return binding.constant ? binding.constant->dims : dims_in_file(graph_.dims(binding.value), binding.rows);
}

// What its computed inputs have in common.
std::int64_t OnnxNode::rows() const {
  std::int64_t rows = 0;
  for (const Binding* binding : inputs_) {
    if (!binding || binding->constant) continue;
    require(rows == 0 || binding->rows == rows,
            fmt::format("its inputs have {} and {} rows for each image of the batch", rows, binding->rows));
    rows = binding->rows;
  }
  return std::max<std::int64_t>(rows, 1);
}

ValueId OnnxNode::value(std::size_t i) {
  input(i);
  Binding& binding = *inputs_[i];
  if (binding.value >= 0) return binding.value;
  budget().constant(binding.constant->dims, sizeof(float));
  return binding.value = graph_.add_constant(binding.name, {binding.constant->dims, binding.constant->floats()});
}

const onnx::AttributeProto* OnnxNode::attribute(const char* key) const {
  for (const auto& attribute : proto_.attribute()) {
    if (attribute.name() == key) return &attribute;
  }
  return nullptr;
}

std::int64_t OnnxNode::integer(const char* key, std::int64_t otherwise) const {
  const auto* found = attribute(key);
  return found ? found->i() : otherwise;
}

float OnnxNode::number(const char* key, float otherwise) const {
  const auto* found = attribute(key);
  return found ? found->f() : otherwise;
}

std::string OnnxNode::text(const char* key, const std::string& otherwise) const {
  const auto* found = attribute(key);
  return found ? found->s() : otherwise;
}

std::vector<std::int64_t> OnnxNode::integers(const char* key, std::vector<std::int64_t> otherwise) const {
  const auto* found = attribute(key);
  if (!found) return otherwise;
  return {found->ints().begin(), found->ints().end()};
}

std::vector<std::int64_t> OnnxNode::integers_or_input(const char* key, std::size_t input, std::vector<std::int64_t> otherwise) const {
  return has_input(input) ? constant(input).integers() : integers(key, std::move(otherwise));
}

std::size_t OnnxNode::axis(std::int64_t axis, std::size_t rank) const {
  const auto size = static_cast<std::int64_t>(rank);
  require(axis >= -size && axis < size, fmt::format("its axis {} is outside its input's {} dimensions", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

Binding OnnxNode::append(Operation operation, std::vector<ValueId> inputs, Dims output_dims) {
  budget().rank(output_dims.size());
  for (const ValueId id : inputs) {
    if (graph_.is_constant(id)) budget().reads(id, graph_.dims(id));
  }
  std::int64_t result_rows = rows();
  if (result_rows > 1) operation = std::visit([](const auto& own) { return operations::rules_of(own).over_rows(own); }, operation);
  if (std::holds_alternative<Reshape>(operation)) result_rows = rows_of(output_dims);
  output_dims = dims_in_graph(std::move(output_dims));
  const ValueId result = graph_.append(std::move(operation), name(), std::move(inputs), std::move(output_dims));
  budget().value(graph_.dims(result));
  return {name(), nullptr, result, result_rows};
}

Binding OnnxNode::of(Constant constant) { return {"", std::make_shared<const Constant>(std::move(constant)), -1}; }

}  // namespace ballast::graph
