// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <fstream>
#include <set>
#include <stdexcept>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/graph/onnx.hpp"
#include "constant.hpp"
#include "onnx_tensor.hpp"

namespace ballast::graph {
namespace {

constexpr int written_opset = 13;
constexpr int written_ir_version = 7;

class Writer {
 public:
  Writer(const Graph& graph, onnx::GraphProto& proto) : graph_(graph), proto_(proto) {}

  void write() {
    proto_.set_name("ballast");
    declare(graph_.input, *proto_.add_input());
    for (const Node& node : graph_.nodes) {
      node_ = &node;
      std::visit(*this, node.operation);
    }
    declare(graph_.output, *proto_.add_output());
  }

  void operator()(const Convolution& conv) {
    auto& out = add("Conv");
    ints(out, "strides", conv.strides);
    ints(out, "pads", conv.pads);
    ints(out, "dilations", conv.dilations);
    integer(out, "group", conv.groups);
    const Dims& weights = graph_.dims(node_->inputs[1]);
    ints(out, "kernel_shape", std::array{weights[2], weights[3]});
  }

  void operator()(const Linear&) {
    if (graph_.dims(node_->inputs[0]).size() == 2) return integer(add("Gemm"), "transB", 1);
    const Tensor& weights = graph_.tensor(node_->inputs[1]);
    LoadBudget budget = LoadBudget::unlimited();
    const Constant turned = transposed({weights.dims, weights.values}, {1, 0}, budget);
    const std::string stem = name(node_->output);
    const std::string weight = unique(stem + ".weight_t");
    write_tensor(Tensor{turned.dims, turned.floats()}, weight, *proto_.add_initializer());
    const bool biased = node_->inputs.size() > 2;
    const std::string product = biased ? unique(stem + ".product") : stem;
    plain("MatMul", {name(node_->inputs[0]), weight}, product);
    if (biased) plain("Add", {product, name(node_->inputs[2])}, stem);
  }

  void operator()(const MatMul&) { add("MatMul"); }
  void operator()(const BatchNorm& norm) { number(add("BatchNormalization"), "epsilon", norm.epsilon); }

  // Groups of channels become channels of their own, as PyTorch writes them.
  void operator()(const GroupNorm& norm) {
    const Dims& dims = graph_.dims(node_->output);
    if (norm.groups == dims[1]) return number(add("InstanceNormalization"), "epsilon", norm.epsilon);
    const std::string stem = name(node_->output);
    const auto by_group = [&](const char* what, float value) {
      const std::string label = unique(stem + what);
      const Tensor tensor{{norm.groups}, std::vector<float>(static_cast<std::size_t>(norm.groups), value)};
      write_tensor(tensor, label, *proto_.add_initializer());
      return label;
    };
    const auto by_channel = [&](const char* what, ValueId vector) {
      Tensor tensor = graph_.tensor(vector);
      tensor.dims.resize(dims.size() - 1, 1);
      const std::string label = unique(stem + what);
      write_tensor(tensor, label, *proto_.add_initializer());
      return label;
    };
    Dims whole = dims;
    whole[0] = -1;
    const std::string grouped = unique(stem + ".grouped"), normal = unique(stem + ".normal"), flat = unique(stem + ".flat_normal"),
                      scaled = unique(stem + ".scaled");
    plain("Reshape", {name(node_->inputs[0]), integers(stem + ".groups", {-1, norm.groups, elements(dims) / norm.groups})}, grouped);
    number(plain("InstanceNormalization", {grouped, by_group(".ones", 1), by_group(".zeros", 0)}, flat), "epsilon", norm.epsilon);
    plain("Reshape", {flat, integers(stem + ".shape", whole)}, normal);
    plain("Mul", {normal, by_channel(".scale", node_->inputs[1])}, scaled);
    plain("Add", {scaled, by_channel(".bias", node_->inputs[2])}, stem);
  }

