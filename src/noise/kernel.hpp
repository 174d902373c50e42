// SPDX-License-Identifier: Apache-2.0
//
// What one kind of noise does; NoisyWriter holds one of these.

#pragma once

#include "ballast/noise/noisy_writer.hpp"
#include "loops.hpp"

namespace ballast::noise {

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void check(const Image& image) const = 0;
  virtual void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place,
                     const InputBuffer& buffer) const = 0;
  virtual double noise_error(std::size_t) const { return 0; }
  virtual std::uint64_t splits() const { return 0; }
};

// loops: outlive it.
std::unique_ptr<Kernel> grid_kernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine, const Loops& loops);
std::unique_ptr<Kernel> float_kernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine, const Loops& loops);
std::unique_ptr<Kernel> split_kernel(double lambda, std::vector<ChannelAffine> affine, const Loops& loops);

// The one of this kind.
std::unique_ptr<Kernel> kernel_of(NoiseKind kind, double scale, std::vector<ChannelAffine> affine, const Loops& loops);

}  // namespace ballast::noise
