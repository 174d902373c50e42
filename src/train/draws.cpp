// SPDX-License-Identifier: Apache-2.0

#include "draws.hpp"

#include <ATen/ops/empty.h>

#include <cmath>
#include <numbers>

namespace ballast::train {

float normal(std::uint32_t first, std::uint32_t second) {
  const double length = std::sqrt(-2 * std::log((first + 0.5) * 0x1p-32));
  return static_cast<float>(length * std::cos(2 * std::numbers::pi * second * 0x1p-32));
}

float cauchy(std::uint32_t word) { return static_cast<float>(std::tan(std::numbers::pi * ((word + 0.5) * 0x1p-32 - 0.5))); }

std::vector<std::uint32_t> Draws::words(std::size_t count) {
  std::vector<std::uint32_t> all(count);
  noise::fill_words(stream_, sample_, 0, next_, all);
  next_ += (count + 3) / 4 * 4;  // the next are taken from a whole block on
  return all;
}

at::Tensor Draws::normals(const std::vector<std::int64_t>& sizes) {
  const at::Tensor tensor = at::empty(sizes, at::kFloat);
  const auto count = static_cast<std::size_t>(tensor.numel());
  const std::vector<std::uint32_t> taken = words(2 * count);
  float* numbers = tensor.data_ptr<float>();
  for (std::size_t i = 0; i < count; ++i) numbers[i] = normal(taken[2 * i], taken[2 * i + 1]);
  return tensor;
}

at::Tensor Draws::cauchys(const std::vector<std::int64_t>& sizes) {
  const at::Tensor tensor = at::empty(sizes, at::kFloat);
  const std::vector<std::uint32_t> taken = words(static_cast<std::size_t>(tensor.numel()));
  float* numbers = tensor.data_ptr<float>();
  for (std::size_t i = 0; i < taken.size(); ++i) numbers[i] = cauchy(taken[i]);
  return tensor;
}

}  // namespace ballast::train
