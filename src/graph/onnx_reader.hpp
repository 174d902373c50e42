// SPDX-License-Identifier: Apache-2.0
//
// From a parsed file to a graph: nodes one after another, names bound to constants or to values of the graph.

#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/graph/onnx.hpp"
#include "onnx_external.hpp"
#include "onnx_node.hpp"

namespace ballast::graph {

// Names of one graph of the file, and behind them those of the graph around it.
class Scope {
 public:
  explicit Scope(Scope* outer = nullptr) : outer_(outer) {}

  void bind(const std::string& name, Binding binding);
  Binding* find(const std::string& name);

 private:
  Scope* outer_;
  std::map<std::string, Binding> bindings_;
};

class OnnxReader {
 public:
  // All references must outlive the reader.
  OnnxReader(const onnx::ModelProto& model, const OnnxOptions& options, ExternalFiles& files, LoadBudget budget);

  // Throws InputError.
  Graph read();

 private:
  using Function = const onnx::FunctionProto*;

  const onnx::ValueInfoProto& find_input();
  const onnx::ValueInfoProto& read_input();
  void read_constant_input(const std::string& name, double value, const onnx::ValueInfoProto& image);
  void read_initializers(const onnx::GraphProto& graph, Scope& scope);
  void read_nodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope& scope);
  void read_node(const onnx::NodeProto& node, Scope& scope);
  std::vector<Binding> results_of(const onnx::NodeProto& node, const std::string& label, Scope& scope);
  std::vector<Binding> inlined(const onnx::FunctionProto& function, const onnx::NodeProto& call, Scope& scope);
  std::vector<Binding> branch_taken(const onnx::NodeProto& node, Scope& scope);
  Binding& find(const std::string& name, const std::string& node, Scope& scope);

  const onnx::GraphProto& proto_;
  const OnnxOptions& options_;
  Graph graph_;
  OnnxFile file_;
  Scope top_;
  std::map<std::pair<std::string, std::string>, Function> functions_;  // by domain and name
  int depth_ = 0;                                                      // of functions and branches within each other
};

}  // namespace ballast::graph
