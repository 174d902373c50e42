// SPDX-License-Identifier: Apache-2.0
//
// ONNX operations: how each becomes nodes of a graph, or a constant.

#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../onnx_node.hpp"

namespace ballast::graph {

// What a node gives: its outputs in order, of which the rest may be left out.
struct Results {
  std::vector<Binding> outputs;

  Results(Binding only) : outputs{std::move(only)} {}
  Results(std::vector<Binding> all) : outputs(std::move(all)) {}
};

using Importer = std::function<Results(OnnxNode&)>;

// Null where the operation is not supported.
const Importer* find_importer(const std::string& type);

// "Add, AveragePool, ...": for messages.
std::string supported_operations();

// The importers, by subject.
Binding import_convolution(OnnxNode& node);
Binding import_gemm(OnnxNode& node);
Binding import_matmul(OnnxNode& node);
Binding import_einsum(OnnxNode& node);
Binding import_batch_norm(OnnxNode& node);
Binding import_group_norm(OnnxNode& node);
Binding import_instance_norm(OnnxNode& node);
Binding import_pool(OnnxNode& node);
Binding import_global_average_pool(OnnxNode& node);
Binding import_resize(OnnxNode& node);
Binding import_upsample(OnnxNode& node);
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
std::vector<Binding> import_split(OnnxNode& node);
Binding import_concat(OnnxNode& node);
Binding import_gather(OnnxNode& node);
Binding import_shape(OnnxNode& node);
Binding import_constant(OnnxNode& node);
Binding import_constant_of_shape(OnnxNode& node);
Binding import_cast(OnnxNode& node);
Binding import_expand(OnnxNode& node);
Binding import_range(OnnxNode& node);
Binding import_equal(OnnxNode& node);
Binding import_where(OnnxNode& node);
Binding import_function(OnnxNode& node, double (*function)(double));

}  // namespace ballast::graph