  void operator()(const Activation& activation) {
    const std::string stem = name(node_->output);
    switch (activation.kind) {
      case Activation::Kind::relu: add("Relu"); return;
      case Activation::Kind::sigmoid: add("Sigmoid"); return;
      case Activation::Kind::tanh: add("Tanh"); return;
      case Activation::Kind::leaky_relu: number(add("LeakyRelu"), "alpha", activation.alpha); return;
      case Activation::Kind::elu: number(add("Elu"), "alpha", activation.alpha); return;
      case Activation::Kind::clip: {
        auto& out = add("Clip");
        out.add_input(scalar(stem + ".min", activation.alpha));
        out.add_input(scalar(stem + ".max", activation.beta));
        return;
      }
      case Activation::Kind::gelu:
      case Activation::Kind::hard_swish:
        throw InputError(fmt::format("node '{}': {} has no place in operator set {}, which is written", node_->name,
                                     name_of(node_->operation), written_opset));
    }
  }

  void operator()(const Binary&) { add(std::string(name_of(node_->operation))); }

  void operator()(const Pool& pool) {
    auto& out = add(std::string(name_of(node_->operation)));
    ints(out, "kernel_shape", pool.kernel);
    ints(out, "strides", pool.strides);
    ints(out, "pads", pool.pads);
    if (pool.kind == Pool::Kind::average) integer(out, "count_include_pad", pool.count_padding);
  }

  void operator()(const Resize& resize) {
    const Dims &from = graph_.dims(node_->inputs[0]), &to = graph_.dims(node_->output);
    const bool nearest = resize.kind == Resize::Kind::nearest;
    auto& out = add("Resize");
    out.add_input("");
    // Rounded up, so that the size times the scale, rounded down, is what it should be.
    const auto scale = [&](std::size_t i) {
      const double exact = static_cast<double>(to[i]) / static_cast<double>(from[i]);
      const auto nearby = static_cast<float>(exact);
      return static_cast<double>(nearby) < exact ? std::nextafter(nearby, 2 * nearby) : nearby;
    };
    const std::string scales = unique(name(node_->output) + ".scales");
    write_tensor(Tensor{{4}, {1, 1, scale(2), scale(3)}}, scales, *proto_.add_initializer());
    out.add_input(scales);
    text(out, "mode", nearest ? "nearest" : "linear");
    text(out, "coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel");
    if (nearest) text(out, "nearest_mode", "floor");
  }

  void operator()(const ReduceMean& mean) {
    auto& out = add("ReduceMean");
    ints(out, "axes", mean.axes);
    integer(out, "keepdims", mean.keep);
  }

  void operator()(const Reshape&) {
    std::vector<std::int64_t> dims = graph_.dims(node_->output);
    dims[0] = -1;
    add("Reshape").add_input(integers(name(node_->output) + ".shape", dims));
  }

  void operator()(const Transpose& transpose) { ints(add("Transpose"), "perm", transpose.order); }

  void operator()(const Pad& pad) {
    auto& out = add("Pad");
    std::vector<std::int64_t> pads = pad.before;
    pads.insert(pads.end(), pad.after.begin(), pad.after.end());
    out.add_input(integers(name(node_->output) + ".pads", pads));
    out.add_input(scalar(name(node_->output) + ".value", pad.value));
  }

  void operator()(const Slice& slice) {
    std::vector<std::int64_t> starts, ends, axes, steps;
    const Dims& sizes = graph_.dims(node_->output);
    for (std::size_t i = 1; i < sizes.size(); ++i) {
      axes.push_back(static_cast<std::int64_t>(i));
      starts.push_back(slice.starts[i]);
      steps.push_back(slice.steps[i]);
      ends.push_back(slice.starts[i] + (sizes[i] - 1) * slice.steps[i] + 1);
    }
    auto& out = add("Slice");
    const std::string stem = name(node_->output);
    out.add_input(integers(stem + ".starts", starts));
    out.add_input(integers(stem + ".ends", ends));
    out.add_input(integers(stem + ".axes", axes));
    out.add_input(integers(stem + ".steps", steps));
  }

