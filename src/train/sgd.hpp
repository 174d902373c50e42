// SPDX-License-Identifier: Apache-2.0
//
// Stochastic gradient descent with momentum and weight decay.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace ballast::train {

class Sgd {
 public:
  // clip: gradients longer than this, all parameters' together, are shortened to it; 0 leaves all as they are.
  Sgd(std::vector<at::Tensor> parameters, double momentum, double weight_decay, double clip);

  // v <- momentum v + gradient + weight_decay p;  p <- p - rate v;  the gradients are then forgotten.
  void step(double rate);

  // One for each parameter, in their order.
  const std::vector<at::Tensor>& velocities() const { return velocities_; }

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> velocities_;
  void shorten_gradients();

  double momentum_, weight_decay_, clip_;
};

}  // namespace ballast::train
