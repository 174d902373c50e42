// SPDX-License-Identifier: Apache-2.0
//
// Tensors of an ONNX file.

#pragma once

#include <onnx/onnx_pb.h>

#include "constant.hpp"

namespace ballast::graph {

// Throws InputError naming the tensor where its type is not supported, its
// data lies in another file, or its size is not what its dims say.
Constant read_tensor(const onnx::TensorProto& tensor, LoadBudget& budget);

void write_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& out);
void write_tensor(const std::vector<std::int64_t>& values, const std::string& name, onnx::TensorProto& out);

}  // namespace ballast::graph
