// SPDX-License-Identifier: Apache-2.0

#include "onnx_save.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <variant>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/quantise.hpp"
#include "operations/operations.hpp"

namespace ballast::graph {
namespace {

constexpr int written_ir_version = 8;

constexpr std::size_t least_narrowed = 1024;  // elements

void write(const Graph& graph, onnx::GraphProto& proto, const SaveOptions& options) {
  proto.set_name("ballast");
  OnnxWriter out(graph, proto, options.weights);
  out.declare(graph.input, *proto.add_input());
  for (const Node& node : graph.nodes) {
    out.begin(node);
    std::visit([&](const auto& operation) { operations::rules_of(operation).save(operation, out); }, node.operation);
  }
  out.declare(graph.output, *proto.add_output());
}

}  // namespace

OnnxWriter::OnnxWriter(const Graph& graph, onnx::GraphProto& proto, WeightForm weights) : graph_(graph), proto_(proto), weights_(weights) {
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Convolution>(node.operation) || std::holds_alternative<Linear>(node.operation))
      layer_weights_.insert(node.inputs[1]);
  }
}

WrittenNode& WrittenNode::integers(const char* key, std::span<const std::int64_t> values) {
  auto& list = *attribute(key, onnx::AttributeProto::INTS).mutable_ints();
  list.Add(values.begin(), values.end());
  return *this;
}

onnx::AttributeProto& WrittenNode::attribute(const char* key, onnx::AttributeProto::AttributeType type) {
  auto& out = *proto_.add_attribute();
  out.set_name(key);
  out.set_type(type);
  return out;
}

void OnnxWriter::declare(ValueId id, onnx::ValueInfoProto& info) {
  info.set_name(name(id));
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : graph_.dims(id)) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (size == batch) dim.set_dim_param("batch");
    else dim.set_dim_value(size);
  }
}

std::string OnnxWriter::unique(const std::string& wanted) {
  std::string chosen = wanted;
  for (int number = 1; chosen.empty() || !taken_.insert(chosen).second; ++number) chosen = fmt::format("{}#{}", wanted, number);
  return chosen;
}

// The value's own name, made unique.
const std::string& OnnxWriter::name(ValueId id) {
  auto found = names_.find(id);
  if (found != names_.end()) return found->second;
  const std::string& kept = names_.emplace(id, unique(graph_.value(id).name)).first->second;
  if (graph_.is_constant(id)) write_constant(id, kept);
  return kept;
}

// In another form, it is followed by what makes floats of it.
void OnnxWriter::write_constant(ValueId id, const std::string& name) {
  const Tensor& tensor = graph_.tensor(id);
  const bool narrows = tensor.values.size() >= least_narrowed && (weights_ != WeightForm::whole || layer_weights_.count(id) > 0);
  if (narrows && weights_ == WeightForm::half) {
    const std::string stored = unique(name + ".half");
    write_half_tensor(tensor, stored, *proto_.add_initializer());
    add("Cast", {stored}, name).integer("to", onnx::TensorProto::FLOAT);
  } else if (const auto whole = narrows && weights_ == WeightForm::whole ? whole_weights(tensor) : std::nullopt) {
    const auto rows = static_cast<std::int64_t>(whole->steps.size());
    const std::string numbers =
        constant(name + ".numbers", Bytes{tensor.dims, true, std::string(whole->numbers.begin(), whole->numbers.end())});
    const std::string steps = constant(name + ".steps", Tensor{{rows}, whole->steps});
    const std::string zeros = constant(name + ".zeros", Bytes{{rows}, true, std::string(whole->steps.size(), '\0')});
    add("DequantizeLinear", {numbers, steps, zeros}, name).integer("axis", 0);
  } else {
    write_tensor(tensor, name, *proto_.add_initializer());
  }
}

WrittenNode OnnxWriter::add(std::string_view type) {
  std::vector<std::string> inputs;
  for (const ValueId id : node_->inputs) inputs.push_back(name(id));
  return add(type, inputs, output());
}

WrittenNode OnnxWriter::add(std::string_view type, const std::vector<std::string>& inputs, const std::string& output) {
  auto& out = *proto_.add_node();
  out.set_op_type(std::string(type));
  out.set_name(output);
  for (const auto& input : inputs) out.add_input(input);
  out.add_output(output);
  return WrittenNode(out);
}

void save_onnx(const Graph& graph, const std::filesystem::path& file, const SaveOptions& options) {
  onnx::ModelProto model;
  model.set_ir_version(written_ir_version);
  model.set_producer_name("ballast");
  model.add_opset_import()->set_version(OnnxWriter::opset);
  for (const auto& [key, value] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  write(graph, *model.mutable_graph(), options);

  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  require(!std::filesystem::exists(status) || std::filesystem::is_regular_file(status),
          fmt::format("{}: not a regular file", file.string()));
  std::string bytes;
  if (!model.SerializeToString(&bytes))
    throw std::runtime_error(fmt::format("{}: the network is too large for one ONNX file", file.string()));
  write_whole(file, bytes);
}

}  // namespace ballast::graph
