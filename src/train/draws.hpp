// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that training uses beside the noise.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ballast/noise/stream.hpp"

namespace ballast::train {

// A standard normal number from two words (Box and Muller 1958).
float normal(std::uint32_t first, std::uint32_t second);

// A standard Cauchy number from a word.
float cauchy(std::uint32_t word);

// Tensors of independent numbers, one after another from one sample of a stream.
class Draws {
 public:
  Draws(const noise::Stream& stream, std::uint32_t sample) : stream_(stream), sample_(sample) {}

  // On the processor, in single precision.
  at::Tensor normals(const std::vector<std::int64_t>& sizes);
  at::Tensor cauchys(const std::vector<std::int64_t>& sizes);

 private:
  std::vector<std::uint32_t> words(std::size_t count);

  noise::Stream stream_;
  std::uint32_t sample_;
  std::size_t next_ = 0;
};

}  // namespace ballast::train
