// SPDX-License-Identifier: Apache-2.0

#include "sgd.hpp"

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace ballast::train {

Sgd::Sgd(std::vector<at::Tensor> parameters, double momentum, double weight_decay, double clip)
    : parameters_(std::move(parameters)), momentum_(momentum), weight_decay_(weight_decay), clip_(clip) {
  for (const at::Tensor& parameter : parameters_) velocities_.push_back(at::zeros_like(parameter).detach());
}

void Sgd::shorten_gradients() {
  double squares = 0;
  for (const at::Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) squares += parameter.grad().square().sum(at::kDouble).item<double>();
  }
  const double length = std::sqrt(squares);
  if (!(length > clip_)) return;
  for (at::Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(clip_ / length);
  }
}

void Sgd::step(double rate) {
  const c10::NoGradGuard no_gradients;
  if (clip_ > 0) shorten_gradients();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& parameter = parameters_[i];
    if (!parameter.grad().defined()) continue;
    at::Tensor& velocity = velocities_[i];
    velocity.mul_(momentum_).add_(parameter.grad()).add_(parameter, weight_decay_);
    parameter.sub_(velocity, rate);
    parameter.mutable_grad().reset();
  }
}

}  // namespace ballast::train
