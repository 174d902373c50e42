// SPDX-License-Identifier: Apache-2.0

#include "onnx_operations.hpp"

#include <map>

namespace ballast::graph {
namespace {

Binding import_alias(OnnxNode& node) { return node.alias(0); }

Importer activation(Activation::Kind kind) {
  return [kind](OnnxNode& node) { return import_activation(node, kind); };
}

Importer binary(Binary::Kind kind) {
  return [kind](OnnxNode& node) { return import_binary(node, kind); };
}

// A new operation is one line here.
const std::map<std::string, Importer>& importers() {
  static const std::map<std::string, Importer> table{
      {"Add", binary(Binary::Kind::add)},
      {"AveragePool", import_pool},
      {"BatchNormalization", import_batch_norm},
      {"Cast", import_cast},
      {"Clip", import_clip},
      {"Concat", import_concat},
      {"Constant", import_constant},
      {"ConstantOfShape", import_constant_of_shape},
      {"Conv", import_convolution},
      {"Div", binary(Binary::Kind::divide)},
      {"Dropout", import_alias},
      {"Elu", activation(Activation::Kind::elu)},
      {"Flatten", import_flatten},
      {"Gather", import_gather},
      {"Gelu", activation(Activation::Kind::gelu)},
      {"Gemm", import_gemm},
      {"GlobalAveragePool", import_global_average_pool},
      {"HardSwish", activation(Activation::Kind::hard_swish)},
      {"Identity", import_alias},
      {"LeakyRelu", activation(Activation::Kind::leaky_relu)},
      {"MatMul", import_matmul},
      {"MaxPool", import_pool},
      {"Mul", binary(Binary::Kind::multiply)},
      {"Pad", import_pad},
      {"ReduceMean", import_reduce_mean},
      {"Relu", activation(Activation::Kind::relu)},
      {"Reshape", import_reshape},
      {"Shape", import_shape},
      {"Sigmoid", activation(Activation::Kind::sigmoid)},
      {"Slice", import_slice},
      {"Softmax", import_softmax},
      {"Squeeze", import_squeeze},
      {"Sub", binary(Binary::Kind::subtract)},
      {"Tanh", activation(Activation::Kind::tanh)},
      {"Transpose", import_transpose},
      {"Unsqueeze", import_unsqueeze},
  };
  return table;
}

}  // namespace

const Importer* find_importer(const std::string& type) {
  const auto found = importers().find(type);
  return found == importers().end() ? nullptr : &found->second;
}

std::string supported_operations() {
  std::string list;
  for (const auto& [type, importer] : importers()) list += (list.empty() ? "" : ", ") + type;
  return list;
}

}  // namespace ballast::graph
