// SPDX-License-Identifier: Apache-2.0
//
// What an attack climbs: the objective at a set of noisy copies, and how it
// grows with each pixel. By ATen; private to this part.

#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <span>
#include <vector>

#include "aten/network.hpp"
#include "ballast/attack/attacker.hpp"
#include "ballast/core/input_buffer.hpp"

namespace ballast::attack {

// The objective of some of the copies. mean_loss: the sum of their losses. log_mean: minus the logarithm of the sum of
// their probabilities, which does not underflow where these do.
struct Part {
  double value = 0;
  std::vector<double> gradient;  // of value, by pixel: channel, row, column
};

// The objective of all copies.
struct Slope {
  double value = 0;
  std::vector<double> gradient;
};

// The parts together hold so many copies. Their order decides the rounding.
Slope joined(std::span<const Part> parts, Objective objective, std::uint64_t copies);

class LossSurface {
 public:
  // affine: what is applied to a pixel of [0, 1] altogether (model::Classifier::affine), the network's own first layers
  // included. type and device: of the arithmetic. Throws InputError where ATen cannot run the network.
  LossSurface(graph::Graph graph, const ImageShape& shape, std::optional<graph::InputLayout> layout,
              const std::vector<ChannelAffine>& affine, at::ScalarType type = at::kFloat, at::Device device = at::kCPU);

  // images: one copy after another, each in channel, row, column order. On the calling thread alone; several may call at once.
  Part part(std::vector<double> images, Label label, Objective objective) const;

  const ImageShape& shape() const { return shape_; }
  int classes() const { return classes_; }

 private:
  at::Tensor scores(const at::Tensor& images) const;

  ImageShape shape_;
  int classes_;
  graph::InputLayout layout_;
  at::ScalarType type_;
  at::Device device_;
  at::Tensor scale_, offset_;  // channels x 1 x 1
  model::Network network_;
};

}  // namespace ballast::attack
