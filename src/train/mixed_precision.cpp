// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows how one LibTorch switches its automatic casts and another does.

#include "mixed_precision.hpp"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace ballast::train {
namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
void enable(c10::DeviceType device, bool on) {
  at::autocast::set_autocast_dtype(device, at::kBFloat16);
  at::autocast::set_autocast_enabled(device, on);
}
#else
void enable(c10::DeviceType device, bool on) {
  if (device == c10::DeviceType::CUDA) {
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(on);
  } else {
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(on);
  }
}
#endif

}  // namespace

MixedPrecision::MixedPrecision(bool on, c10::DeviceType device) : on_(on), device_(device) {
  if (on_) enable(device_, true);
}

MixedPrecision::~MixedPrecision() {
  if (!on_) return;
  enable(device_, false);
  at::autocast::clear_cache();
}

}  // namespace ballast::train
