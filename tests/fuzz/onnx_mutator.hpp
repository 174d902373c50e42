// SPDX-License-Identifier: Apache-2.0
//
// Networks that say something else than they did, as well-formed files or not.

#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>

#include "operations/operations.hpp"

namespace ballast::graph {

class OnnxMutator {
 public:
  explicit OnnxMutator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }

  // Bytes flipped, written over, taken out or put in.
  std::string damaged(std::string bytes) {
    for (std::size_t rounds = 1 + below(3); rounds > 0 && !bytes.empty(); --rounds) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
        case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
        case 1: bytes[at] = static_cast<char>(random_()); break;
        case 2: bytes.resize(at); break;
        case 3: bytes.insert(at, 1 + below(8), static_cast<char>(random_())); break;
        case 4: bytes.erase(at, 1 + below(8)); break;
      }
    }
    return bytes;
  }

  // A well-formed file that says something else.
  onnx::ModelProto changed(onnx::ModelProto model) {
    for (std::size_t rounds = 1 + below(3); rounds > 0; --rounds) change(model);
    return model;
  }

 private:
  std::int64_t integer() {
    static constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t edges[] = {0,       1,         -1,           2,         3,         -2,   7,     64,       1 << 16,
                                             1 << 24, 1LL << 31, -(1LL << 31), 1LL << 40, 1LL << 62, most, -most, -most - 1};
    return edges[below(std::size(edges))];
  }

  onnx::NodeProto& node(onnx::GraphProto& graph) {
    return *graph.mutable_node(static_cast<int>(below(static_cast<std::size_t>(graph.node_size()))));
  }
  onnx::TensorProto& tensor(onnx::GraphProto& graph) {
    return *graph.mutable_initializer(static_cast<int>(below(static_cast<std::size_t>(graph.initializer_size()))));
  }

  // A name that a node may read: of a constant or of another node.
  std::string any_name(onnx::GraphProto& graph) {
    switch (below(3)) {
      case 0: {
        const auto& from = node(graph);
        return from.output_size() > 0 ? from.output(0) : "";
      }
      case 1: return tensor(graph).name();
      default: return "x";
    }
  }

  void change(onnx::ModelProto& model) {
    auto& graph = *model.mutable_graph();
    if (graph.node_size() == 0) return;
    switch (below(12)) {
      case 0: change_attribute(node(graph)); return;
      case 1: change_attribute(node(graph)); return;
      case 2: change_dims(tensor(graph)); return;
      case 3: change_values(tensor(graph)); return;
      case 4: change_values(tensor(graph)); return;
      case 5: change_input(*graph.mutable_input(0)); return;
      case 6: change_reads(node(graph), any_name(graph)); return;
      case 7: change_reads(node(graph), any_name(graph)); return;
      case 8: graph.mutable_node()->DeleteSubrange(static_cast<int>(below(static_cast<std::size_t>(graph.node_size()))), 1); return;
      case 9: node(graph).set_op_type(type()); return;
      case 10: node(graph).set_op_type(type()); return;
      case 11: change_file(model); return;
    }
  }

  std::string type() {
    const auto& types = operations::onnx_types();
    const std::size_t at = below(types.size() + 1);
    return at == types.size() ? "Unheard" : std::next(types.begin(), static_cast<std::ptrdiff_t>(at))->first;
  }

  void change_attribute(onnx::NodeProto& node) {
    if (node.attribute_size() == 0 || below(6) == 0) {
      static const char* const names[] = {
          "axis",         "axes",      "perm",      "pads",         "keepdims",       "group",        "strides",
          "dilations",    "to",        "shape",     "ceil_mode",    "output_padding", "output_shape", "blocksize",
          "kernel_shape", "value_int", "exclusive", "batch_dims",   "num_groups",     "num_heads",    "p",
          "q_num_heads",  "is_causal", "k",         "kv_num_heads", "size",           "num_outputs",  "split",
          "antialias",    "depth",     "upper",     "stash_type",   "start",          "end",          "block_size"};
      auto& added = *node.add_attribute();
      added.set_name(names[below(std::size(names))]);
      added.set_i(integer());
      for (std::size_t i = below(5); i > 0; --i) added.add_ints(integer());
      return;
    }
    auto& attribute = *node.mutable_attribute(static_cast<int>(below(static_cast<std::size_t>(node.attribute_size()))));
    attribute.set_i(integer());
    switch (below(4)) {
      case 0: attribute.add_ints(integer()); return;
      case 1: attribute.clear_ints(); return;
      case 2: attribute.set_name("other"); return;
      default:
        if (attribute.ints_size() > 0)
          attribute.set_ints(static_cast<int>(below(static_cast<std::size_t>(attribute.ints_size()))), integer());
    }
  }

  void change_dims(onnx::TensorProto& tensor) {
    switch (below(3)) {
      case 0: tensor.add_dims(integer()); return;
      case 1: tensor.clear_dims(); return;
      default:
        if (tensor.dims_size() > 0) tensor.set_dims(static_cast<int>(below(static_cast<std::size_t>(tensor.dims_size()))), integer());
    }
  }

  // Values, of integers above all; with the length that the dims say, and with another one.
  void change_values(onnx::TensorProto& tensor) {
    if (tensor.int64_data_size() > 0 && below(4) != 0) {
      tensor.set_int64_data(static_cast<int>(below(static_cast<std::size_t>(tensor.int64_data_size()))), integer());
    } else if (tensor.int64_data_size() > 0) {
      tensor.add_int64_data(integer());
      if (tensor.dims_size() == 1) tensor.set_dims(0, tensor.int64_data_size());
    } else if (below(2) == 0) {
      tensor.set_data_type(static_cast<int>(below(24)));
    } else if (tensor.float_data_size() > 0) {
      tensor.set_float_data(0, std::numeric_limits<float>::quiet_NaN());
    }
  }

  void change_input(onnx::ValueInfoProto& input) {
    auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    const auto at = static_cast<int>(below(static_cast<std::size_t>(shape.dim_size()) + 1));
    (at == shape.dim_size() ? shape.add_dim() : shape.mutable_dim(at))->set_dim_value(integer());
  }

  void change_reads(onnx::NodeProto& node, const std::string& name) {
    const auto at = static_cast<int>(below(static_cast<std::size_t>(node.input_size()) + 1));
    if (at == node.input_size()) node.add_input(name);
    else if (below(4) == 0) node.mutable_input()->SwapElements(0, at);
    else if (below(4) == 0) node.mutable_input()->DeleteSubrange(at, 1);
    else node.set_input(at, below(5) == 0 ? "" : name);
  }

  void change_file(onnx::ModelProto& model) {
    auto& graph = *model.mutable_graph();
    switch (below(5)) {
      case 0: model.mutable_opset_import(0)->set_version(static_cast<std::int64_t>(5 + below(20))); return;
      case 1: graph.mutable_output(0)->set_name(any_name(graph)); return;
      case 2: node(graph).mutable_output()->Clear(); return;
      case 3: {
        auto& renamed = node(graph);
        renamed.clear_output();
        renamed.add_output(any_name(graph));
        return;
      }
      case 4: *graph.add_node() = node(graph); return;
    }
  }

  std::mt19937 random_;
};

}  // namespace ballast::graph
