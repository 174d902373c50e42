// SPDX-License-Identifier: Apache-2.0
//
// Tensors of an ONNX file.

#pragma once

#include <onnx/onnx_pb.h>

#include "constant.hpp"
#include "onnx_external.hpp"

namespace ballast::graph {

// Floating-point numbers of any width become single precision, whole numbers and truth values 64-bit integers. Throws InputError
// naming the tensor where its type is not supported, its data lies in a file that may not be read, or its size is not what its
// dims say.
Constant read_tensor(const onnx::TensorProto& tensor, LoadBudget& budget, ExternalFiles& files);

// "INT8".
std::string name_of_type(int type);

void write_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& out);
void write_tensor(const std::vector<std::int64_t>& values, const std::string& name, onnx::TensorProto& out);

// Whole numbers of 8 bits.
struct Bytes {
  Dims dims;
  bool is_signed;
  std::string values;
};
void write_tensor(const Bytes& bytes, const std::string& name, onnx::TensorProto& out);

// In half precision, each value the nearest one. Throws InputError where one is beyond 65,504.
void write_half_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& out);

}  // namespace ballast::graph
