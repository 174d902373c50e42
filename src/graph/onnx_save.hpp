// SPDX-License-Identifier: Apache-2.0
//
// A graph while it is written as ONNX: names, each of them once, nodes and constants.

#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ballast/graph/onnx.hpp"
#include "onnx_tensor.hpp"

namespace ballast::graph {

// A node of the file while its inputs and attributes are put down.
class WrittenNode {
 public:
  explicit WrittenNode(onnx::NodeProto& proto) : proto_(proto) {}

  WrittenNode& input(const std::string& name) { return proto_.add_input(name), *this; }
  WrittenNode& integer(const char* key, std::int64_t value) { return attribute(key, onnx::AttributeProto::INT).set_i(value), *this; }
  WrittenNode& number(const char* key, float value) { return attribute(key, onnx::AttributeProto::FLOAT).set_f(value), *this; }
  WrittenNode& text(const char* key, const char* value) { return attribute(key, onnx::AttributeProto::STRING).set_s(value), *this; }
  WrittenNode& integers(const char* key, std::span<const std::int64_t> values);

 private:
  onnx::AttributeProto& attribute(const char* key, onnx::AttributeProto::AttributeType type);

  onnx::NodeProto& proto_;
};

class OnnxWriter {
 public:
  static constexpr int opset = 17;  // that is written

  // Both references must outlive the writer.
  OnnxWriter(const Graph& graph, onnx::GraphProto& proto, WeightForm weights);

  void declare(ValueId id, onnx::ValueInfoProto& info);
  void begin(const Node& node) { node_ = &node; }

  // The node begun last.
  const Node& node() const { return *node_; }
  const Dims& input_dims(std::size_t i) const { return graph_.dims(node_->inputs[i]); }
  const Dims& output_dims() const { return graph_.dims(node_->output); }
  std::string input(std::size_t i) { return name(node_->inputs[i]); }
  std::string output() { return name(node_->output); }
  const Graph& graph() const { return graph_; }

  // The wanted name, with a number where it is taken.
  std::string unique(const std::string& wanted);

  // The node's own inputs and output under one operation, or others.
  WrittenNode add(std::string_view type);
  WrittenNode add(std::string_view type, const std::vector<std::string>& inputs, const std::string& output);

  // A constant, floats or integers; returns its name, made unique.
  template <typename Values>
  std::string constant(const std::string& wanted, const Values& values) {
    const std::string label = unique(wanted);
    write_tensor(values, label, *proto_.add_initializer());
    return label;
  }

 private:
  const std::string& name(ValueId id);
  void write_constant(ValueId id, const std::string& name);

  const Graph& graph_;
  onnx::GraphProto& proto_;
  WeightForm weights_;
  const Node* node_ = nullptr;
  std::map<ValueId, std::string> names_;
  std::set<std::string> taken_;
  std::set<ValueId> layer_weights_;
};

}  // namespace ballast::graph
