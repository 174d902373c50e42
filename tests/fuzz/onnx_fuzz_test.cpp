// SPDX-License-Identifier: Apache-2.0
//
// Damaged ONNX models are read or refused, and nothing else.

#include <sys/resource.h>

#include "graph/onnx_builder.hpp"
#include "mutations.hpp"
#include "onnx_mutator.hpp"
#include "readers.hpp"

namespace ballast::graph::onnx_fuzz_test {
namespace {

using namespace testing;

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
  bool read = false;
  EXPECT_NO_THROW(read = fuzz::is_graph_read(bytes));
  return read;
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

class OnnxFuzz : public ::testing::TestWithParam<OnnxBuilder (*)()> {};

TEST_P(OnnxFuzz, TheModelItselfIsRead) { EXPECT_TRUE(is_read(GetParam()().bytes())); }

TEST_P(OnnxFuzz, EveryShorterFileIsReadOrRefused) {
  const std::string bytes = GetParam()().bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) is_read(bytes.substr(0, size));
}

TEST_P(OnnxFuzz, DamagedBytesAreReadOrRefused) {
  OnnxMutator mutator(20240607);
  const std::string bytes = GetParam()().bytes();
  for (int i = 0; i < 5 * mutations(); ++i) is_read(mutator.damaged(bytes));
}

TEST_P(OnnxFuzz, ChangedModelsAreReadOrRefused) {
  OnnxMutator mutator(20240608);
  const onnx::ModelProto model = GetParam()().proto();
  const std::int64_t peak_before = peak_kilobytes();
  int read = 0;
  for (int i = 0; i < 10 * mutations(); ++i) read += is_read(mutator.changed(model).SerializeAsString()) ? 1 : 0;
  EXPECT_GT(read, 10 * mutations() / 100);  // the mutations reach behind the first check
  EXPECT_LT(peak_kilobytes() - peak_before, most_kilobytes);
}

INSTANTIATE_TEST_SUITE_P(Models, OnnxFuzz, ::testing::Values(convolutional, transformer, constants, quantised, modern));

}  // namespace
}  // namespace ballast::graph::onnx_fuzz_test
