// SPDX-License-Identifier: Apache-2.0
//
// The network that is being trained, where it is and in the precision it works in.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "aten/network.hpp"
#include "ballast/train/train.hpp"

namespace ballast::train {

enum class Mode {
  training,  // batch normalisation by the batch's own statistics, which the running ones follow
  testing    // by the running statistics
};

class Learner {
 public:
  Learner(graph::Graph graph, Precision precision, Device device);

  // Scores in fp32, images x classes. x: images x channels x height x width, in [0, 1] and noise beyond.
  at::Tensor scores(const at::Tensor& x, Mode mode = Mode::training);

  model::Network& network() { return network_; }
  const model::Network& network() const { return network_; }
  at::Device device() const { return device_; }

  // What a recipe carries from step to step beside the weights; checkpoints hold it.
  std::vector<at::Tensor>& carried() { return carried_; }
  const std::vector<at::Tensor>& carried() const { return carried_; }

 private:
  at::Device device_;
  bool mixed_;
  model::Network network_;
  std::vector<at::Tensor> carried_;
};

// While it lives, losses have no gradient by the network's weights, only by its input.
class FrozenWeights {
 public:
  explicit FrozenWeights(Learner& learner);
  ~FrozenWeights();
  FrozenWeights(const FrozenWeights&) = delete;
  FrozenWeights& operator=(const FrozenWeights&) = delete;

 private:
  Learner& learner_;
};

}  // namespace ballast::train
