// SPDX-License-Identifier: Apache-2.0
//
// One node of an ONNX file while it is read: its attributes and its inputs,
// each of which is a constant or a value of the graph under construction.

#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/graph/graph.hpp"
#include "constant.hpp"
#include "load_budget.hpp"
#include "onnx_external.hpp"
#include "onnx_rows.hpp"

namespace ballast::graph {

// What a name in the file stands for.
struct Binding {
  std::string name;
  std::shared_ptr<const Constant> constant;  // or else
  ValueId value = -1;                        // a computed value; for a constant, its copy in the graph once it was needed there
  View view = {};                            // of a computed value: how the file sees it
  bool is_label = false;                     // the place of the greatest of these scores, with which a classifier ends
  bool is_single = false;                    // a number of each image (batch), which is a single number in the file
};

// An input of a node of the graph: a value as the file sees it, or a constant.
struct Operand {
  ValueId id = -1;
  View view = {};

  Operand(ValueId constant) : id(constant) {}
  Operand(const Binding& binding) : id(binding.value), view(binding.view) {}
  operator ValueId() const { return id; }
};

// What is said of a whole file.
struct OnnxFile {
  int opset = 0;
  std::int64_t batch_size = 0;  // of its input; 0 where it is left open
  LoadBudget budget;
  ExternalFiles& files;
  std::map<std::string, std::string>& reading;  // Graph::reading
};

class OnnxNode {
 public:
  // An input that is left out is a null pointer. All references must outlive the node.
  OnnxNode(Graph& graph, const onnx::NodeProto& proto, OnnxFile& file, std::vector<Binding*> inputs)
      : graph_(graph), proto_(proto), file_(file), inputs_(std::move(inputs)) {}

  const std::string& type() const { return proto_.op_type(); }
  const std::string& name() const;
  int opset() const { return file_.opset; }
  std::int64_t batch_size() const { return file_.batch_size; }

  std::size_t input_count() const { return inputs_.size(); }
  std::size_t output_count() const { return static_cast<std::size_t>(proto_.output_size()); }
  bool has_input(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  bool is_constant(std::size_t i) const { return has_input(i) && inputs_[i]->constant != nullptr; }
  bool all_constant() const;

  // Whether an input is a label; then the node may only cast or reshape it, or InputError is thrown.
  bool reads_label() const;
  Binding label_passed_on() const;

  // Throw InputError where the input is missing or of the other kind.
  const Constant& constant(std::size_t i) const;
  Dims dims(std::size_t i) const;  // in the file: a computed value has one that is the batch, or -rows (onnx_rows.hpp)
  Operand value(std::size_t i);    // of the graph; constants of floats are copied there
  const View& view(std::size_t i) const { return input(i).view; }  // of a computed value
  const Dims& graph_dims(std::size_t i) const { return graph_.dims(input(i).value); }

  // Attributes, or the value given where the file has none.
  std::int64_t integer(const char* key, std::int64_t otherwise) const;
  float number(const char* key, float otherwise) const;
  std::string text(const char* key, const std::string& otherwise) const;
  std::vector<std::int64_t> integers(const char* key, std::vector<std::int64_t> otherwise) const;
  const onnx::AttributeProto* attribute(const char* key) const;

  // Integers of an attribute or, in later operator sets, of an input.
  std::vector<std::int64_t> integers_or_input(const char* key, std::size_t input, std::vector<std::int64_t> otherwise) const;

  // An axis counted from the front, for a value of so many dimensions.
  std::size_t axis(std::int64_t axis, std::size_t rank) const;

  // The node's result: a value appended to the graph. Axes and output_dims are those of the file, in which all computed inputs must
  // have the batch at the same place; constants are aligned with them, where the operation is one element by element.
  Binding append(Operation operation, std::vector<Operand> inputs, Dims output_dims = {});

  // Other sizes, or another order, for the same elements, as the file sees them: a node only where something moves.
  Binding reshape(const Operand& x, const Dims& dims);
  Binding transpose(const Operand& x, const std::vector<std::int64_t>& order);
  Binding alias(std::size_t i) const { return input(i); }

  // The first result of another operation of ONNX on these, with this node's attributes or without any.
  enum class Attributes { none, own };
  Binding as(const std::string& type, std::vector<Binding> inputs, Attributes attributes = Attributes::none);

  // A value of one element for each image, as what is a single number in the file. It may be added to, multiplied with and so on; then
  // `spread` gives it as many dimensions as the other inputs have.
  Binding single_of(const Binding& binding);
  bool reads_single() const;
  Binding result_of_singles();

  // The place of the greatest element along the input's only dimension that is not 1.
  Binding label_of(std::size_t i);
  static Binding of(Constant constant);

  Graph& graph() { return graph_; }

  // Whatever is made of more than a few elements is paid for here, before.
  LoadBudget& budget() { return file_.budget; }

  // Says how the file is taken, for the manifest.
  void note(const std::string& key, std::string what) { file_.reading[key] = std::move(what); }

 private:
  const Binding& input(std::size_t i) const;
  View common_view(const std::vector<Operand>& inputs) const;
  ValueId aligned(ValueId constant, const View& view, std::size_t rank);
  Binding appended(Operation operation, std::vector<ValueId> inputs, Dims output_dims, const View& view);

  Graph& graph_;
  const onnx::NodeProto& proto_;
  OnnxFile& file_;
  std::vector<Binding*> inputs_;
};

}  // namespace ballast::graph
