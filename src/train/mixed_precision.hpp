// SPDX-License-Identifier: Apache-2.0
//
// Convolutions and matrix products in bfloat16, everything else as it is.

#pragma once

#include <c10/core/DeviceType.h>

namespace ballast::train {

// While it lives, this thread's operations on the device choose their precision.
class MixedPrecision {
 public:
  MixedPrecision(bool on, c10::DeviceType device);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool on_;
  c10::DeviceType device_;
};

}  // namespace ballast::train
