// SPDX-License-Identifier: Apache-2.0
//
// ONNX operations: how each becomes nodes of a graph, or a constant.

#pragma once

#include <functional>
#include <string>

#include "onnx_node.hpp"

namespace ballast::graph {

using Importer = std::function<Binding(OnnxNode&)>;

// Null where the operation is not supported.
const Importer* find_importer(const std::string& type);

// "Add, AveragePool, ...": for messages.
std::string supported_operations();

// The importers, by subject.
Binding import_convolution(OnnxNode& node);
Binding import_gemm(OnnxNode& node);
Binding import_matmul(OnnxNode& node);
Binding import_batch_norm(OnnxNode& node);
Binding import_pool(OnnxNode& node);
Binding import_global_average_pool(OnnxNode& node);
Binding import_reduce_mean(OnnxNode& node);
Binding import_softmax(OnnxNode& node);
Binding import_activation(OnnxNode& node, Activation::Kind kind);
Binding import_clip(OnnxNode& node);
Binding import_binary(OnnxNode& node, Binary::Kind kind);

Binding import_reshape(OnnxNode& node);
Binding import_flatten(OnnxNode& node);
Binding import_squeeze(OnnxNode& node);
Binding import_unsqueeze(OnnxNode& node);
Binding import_transpose(OnnxNode& node);
Binding import_pad(OnnxNode& node);
Binding import_slice(OnnxNode& node);
Binding import_concat(OnnxNode& node);
Binding import_gather(OnnxNode& node);
Binding import_shape(OnnxNode& node);
Binding import_constant(OnnxNode& node);
Binding import_constant_of_shape(OnnxNode& node);
Binding import_cast(OnnxNode& node);

}  // namespace ballast::graph
