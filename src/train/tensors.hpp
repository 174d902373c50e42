// SPDX-License-Identifier: Apache-2.0
//
// Host memory as tensors. On the processor a tensor is a view: the memory must outlive it.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::train {

// images x channels x height x width; pixels: of images whose channels lie innermost.
at::Tensor image_tensor(std::vector<float>& pixels, const ImageShape& shape, at::Device device);

at::Tensor label_tensor(std::vector<std::int64_t>& labels, at::Device device);

}  // namespace ballast::train
