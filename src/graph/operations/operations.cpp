// SPDX-License-Identifier: Apache-2.0

#include "operations.hpp"

#include <cmath>
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

// Of a constant alone.
Importer function(double (*compute)(double)) {
  return [compute](OnnxNode& node) { return import_function(node, compute); };
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
      {"Cos", function([](double x) { return std::cos(x); })},
      {"Div", binary(Binary::Kind::divide)},
      {"Dropout", import_alias},
      {"Einsum", import_einsum},
      {"Elu", activation(Activation::Kind::elu)},
      {"Equal", import_equal},
      {"Exp", function([](double x) { return std::exp(x); })},
      {"Expand", import_expand},
      {"Flatten", import_flatten},
      {"Gather", import_gather},
      {"Gelu", activation(Activation::Kind::gelu)},
      {"Gemm", import_gemm},
      {"GlobalAveragePool", import_global_average_pool},
      {"GroupNormalization", import_group_norm},
      {"HardSwish", activation(Activation::Kind::hard_swish)},
      {"Identity", import_alias},
      {"InstanceNormalization", import_instance_norm},
      {"LeakyRelu", activation(Activation::Kind::leaky_relu)},
      {"MatMul", import_matmul},
      {"MaxPool", import_pool},
      {"Mul", binary(Binary::Kind::multiply)},
      {"Neg", function([](double x) { return -x; })},
      {"Pad", import_pad},
      {"Range", import_range},
      {"ReduceMean", import_reduce_mean},
      {"Relu", activation(Activation::Kind::relu)},
      {"Reshape", import_reshape},
      {"Resize", import_resize},
      {"Shape", import_shape},
      {"Sigmoid", activation(Activation::Kind::sigmoid)},
      {"Sin", function([](double x) { return std::sin(x); })},
      {"Slice", import_slice},
      {"Softmax", import_softmax},
      {"Split", import_split},
      {"Sqrt", function([](double x) { return std::sqrt(x); })},
      {"Squeeze", import_squeeze},
      {"Sub", binary(Binary::Kind::subtract)},
      {"Tanh", activation(Activation::Kind::tanh)},
      {"Transpose", import_transpose},
      {"Unsqueeze", import_unsqueeze},
      {"Upsample", import_upsample},
      {"Where", import_where},
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
