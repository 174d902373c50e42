// SPDX-License-Identifier: Apache-2.0
//
// Interval bounds on an l2 ball: exact up to the first activation, intervals from there on.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "layers.hpp"

namespace ballast::verify {

class Intervals {
 public:
  // layers must outlive this. matrix_elements: as VerifierOptions has it.
  Intervals(const Layers& layers, std::int64_t matrix_elements);

  // Lower bounds of the label's score minus each other's (classes - 1) on the ball around the input whose values are
  // given as run() has them (a batch of one). The differences of scores are bounded as one linear map from the last activations on.
  at::Tensor margins(const std::vector<at::Tensor>& values, double radius, std::int64_t label) const;

 private:
  struct Interval;
  struct Ball;

  bool is_affine(ValueIndex value) const;
  at::Tensor reach_of_affine_part(const Ball& ball, ValueIndex value) const;
  Interval after_activation(const Layer& layer, Ball& ball) const;
  Interval after_affine(const Layer& layer, Ball& ball) const;

  const Layers& layers_;
  double slack_;
  std::vector<bool> affine_;       // by value: in the network's input
  std::vector<at::Tensor> norms_;  // by value: of its part that is, where an activation or a value that is not reads it
};

}  // namespace ballast::verify
