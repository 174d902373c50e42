// SPDX-License-Identifier: Apache-2.0

#include "onnx_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "ballast/core/errors.hpp"
#include "onnx_rows.hpp"
#include "operations/operations.hpp"

namespace ballast::graph {

const std::string& OnnxNode::name() const {
  if (!proto_.name().empty() || proto_.output_size() == 0) return proto_.name();
  return proto_.output(0);
}

bool OnnxNode::reads_label() const {
  return std::any_of(inputs_.begin(), inputs_.end(), [](const Binding* input) { return input != nullptr && input->is_label; });
}

Binding OnnxNode::label_passed_on() const {
  static const std::set<std::string> passing{"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"};
  require(passing.count(type()) > 0 && input(0).is_label,
          "it reads a label; behind ArgMax or TopK, a classifier may only cast or reshape what they give");
  return input(0);
}

Binding OnnxNode::label_of(std::size_t i) {
  Binding label = input(i);
  require(!label.constant && label.view == View{}, "its input must be the scores of each image");
  const Dims& dims = graph_.dims(label.value);
  const auto wide = std::count_if(dims.begin() + 1, dims.end(), [](std::int64_t size) { return size != 1; });
  require(wide == 1, fmt::format("its input is {}; a classifier's scores are batch x classes", to_string(dims)));
  label.is_label = true;
  return label;
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
  if (binding.is_single) return {};
  return binding.constant ? binding.constant->dims : binding.view.in_file(graph_.dims(binding.value));
}

Operand OnnxNode::value(std::size_t i) {
  input(i);
  Binding& binding = *inputs_[i];
  if (binding.value >= 0) return binding;
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

View OnnxNode::common_view(const std::vector<Operand>& inputs) const {
  const Operand* first = nullptr;
  for (const Operand& operand : inputs) {
    if (graph_.is_constant(operand)) continue;
    if (!first) first = &operand;
    const auto seen = [&](const Operand& own) { return to_string(own.view.in_file(graph_.dims(own))); };
    require(operand.view == first->view,
            fmt::format("its inputs have their batches at different places, or different rows for each image: {} and {}", seen(*first),
                        seen(operand)));
  }
  return first ? first->view : View{};
}

// A constant with one size for each dimension of the file becomes one with one for each of the graph.
ValueId OnnxNode::aligned(ValueId constant, const View& view, std::size_t rank) {
  Tensor tensor = graph_.tensor(constant);
  const std::size_t behind = rank - view.first - view.merged;  // dimensions of the file behind the batch's
  if (view == View{} || tensor.dims.size() <= behind) return constant;
  const std::size_t in_file = rank + 1 - view.merged;
  require(tensor.dims.size() <= in_file, "its constant has more dimensions than its computed input");
  tensor.dims.insert(tensor.dims.begin(), in_file - tensor.dims.size(), 1);
  require(tensor.dims[view.first] == 1, fmt::format("its constant {} is not the same for every image", to_string(tensor.dims)));
  tensor.dims = view.entries(tensor.dims, 1);
  budget().constant(tensor.dims, sizeof(float));
  return graph_.add_constant(name() + ".aligned", std::move(tensor));
}

Binding OnnxNode::append(Operation operation, std::vector<Operand> inputs, Dims output_dims) {
  if (std::holds_alternative<Reshape>(operation)) return reshape(inputs.at(0), output_dims);
  if (const auto* transposed = std::get_if<Transpose>(&operation)) return transpose(inputs.at(0), transposed->order);
  budget().rank(output_dims.size());
  const View view = common_view(inputs);
  const bool each = std::holds_alternative<Binary>(operation) || std::holds_alternative<Select>(operation) ||
                    std::holds_alternative<Concat>(operation) || std::holds_alternative<MatMul>(operation);
  std::size_t rank = 0;
  for (const Operand& operand : inputs) {
    if (!graph_.is_constant(operand)) rank = std::max(rank, graph_.dims(operand).size());
  }
  std::vector<ValueId> ids;
  for (const Operand& operand : inputs) ids.push_back(each && graph_.is_constant(operand) ? aligned(operand, view, rank) : operand.id);
  if (view != View{}) {
    operation = std::visit([&](const auto& own) { return operations::rules_of(own).in_view(own, view); }, operation);
    if (!output_dims.empty()) {
      // What the operation changes are sizes of dimensions other than the batch's.
      const Dims before = graph_.dims(inputs.at(0));
      Dims dims = view.entries(output_dims, view.in_file(before).at(view.first));
      for (std::size_t i = view.first; i < view.first + view.merged; ++i) {
        const auto axis = static_cast<std::size_t>(view.order(before.size()).at(i));
        dims.at(axis) = before.at(axis);
      }
      output_dims = std::move(dims);
    }
  }
  return appended(std::move(operation), std::move(ids), std::move(output_dims), view);
}

Binding OnnxNode::appended(Operation operation, std::vector<ValueId> inputs, Dims output_dims, const View& view) {
  for (const ValueId id : inputs) {
    if (graph_.is_constant(id)) budget().reads(id, graph_.dims(id));
  }
  const ValueId result = graph_.append(std::move(operation), name(), std::move(inputs), std::move(output_dims));
  budget().value(graph_.dims(result));
  return {name(), nullptr, result, view};
}

Binding OnnxNode::reshape(const Operand& x, const Dims& dims) {
  budget().rank(dims.size());
  Reshaped to = reshaped(graph_.dims(x), x.view, dims);
  budget().rank(to.dims.size());
  return appended(Reshape{}, {x.id}, std::move(to.dims), to.view);
}

Binding OnnxNode::transpose(const Operand& x, const std::vector<std::int64_t>& order) {
  const std::size_t rank = graph_.dims(x).size();
  const View& from = x.view;
  const std::vector<std::int64_t> axes = from.order(rank);
  View to;
  Transpose moved{{0}};
  std::size_t place = 0;
  std::vector<bool> seen(rank + 1 - from.merged);
  require(order.size() == seen.size(), fmt::format("an order of {} dimensions for an input of {}", order.size(), seen.size()));
  for (const std::int64_t own : order) {
    const auto at = static_cast<std::size_t>(own);
    require(own >= 0 && at < seen.size() && !seen[at], "its order is no permutation");
    seen[at] = true;
    if (at == from.first) to = {place + from.place - from.first, place, from.merged};
    const std::size_t begin = at <= from.first ? at : at + from.merged - 1, count = at == from.first ? from.merged : 1;
    for (std::size_t i = begin; i < begin + count; ++i) {
      if (axes[i] != 0) moved.order.push_back(axes[i]);
    }
    place += count;
  }
  if (!std::is_sorted(moved.order.begin(), moved.order.end())) return appended(std::move(moved), {x.id}, {}, to);
  Binding same{name(), nullptr, x.id, to};
  return same;
}

Binding OnnxNode::as(const std::string& type, std::vector<Binding> inputs, Attributes attributes) {
  onnx::NodeProto proto;
  proto.set_op_type(type);
  proto.set_name(name());
  proto.add_output(proto_.output(0));
  if (attributes == Attributes::own) *proto.mutable_attribute() = proto_.attribute();
  std::vector<Binding*> places;
  for (Binding& input : inputs) places.push_back(&input);
  OnnxNode node(graph_, proto, file_, std::move(places));
  return operations::results_of(node).at(0);
}

Binding OnnxNode::single_of(const Binding& binding) {
  require(!binding.constant && binding.view == View{} && elements(graph_.dims(binding.value)) == 1, "one number for each image is needed");
  Binding single = binding;
  if (graph_.dims(single.value) != Dims{batch}) single.value = graph_.append(Reshape{}, name(), {single.value}, {batch});
  single.is_single = true;
  return single;
}

bool OnnxNode::reads_single() const {
  return std::any_of(inputs_.begin(), inputs_.end(), [](const Binding* input) { return input != nullptr && input->is_single; });
}

// With other computed values, a single number is spread over an image; among its like, the result is one again.
Binding OnnxNode::result_of_singles() {
  static const std::set<std::string> joining{"Add", "Clip", "Div", "Max", "Min", "Mul", "Round", "Sub"};
  static const std::set<std::string> passing{"Cast", "Identity"};
  if (passing.count(type()) > 0) return input(0);
  require(joining.count(type()) > 0 || type() == "ConvInteger" || type() == "MatMulInteger" || type() == "DequantizeLinear",
          "it reads a scale that is worked out for each image alone, which is not supported");
  std::size_t rank = 0;
  for (const Binding* input : inputs_) {
    if (input != nullptr && !input->constant && !input->is_single) rank = std::max(rank, graph_.dims(input->value).size());
  }
  const bool among_their_like = rank == 0;
  std::vector<Binding> spread;
  for (const Binding* input : inputs_) {
    require(input != nullptr, "an input is missing");
    spread.push_back(*input);
    if (!input->is_single) continue;
    spread.back().is_single = false;
    if (among_their_like) continue;
    Dims dims(rank, 1);
    dims[0] = batch;
    spread.back().value = graph_.append(Reshape{}, name(), {input->value}, dims);
  }
  Binding result = as(type(), std::move(spread), Attributes::own);
  result.is_single = among_their_like;
  return result;
}

Binding OnnxNode::of(Constant constant) { return {"", std::make_shared<const Constant>(std::move(constant)), -1}; }

}  // namespace ballast::graph
