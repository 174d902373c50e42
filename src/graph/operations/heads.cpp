// SPDX-License-Identifier: Apache-2.0
//
// What makes labels of scores, at a classifier's end (onnx_output.hpp).

#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

// Of equal scores, a label is the first.
Binding import_arg_max(OnnxNode& node) {
  const Dims dims = node.dims(0);
  const std::size_t axis = node.axis(node.integer("axis", 0), dims.size());
  require(dims[axis] > 1 || dims[axis] == elements(dims), "it does not work along the scores");
  require(node.integer("select_last_index", 0) == 0, "of equal scores it takes the last, where a label is the first");
  return node.label_of(0);
}

Results import_top_k(OnnxNode& node) {
  const Dims dims = node.dims(0);
  const std::size_t axis = node.axis(node.integer("axis", -1), dims.size());
  require(node.integers_or_input("k", 1, {node.integer("k", 0)}) == std::vector<std::int64_t>{1},
          "only the one greatest of the scores is supported");
  require(dims[axis] > 1 || dims[axis] == elements(dims), "it does not work along the scores");
  require(node.integer("largest", 1) == 1, "it takes the least scores, and the greatest are supported");
  const Binding greatest = node.as("ReduceMax", {node.alias(0), OnnxNode::of(integer_vector({static_cast<std::int64_t>(axis)}))});
  return std::vector<Binding>{greatest, node.label_of(0)};
}

}  // namespace

OnnxTypes head_types() { return {{"ArgMax", import_arg_max}, {"TopK", import_top_k}}; }

}  // namespace ballast::graph::operations
