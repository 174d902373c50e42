// SPDX-License-Identifier: Apache-2.0
//
// Bounds by lines: CROWN, Wong and Kolter's, and SDP-CROWN's offsets, all by one walk back.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "backward.hpp"
#include "layers.hpp"
#include "relaxation.hpp"

namespace ballast::verify {

class LinearBounds {
 public:
  struct Options {
    LowerSlope slope = LowerSlope::adaptive;
    std::int64_t matrix_elements = std::int64_t{1} << 24;
    // By value: a Lipschitz constant from the input to it. Given: the margins' offsets may be those of the ball.
    std::vector<double> lipschitz = {};
  };

  // Throws nothing; requires layers without max pools, and to outlive this.
  LinearBounds(const Layers& layers, Options options);

  // Bounds of what each activation reads, in the order of the layers, on the ball of that radius (not below 0) around the input whose
  // values are given as run() has them (a batch of one). Where the input is seen through no other activation, they are exact.
  // `wider`: such bounds of a larger ball around the same input, or nullptr; elements whose sign they fix keep them.
  std::vector<Bounds> activation_bounds(const std::vector<at::Tensor>& values, double radius, const std::vector<Bounds>* wider) const;

  // Lower bounds of the label's score minus each other's (classes - 1), from bounds of the activations on that ball.
  at::Tensor margins(const std::vector<at::Tensor>& values, double radius, const std::vector<Bounds>& bounds, std::int64_t label) const;

 private:
  struct Ball;

  Bounds bounds_at(const Ball& ball, std::size_t activation, const Bounds* wider) const;
  Bounds open_bounds(const Ball& ball, ValueIndex value, const at::Tensor& elements) const;
  Bounds bounds_by_two_walks(const Ball& ball, ValueIndex value, const at::Tensor& elements) const;
  Bounds bounds_by_one_walk(const Ball& ball, ValueIndex value, const at::Tensor& elements) const;

  const Layers& layers_;
  Options options_;
  double slack_;
  std::int64_t rows_at_once_;
  std::vector<const Layer*> activations_;
  std::vector<at::Tensor> norms_;  // by activation: of what it reads, where that is affine in the network's input
};

}  // namespace ballast::verify
