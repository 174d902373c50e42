// SPDX-License-Identifier: Apache-2.0
//
// All that the part knows of an operation stands in the file of its family: what it is called, its dims, what several rows for
// each image make of it, how it comes from ONNX and how it goes there.

#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../onnx_node.hpp"
#include "../onnx_save.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph::operations {

// Dims of a node's inputs, and of its output where the operation does not determine them.
struct Shapes {
  const std::vector<Dims>& in;
  const Dims& given;
};

// What is to be said of an operation.
template <typename Op>
struct Rules {
  std::string_view name;                         // for people
  Dims (&dims)(const Op&, const Shapes&);        // of its output. Throws InputError where the shapes do not fit
  Operation (&in_view)(const Op&, const View&);  // from axes of the file to those of the graph (onnx_rows.hpp). Throws InputError where
                                                 // it works along the batch
  void (&save)(const Op&, OnnxWriter&);          // writes the writer's node
};

// What a node of a file gives: its outputs in order, of which the rest may be left out.
struct Results {
  std::vector<Binding> outputs;

  Results(Binding only) : outputs{std::move(only)} {}
  Results(std::vector<Binding> all) : outputs(std::move(all)) {}
};

// An operation of ONNX: how it becomes nodes of a graph, or a constant.
struct OnnxType {
  std::string name;
  std::function<Results(OnnxNode&)> importer;
};
using OnnxTypes = std::vector<OnnxType>;

// By name.
const std::map<std::string, OnnxType>& onnx_types();

// What a node of one of these types gives. Throws InputError.
std::vector<Binding> results_of(OnnxNode& node);

// What several families require. Throw InputError.
void require_rank(const Dims& dims, std::size_t rank);
void require_batch_first(const Dims& dims);
void require_image(const OnnxNode& node);
void require_vector(const Dims& dims, std::int64_t size, std::string_view what);

// What dims are stretched to in an operation element by element. Throws InputError where they do not fit.
Dims broadcast(const Dims& a, const Dims& b);

// Rules for views: what does not speak of axes stays as it is, or needs the batch first and by itself.
template <typename Op>
Operation each_row(const Op& operation, const View&) {
  return operation;
}
template <typename Op>
Operation needs_images(const Op&, const View&) {
  throw InputError("its input has the batch elsewhere than first, or several rows for each image of the batch; images are needed");
}

// The families, a file each. An operation that has no rules does not compile.
OnnxTypes attention_types();
OnnxTypes constant_types();
OnnxTypes einsum_types();
OnnxTypes elementwise_types();
Rules<Activation> rules_of(const Activation&);
Rules<Binary> rules_of(const Binary&);
Rules<Select> rules_of(const Select&);
OnnxTypes matrix_product_types();
Rules<Linear> rules_of(const Linear&);
Rules<MatMul> rules_of(const MatMul&);
Rules<Attention> rules_of(const Attention&);
OnnxTypes normalisation_types();
Rules<BatchNorm> rules_of(const BatchNorm&);
Rules<GroupNorm> rules_of(const GroupNorm&);
Rules<LayerNorm> rules_of(const LayerNorm&);
OnnxTypes quantisation_types();
OnnxTypes head_types();
OnnxTypes reduction_types();
Rules<Reduce> rules_of(const Reduce&);
Rules<Softmax> rules_of(const Softmax&);
Rules<Blend> rules_of(const Blend&);
OnnxTypes reshape_types();
Rules<Reshape> rules_of(const Reshape&);
Rules<Transpose> rules_of(const Transpose&);
OnnxTypes resize_types();
Rules<Resize> rules_of(const Resize&);
OnnxTypes slice_types();
Rules<Concat> rules_of(const Concat&);
Rules<Gather> rules_of(const Gather&);
Rules<Pad> rules_of(const Pad&);
Rules<Slice> rules_of(const Slice&);
OnnxTypes window_types();
Rules<Convolution> rules_of(const Convolution&);
Rules<TransposedConvolution> rules_of(const TransposedConvolution&);
Rules<Pool> rules_of(const Pool&);

inline constexpr std::array families{attention_types,      constant_types,      einsum_types,       elementwise_types, head_types,
                                     matrix_product_types, normalisation_types, quantisation_types, reduction_types,   reshape_types,
                                     resize_types,         slice_types,         window_types};

// Of the operation's own name: the importer is given the operation, whose kind is set.
template <typename Op>
OnnxType of_kind(const Op& operation, Binding (*importer)(OnnxNode&, Op)) {
  return {std::string(rules_of(operation).name), [=](OnnxNode& node) { return importer(node, operation); }};
}

}  // namespace ballast::graph::operations
