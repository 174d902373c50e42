// SPDX-License-Identifier: Apache-2.0
//
// Writes noisy copies of an image straight into an engine's input buffer.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/core/input_buffer.hpp"
#include "ballast/core/noise.hpp"
#include "ballast/noise/stream.hpp"

namespace ballast::noise {

// How many splits splitting by this lambda has: 510 lambda. Throws InputError for a lambda of which that is no whole number, to 1e-9, or
// that is not from 2/510 to 16.
std::uint64_t splits_of(double lambda);

class Kernel;

// Safe to use from several threads at once.
class NoisyWriter {
 public:
  // scale: sigma or lambda, in pixel units. affine: what the model applies
  // to each channel of a pixel in [0, 1] before its first layer.
  // Throws InputError for a scale that is not allowed. See splits_of.
  NoisyWriter(NoiseKind kind, double scale, std::vector<ChannelAffine> affine);
  ~NoisyWriter();
  NoisyWriter(NoisyWriter&&) noexcept;
  NoisyWriter& operator=(NoisyWriter&&) noexcept;

  // Throws InputError if the image cannot take this noise (see NoiseTraits::on_grid).
  void check(const Image& image) const;

  // Copies number first, first + 1, ... first + count - 1 of the stream go to
  // places 0 ... count - 1 of the buffer. Requires check(image) to pass and
  // for splitting first + count <= splits(): there copy t is split number t.
  // Throws std::logic_error unless the buffer's shape is the image's and
  // affine.size() its channels.
  void write(const Image& image, const Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) const;

  // Upper bound on the total variation distance between the law of a noisy
  // image drawn here and the exact one. To be added to 1 - p_A. 0 for float
  // noise, whose error nobody bounds, and for splitting, which has none.
  double noise_error(std::size_t pixels) const;

  // How many splits there are: 510 lambda, whence lambda itself. All of them
  // together are the smoothed classifier. 0 for noise that is drawn.
  std::uint64_t splits() const;

 private:
  std::size_t channels_;
  std::unique_ptr<Kernel> kernel_;
};

// Writes the image itself, without noise, to one place of the buffer. Throws std::logic_error as NoisyWriter::write does.
void write_clean(const Image& image, std::span<const ChannelAffine> affine, int place, const InputBuffer& buffer);

}  // namespace ballast::noise
