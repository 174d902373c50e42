// SPDX-License-Identifier: Apache-2.0
//
// Stands for cuda.cpp where CUDA's headers are not there.

#include <fmt/format.h>

#include "cuda.hpp"
#include "nvidia_driver.hpp"

namespace ballast::model {

std::unique_ptr<Recording> record(const c10::Device&, const std::function<void()>& body) {
  body();
  return {};
}

// Of all that the machine has, as their driver calls them: which of them is the device is not known without CUDA.
std::string cuda_description(const c10::Device&) {
  return fmt::format("cuda {}, driver {}", fmt::join(nvidia_models(), " or "), nvidia_driver());
}

}  // namespace ballast::model