  void operator()(const Concat& concat) {
    for (const ValueId id : node_->inputs) {
      require(!graph_.is_constant(id),
              fmt::format("node '{}': a constant joined to every image cannot be written with a free batch", node_->name));
    }
    integer(add("Concat"), "axis", concat.axis);
  }

  void operator()(const Softmax& softmax) { integer(add("Softmax"), "axis", softmax.axis); }

 private:
  // The wanted name, with a number where it is taken.
  std::string unique(const std::string& wanted) {
    std::string chosen = wanted;
    for (int number = 1; chosen.empty() || !taken_.insert(chosen).second; ++number) chosen = fmt::format("{}#{}", wanted, number);
    return chosen;
  }

  // The value's own name, made unique.
  const std::string& name(ValueId id) {
    auto found = names_.find(id);
    if (found != names_.end()) return found->second;
    const std::string& kept = names_.emplace(id, unique(graph_.value(id).name)).first->second;
    if (graph_.is_constant(id)) write_tensor(graph_.tensor(id), kept, *proto_.add_initializer());
    return kept;
  }

  void declare(ValueId id, onnx::ValueInfoProto& info) {
    info.set_name(name(id));
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : graph_.dims(id)) {
      auto& dim = *type.mutable_shape()->add_dim();
      if (size == batch) dim.set_dim_param("batch");
      else dim.set_dim_value(size);
    }
  }

  // The node's own inputs and output under one operation.
  onnx::NodeProto& add(const std::string& type) {
    std::vector<std::string> inputs;
    for (const ValueId id : node_->inputs) inputs.push_back(name(id));
    return plain(type, inputs, name(node_->output));
  }

  onnx::NodeProto& plain(const std::string& type, const std::vector<std::string>& inputs, const std::string& output) {
    auto& out = *proto_.add_node();
    out.set_op_type(type);
    out.set_name(output);
    for (const auto& input : inputs) out.add_input(input);
    out.add_output(output);
    return out;
  }

  static onnx::AttributeProto& attribute(onnx::NodeProto& node, const char* key, onnx::AttributeProto::AttributeType type) {
    auto& out = *node.add_attribute();
    out.set_name(key);
    out.set_type(type);
    return out;
  }
  static void integer(onnx::NodeProto& node, const char* key, std::int64_t value) {
    attribute(node, key, onnx::AttributeProto::INT).set_i(value);
  }
  static void number(onnx::NodeProto& node, const char* key, float value) {
    attribute(node, key, onnx::AttributeProto::FLOAT).set_f(value);
  }
  static void text(onnx::NodeProto& node, const char* key, const char* value) {
    attribute(node, key, onnx::AttributeProto::STRING).set_s(value);
  }
  template <typename List>
  static void ints(onnx::NodeProto& node, const char* key, const List& values) {
    auto& out = attribute(node, key, onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) out.add_ints(value);
  }

  std::string integers(const std::string& wanted, const std::vector<std::int64_t>& values) {
    const std::string label = unique(wanted);
    write_tensor(values, label, *proto_.add_initializer());
    return label;
  }
  std::string scalar(const std::string& wanted, float value) {
    const std::string label = unique(wanted);
    write_tensor(Tensor{{}, {value}}, label, *proto_.add_initializer());
    return label;
  }

  const Graph& graph_;
  onnx::GraphProto& proto_;
  const Node* node_ = nullptr;
  std::map<ValueId, std::string> names_;
  std::set<std::string> taken_;
};

}  // namespace

void save_onnx(const Graph& graph, const std::filesystem::path& file) {
  onnx::ModelProto model;
  model.set_ir_version(written_ir_version);
  model.set_producer_name("ballast");
  model.add_opset_import()->set_version(written_opset);
  for (const auto& [key, value] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  Writer(graph, *model.mutable_graph()).write();

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
