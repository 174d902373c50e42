// SPDX-License-Identifier: Apache-2.0
//
// What one kind of noise does; NoisyWriter holds one of these.

#pragma once

#include "ballast/noise/noisy_writer.hpp"

namespace ballast::noise {

class NoisyWriter::Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void check(const Image& image) const = 0;
  virtual void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place,
                     const InputBuffer& buffer) const = 0;
  virtual double noise_error(std::size_t) const { return 0; }
  virtual std::uint64_t splits() const { return 0; }

  static std::unique_ptr<Kernel> grid(const Smoothing& smoothing, std::vector<ChannelAffine> affine);
  static std::unique_ptr<Kernel> floats(const Smoothing& smoothing, std::vector<ChannelAffine> affine);
  static std::unique_ptr<Kernel> split(double lambda, std::vector<ChannelAffine> affine);
};

}  // namespace ballast::noise
