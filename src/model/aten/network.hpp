// SPDX-License-Identifier: Apache-2.0
//
// A graph run by ATen, with gradients where they are wanted. Private to the
// parts that are built with LibTorch.

#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::model {

class Network {
 public:
  // Copies the graph's constants into tensors of the options' type, where the options say.
  explicit Network(graph::Graph graph, const at::TensorOptions& options = at::kFloat);

  // x: count x the graph's input, of the options' type and where they say. In training mode batch normalisation uses the
  // batch's own statistics and updates the running ones; else several threads may call at once.
  at::Tensor forward(const at::Tensor& x, bool training = false) const;

  // What training changes: weights and biases of layers, scales and shifts of
  // normalisations; one tensor for each constant, in the graph's order.
  // Constants that only normalise the input are not among them.
  std::vector<at::Tensor> parameters() const;
  void require_gradients();

  const graph::Graph& graph() const { return graph_; }

  // Everything a training changes: the constants, running statistics too, in a fixed order.
  const std::map<graph::ValueId, at::Tensor>& constants() const { return constants_; }

  // The graph with the tensors' present values.
  graph::Graph with_current_values() const;

 private:
  friend struct Forward;

  void find_uses();

  graph::Graph graph_;
  std::map<graph::ValueId, at::Tensor> constants_;
  std::map<graph::ValueId, at::Tensor> indices_;  // of gathers, by their outputs
  std::vector<graph::ValueId> parameters_;
  std::map<graph::ValueId, std::size_t> last_use_;  // of each value that is computed: the node behind which nobody needs it
  std::set<graph::ValueId> overwritten_;            // values that the ReLU behind them, their only reader, may write over
};

}  // namespace ballast::model
