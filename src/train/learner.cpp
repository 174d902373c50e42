// SPDX-License-Identifier: Apache-2.0

#include "learner.hpp"

#include <ATen/Context.h>

#include "mixed_precision.hpp"

namespace ballast::train {
namespace {

at::Device device_of(Device device) { return device == Device::cuda ? at::Device(at::kCUDA) : at::Device(at::kCPU); }

}  // namespace

bool has_device(Device device) { return device == Device::cpu || at::globalContext().hasCUDA(); }

Learner::Learner(graph::Graph graph, Precision precision, Device device)
    : device_(device_of(device)),
      mixed_(precision == Precision::bf16),
      network_(std::move(graph), at::TensorOptions(at::kFloat).device(device_)) {}

at::Tensor Learner::scores(const at::Tensor& x, Mode mode) {
  const MixedPrecision mixed(mixed_, device_.type());
  return network_.forward(x, mode == Mode::training).to(at::kFloat);
}

FrozenWeights::FrozenWeights(Learner& learner) : learner_(learner) {
  for (at::Tensor& parameter : learner_.network().parameters()) parameter.set_requires_grad(false);
}

FrozenWeights::~FrozenWeights() { learner_.network().require_gradients(); }

}  // namespace ballast::train
