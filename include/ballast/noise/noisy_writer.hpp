// SPDX-License-Identifier: Apache-2.0
//
// Writes noisy copies of an image straight into an engine's input buffer.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/core/input_buffer.hpp"
#include "ballast/noise/stream.hpp"

namespace ballast::noise {

enum class NoiseKind {
  grid,     // exact Gaussian on the 8-bit grid: sound in floating point
  gaussian  // float Gaussian, as in the paper: sound up to floating-point rounding
};

std::string_view to_string(NoiseKind kind);
std::optional<NoiseKind> noise_kind_from(std::string_view name);

// Safe to use from several threads at once.
class NoisyWriter {
 public:
  // sigma: standard deviation in pixel units. affine: what the model applies
  // to each channel of a pixel in [0, 1] before its first layer.
  // Throws InputError for a sigma that is not allowed.
  NoisyWriter(NoiseKind kind, double sigma, std::vector<ChannelAffine> affine);
  ~NoisyWriter();
  NoisyWriter(NoisyWriter&&) noexcept;
  NoisyWriter& operator=(NoisyWriter&&) noexcept;

  // Throws InputError if the image cannot take this noise (grid noise needs 8-bit pixels).
  void check(const Image& image) const;

  // Copies number first, first + 1, ... first + count - 1 of the stream go to
  // places 0 ... count - 1 of the buffer. Requires check(image) to pass, the
  // buffer's shape to be the image's, and affine.size() == channels.
  void write(const Image& image, const Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) const;

  // Upper bound on the total variation distance between the law of a noisy
  // image drawn here and the exact one. To be added to 1 - p_A. 0 for float
  // Gaussian noise, whose error nobody bounds.
  double law_error(std::size_t pixels) const;

 private:
  class Kernel;
  class GridKernel;
  class GaussianKernel;
  std::unique_ptr<Kernel> kernel_;
};

// Writes the image itself, without noise, to one place of the buffer.
void write_clean(const Image& image, std::span<const ChannelAffine> affine, int place, const InputBuffer& buffer);

}  // namespace ballast::noise
