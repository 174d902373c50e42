// SPDX-License-Identifier: Apache-2.0

#include "tensors.hpp"

#include <ATen/ops/from_blob.h>

namespace ballast::train {

at::Tensor image_tensor(std::vector<float>& pixels, const ImageShape& shape, at::Device device) {
  const auto size = static_cast<std::int64_t>(shape.size());
  const std::int64_t channels = shape.channels, row = channels * shape.width;
  const std::vector<std::int64_t> dims{static_cast<std::int64_t>(pixels.size()) / size, channels, shape.height, shape.width},
      strides{size, 1, row, channels};
  return at::from_blob(pixels.data(), at::IntArrayRef(dims), at::IntArrayRef(strides), at::TensorOptions(at::kFloat)).to(device);
}

at::Tensor label_tensor(std::vector<std::int64_t>& labels, at::Device device) {
  const std::vector<std::int64_t> dims{static_cast<std::int64_t>(labels.size())};
  return at::from_blob(labels.data(), at::IntArrayRef(dims), at::TensorOptions(at::kLong)).to(device);
}

}  // namespace ballast::train
