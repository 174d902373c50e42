// SPDX-License-Identifier: Apache-2.0
//
// What needs CUDA's own headers, which are not where LibTorch is without it: one source file for each case.

#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

namespace ballast::model {

// Work of a device that is started again as a whole, which takes the processor no time for each of its steps.
class Recording {
 public:
  virtual ~Recording() = default;
  // On the current stream, from the same memory to the same.
  virtual void play() = 0;
};

// Runs the body and records what it starts on the device's current stream. Null where that cannot be recorded; what the body did holds
// either way.
std::unique_ptr<Recording> record(const c10::Device& device, const std::function<void()>& body);

// The device's kind and its driver: "cuda sm_90 NVIDIA H200, driver 550.54".
std::string cuda_description(const c10::Device& device);

}  // namespace ballast::model
