// SPDX-License-Identifier: Apache-2.0
//
// Damaged ONNX models are read or refused, and nothing else.

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <random>

#include "../graph/onnx_builder.hpp"
#include "ballast/graph/passes.hpp"
#include "operations/operations.hpp"

namespace ballast::graph {
namespace {

using namespace testing;

#ifndef BALLAST_MUTATIONS
#define BALLAST_MUTATIONS 400
#endif
constexpr int mutation_count = BALLAST_MUTATIONS;

// A damaged file of a few kilobytes asks for little memory.
constexpr std::int64_t most_kilobytes = 512 * 1024;

// The most that the program has held so far.
std::int64_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// True if the model was read; wrong data may only be refused, in one line.
bool is_read(const std::string& bytes) {
  try {
    Graph graph = parse_onnx(bytes, "damaged.onnx");
    EXPECT_GE(graph.classes(), 2);
    fold_batch_norms(graph);
    fold_biases(graph);
    shortcuts_to_convolutions(graph);
    recognise_operations(graph);
    EXPECT_GE(graph.classes(), 2);
    return true;
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return false;
  }
}

OnnxBuilder convolutional() {
  OnnxBuilder model;
  auto y = model.input("x", {1, 2, 6, 6});
  y = model.node("Sub", "centre", {y, model.weights("mean", {1, 2, 1, 1})});
  y = model.node("Conv", "conv", {y, model.weights("w", {4, 1, 3, 3}), model.weights("b", {4})},
                 {list("pads", {1, 1, 1, 1}), list("strides", {1, 1}), list("dilations", {1, 1}), number("group", 2)});
  y = model.node("BatchNormalization", "norm",
                 {y, model.weights("s", {4}), model.weights("o", {4}), model.weights("m", {4}), model.floats("v", {4}, {1, 2, 3, 4})});
  y = model.node("Clip", "clip", {y, model.floats("least", {}, {0}), model.floats("most", {}, {6})});
  const auto sliced = model.node(
      "Slice", "slice",
      {y, model.integers("from", {0, 0}), model.integers("to", {99, 99}), model.integers("axes", {2, 3}), model.integers("steps", {2, 2})});
  const auto padded = model.node("Pad", "pad", {sliced, model.integers("pads", {0, 1, 0, 0, 0, 1, 0, 0})});
  const auto pooled =
      model.node("MaxPool", "max", {y}, {list("kernel_shape", {2, 2}), list("strides", {2, 2}), list("pads", {0, 0, 0, 0})});
  y = model.node("Concat", "both", {padded, pooled}, {number("axis", 1)});
  y = model.node("AveragePool", "mean_pool", {y}, {list("kernel_shape", {2, 2}), text("auto_pad", "SAME_UPPER")});
  y = model.node("Flatten", "flat", {y}, {number("axis", 1)});
  y = model.node("Gemm", "fc", {y, model.weights("fc.w", {3, 90}), model.weights("fc.b", {3})},
                 {number("transB", 1), fraction("alpha", 0.5f), fraction("beta", 2)});
  model.output(y);
  return model;
}

OnnxBuilder transformer() {
  OnnxBuilder model;
  const auto x = model.input("x", {-1, 2, 4, 4});
  auto y = model.node("Reshape", "patches", {x, model.integers("patch.shape", {0, 2, -1})});
  y = model.node("Transpose", "tokens", {y}, {list("perm", {0, 2, 1})});
  const auto size = model.node("Gather", "size", {model.node("Shape", "shape", {x}), model.integer("zero", 0)}, {number("axis", 0)});
  const auto count = model.node("Unsqueeze", "count", {size, model.integers("first", {0})});
  const auto dims = model.node("Concat", "dims", {count, model.integers("rest", {1, 2})}, {number("axis", 0)});
  const auto token = model.node("Add", "token", {model.node("ConstantOfShape", "zeros", {dims}), model.weights("learned", {1, 1, 2})});
  y = model.node("Concat", "all", {token, y}, {number("axis", 1)});
  y = model.node("Add", "placed", {y, model.weights("place", {1, 17, 2})});
  const auto key = model.node("MatMul", "key", {y, model.weights("k", {2, 2})});
  const auto scores = model.node("MatMul", "scores", {y, model.node("Transpose", "turned", {key}, {list("perm", {0, 2, 1})})});
  const auto scaled = model.node("Div", "scaled", {scores, model.floats("root", {}, {1.5f})});
  y = model.node("MatMul", "mixed", {model.node("Softmax", "soft", {scaled}, {number("axis", -1)}), y});
  const auto first = model.node("Gather", "first_token", {y, model.integer("none", 0)}, {number("axis", 1)});
  const auto mean = model.node("ReduceMean", "mean", {y}, {list("axes", {1}), number("keepdims", 0)});
  y = model.node("Add", "sum", {first, mean});
  y = model.node("Squeeze", "squeezed", {model.node("Unsqueeze", "wide", {y, model.integers("one", {1})}), model.integers("again", {1})});
  y = model.node("Gemm", "fc",
                 {model.node("LeakyRelu", "leaky", {y}, {fraction("alpha", 0.1f)}),
                  model.node("Transpose", "wt", {model.weights("fcw", {3, 2})}), model.weights("fcb", {3})});
  model.output(y);
  return model;
}

// Constants worked out beforehand, operator set 9, and sizes that are cast.
OnnxBuilder constants() {
  OnnxBuilder model(9);
  const auto x = model.input("x", {1, 4, 4, 2});
  const auto shape = model.node("Shape", "shape", {x});
  const auto part = model.node("Slice", "part", {shape}, {list("starts", {1}), list("ends", {3}), list("axes", {0})});
  const auto picked = model.node("Gather", "picked", {part, model.integers("which", {0, -1})});
  const auto product = model.node("Mul", "product", {picked, model.integers("two", {1, 2})});
  const auto real = model.node("Cast", "real", {product}, {number("to", onnx::TensorProto::FLOAT)});
  const auto whole = model.node("Cast", "whole", {real}, {number("to", onnx::TensorProto::INT64)});
  const auto wanted = model.node("Concat", "wanted", {model.integers("start", {-1}), whole}, {number("axis", 0)});
  const auto y = model.node("Reshape", "rows",
                            {model.node("Pad", "pad", {x}, {list("pads", {0, 0, 0, 0, 0, 0, 0, 0}), fraction("value", 1)}), wanted});
  const auto table = model.node("Reshape", "table", {model.weights("flat_table", {32}), model.integers("table.shape", {1, 4, -1})});
  const auto lifted = model.node("Unsqueeze", "lifted", {model.weights("row", {8})}, {list("axes", {0})});
  const auto joined = model.node("Concat", "joined", {lifted, lifted, lifted, lifted}, {number("axis", 0)});
  const auto combined = model.node("Div", "combined", {model.node("Mul", "scaled", {table, joined}), model.floats("eight", {1}, {8})});
  const auto dropped = model.node("Dropout", "dropped", {model.node("Add", "sum", {y, combined})}, {fraction("ratio", 0.5f)});
  model.output(model.node("Flatten", "scores", {model.node("Elu", "elu", {model.node("Identity", "same", {dropped})})}));
  return model;
}

OnnxBuilder quantised() {
  OnnxBuilder model(17);
  const auto whole = [&](const std::string& name, const Ints& dims, int type) {
    auto& tensor = *model.proto().mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    std::int64_t count = 1;
    for (const std::int64_t size : dims) tensor.add_dims(size), count *= size;
    for (std::int64_t i = 0; i < count; ++i) tensor.add_int32_data(static_cast<std::int32_t>(i % 7));
    return name;
  };
  constexpr int int8 = onnx::TensorProto::INT8, uint8 = onnx::TensorProto::UINT8;
  const auto x = model.input("x", {-1, 2, 6, 6});
  const auto scale = model.floats("scale", {}, {0.1f}), zero = whole("zero", {}, uint8);
  const auto q = model.node("QuantizeLinear", "q", {x, scale, zero});
  auto y = model.node("QLinearConv", "conv",
                      {q, scale, zero, whole("w", {3, 2, 3, 3}, int8), model.floats("ws", {3}, {0.1f, 0.2f, 0.3f}), whole("wz", {3}, int8),
                       scale, zero, whole("b", {3}, onnx::TensorProto::INT32)},
                      {list("pads", {1, 1, 1, 1}), list("strides", {2, 2})});
  y = model.node("DequantizeLinear", "d", {y, scale, zero});
  y = model.node("Flatten", "flat", {y}, {number("axis", 1)});
  model.node("DynamicQuantizeLinear", "dynamic", {y});
  model.last_node().clear_output();
  for (const char* name : {"dq", "ds", "dz"}) model.last_node().add_output(name);
  y = model.node("MatMulInteger", "fc", {"dq", whole("fcw", {27, 4}, int8), "dz"});
  y = model.node("Mul", "scores", {model.node("Cast", "cast", {y}, {number("to", onnx::TensorProto::FLOAT)}), "ds"});
  model.output(model.node("ArgMax", "label", {y}, {number("axis", 1)}));
  return model;
}

// Attention written out with the batch behind the tokens, layer normalisation, GELU, a function and a condition.
OnnxBuilder modern() {
  OnnxBuilder model(18);
  const auto x = model.input("x", {-1, 4, 8});
  auto y = model.node("LayerNormalization", "norm", {x, model.weights("s", {8}), model.weights("o", {8})}, {number("axis", -1)});
  y = model.node("Transpose", "tokens", {y}, {list("perm", {1, 0, 2})});
  const auto head = [&](const std::string& name) {
    const auto product = model.node("MatMul", name, {y, model.weights(name + ".w", {8, 8})});
    const auto heads = model.node("Reshape", name + ".heads", {product, model.integers(name + ".dims", {4, -1, 4})});
    return model.node("Transpose", name + ".turned", {heads}, {list("perm", {1, 0, 2})});
  };
  const auto q = head("q"), k = head("k"), v = head("v");
  auto scores = model.node("MatMul", "scores", {q, model.node("Transpose", "kt", {k}, {list("perm", {0, 2, 1})})});
  scores = model.node("Softmax", "soft", {model.node("Mul", "scaled", {scores, model.floats("root", {}, {0.5f})})}, {number("axis", -1)});
  y = model.node("Transpose", "back", {model.node("MatMul", "mixed", {scores, v})}, {list("perm", {1, 0, 2})});
  y = model.node("Reshape", "joined", {y, model.integers("joined.dims", {4, -1, 8})});
  y = model.node("Transpose", "images", {y}, {list("perm", {1, 0, 2})});
  const auto half = model.node("Div", "half", {y, model.floats("root2", {}, {1.4142135f})});
  const auto erf = model.node("Add", "one_more", {model.node("Erf", "erf", {half}), model.floats("one", {}, {1})});
  y = model.node("Mul", "gelu", {model.node("Mul", "twice", {y, erf}), model.floats("point5", {}, {0.5f})});
  y = model.node("own", "call", {y});
  model.last_node().set_domain("own");
  auto& function = *model.proto().add_functions();
  function.set_name("own");
  function.set_domain("own");
  function.add_input("a");
  function.add_output("b");
  function.add_opset_import()->set_version(18);
  auto& body = *function.add_node();
  body.set_op_type("Sigmoid");
  body.add_input("a");
  body.add_output("b");
  y = model.node("ReduceMean", "mean", {y, model.integers("mean.axes", {1})}, {number("keepdims", 0)});
  const auto least = model.node("ReduceMin", "least", {y, model.integers("min.axes", {1})});
  y = model.node("Where", "where", {model.node("Less", "less", {least, y}), y, least});
  model.output(model.node("Gemm", "fc", {y, model.weights("fcw", {8, 3})}));
  return model;
}

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

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

class OnnxFuzz : public ::testing::TestWithParam<OnnxBuilder (*)()> {};

TEST_P(OnnxFuzz, TheModelItselfIsRead) { EXPECT_TRUE(is_read(GetParam()().bytes())); }

TEST_P(OnnxFuzz, EveryShorterFileIsReadOrRefused) {
  const std::string bytes = GetParam()().bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) is_read(bytes.substr(0, size));
}

TEST_P(OnnxFuzz, DamagedBytesAreReadOrRefused) {
  Mutator mutator(20240607);
  const std::string bytes = GetParam()().bytes();
  for (int i = 0; i < 5 * mutation_count; ++i) is_read(mutator.damaged(bytes));
}

TEST_P(OnnxFuzz, ChangedModelsAreReadOrRefused) {
  Mutator mutator(20240608);
  const onnx::ModelProto model = GetParam()().proto();
  const std::int64_t peak_before = peak_kilobytes();
  int read = 0;
  for (int i = 0; i < 10 * mutation_count; ++i) read += is_read(mutator.changed(model).SerializeAsString()) ? 1 : 0;
  EXPECT_GT(read, 10 * mutation_count / 100);  // the mutations reach behind the first check
  EXPECT_LT(peak_kilobytes() - peak_before, most_kilobytes);
}

INSTANTIATE_TEST_SUITE_P(Models, OnnxFuzz, ::testing::Values(convolutional, transformer, constants, quantised, modern));

}  // namespace
}  // namespace ballast::graph
