// SPDX-License-Identifier: Apache-2.0
//
// What a network of a file gives: which output is taken, and how scores are made of it.

#pragma once

#include <string>
#include <vector>

#include "ballast/graph/onnx.hpp"
#include "onnx_node.hpp"

namespace ballast::graph {

struct Output {
  std::string name;
  const Binding* binding;  // null: nothing gives it
};

// Sets the graph's output. Throws InputError where none fits or several do.
void take_output(Graph& graph, const std::vector<Output>& outputs, const OnnxOptions& options);

}  // namespace ballast::graph
