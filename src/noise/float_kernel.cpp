// SPDX-License-Identifier: Apache-2.0
//
// Float noise, as the papers' own experiments add it: for images that are not
// 8-bit, and for comparison.

#include <array>
#include <cmath>
#include <numbers>

#include "kernel.hpp"
#include "scale.hpp"
#include "store.hpp"

namespace ballast::noise {
namespace {

using Words = std::array<std::uint32_t, 4>;
using Values = std::array<double, 4>;

// Two standard normal values from two words, by the Box-Muller transform.
std::array<float, 2> box_muller(std::uint32_t first, std::uint32_t second) {
  const float uniform = (static_cast<float>(first) + 0.5f) * 0x1p-32f;  // in (0, 1]
  const float length = std::sqrt(-2.0f * std::log(uniform));
  const float angle = static_cast<float>(second) * static_cast<float>(2 * std::numbers::pi * 0x1p-32);
  return {length * std::cos(angle), length * std::sin(angle)};
}

Values gaussian(const Words& words) {
  const auto front = box_muller(words[0], words[1]), back = box_muller(words[2], words[3]);
  return {front[0], front[1], back[0], back[1]};
}

// Strictly between 0 and 1, and symmetric: exact.
double unit(std::uint32_t word) { return (word + 0.5) * 0x1p-32; }

// Uniform on (-1, 1).
double uniform(std::uint32_t word) { return 2 * unit(word) - 1; }

// Density exp(-|e|)/2, by the inverse of its distribution function.
double laplace(std::uint32_t word) {
  const double u = unit(word);
  return u < 0.5 ? std::log(2 * u) : -std::log(2 * (1 - u));
}

// Noise of scale 1 for four pixels.
Values four_values(NoiseLaw law, const Words& words) {
  switch (law) {
    case NoiseLaw::gaussian: return gaussian(words);
    case NoiseLaw::uniform: return {uniform(words[0]), uniform(words[1]), uniform(words[2]), uniform(words[3])};
    case NoiseLaw::laplace: return {laplace(words[0]), laplace(words[1]), laplace(words[2]), laplace(words[3])};
  }
  return {};
}

double unit_pixel(const Image& image, std::size_t pixel) {
  return image.is_8bit() ? image.bytes()[pixel] / 255.0 : static_cast<double>(std::get<1>(image.pixels)[pixel]);
}

}  // namespace

class NoisyWriter::FloatKernel : public NoisyWriter::Kernel {
 public:
  FloatKernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine) : smoothing_(smoothing), affine_(std::move(affine)) {
    require_scale(smoothing, "noise", 16);
  }

  void check(const Image&) const override {}

  void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place, const InputBuffer& buffer) const override {
    const std::size_t positions = image.shape.size() / static_cast<std::size_t>(image.shape.channels);
    at_place(buffer, place, [&](auto* start) {
      using Element = std::remove_reference_t<decltype(*start)>;
      Values values{};
      for (std::size_t pixel = 0; pixel < image.shape.size(); ++pixel) {
        if (pixel % 4 == 0) values = four_values(smoothing_.law, four_words(stream, sample, pixel));
        const std::size_t channel = pixel / positions;
        const double noisy = unit_pixel(image, pixel) + smoothing_.scale * values[pixel % 4];
        start[channel * buffer.channel_stride + pixel % positions * buffer.position_stride] =
            stored<Element>(apply(affine_[channel], noisy));
      }
    });
  }

 private:
  static Words four_words(const Stream& stream, std::uint32_t sample, std::size_t pixel) {
    const auto key = stream.seed;
    return philox({static_cast<std::uint32_t>(pixel / 4), sample, stream.image, static_cast<std::uint32_t>(stream.purpose)},
                  {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
  }

  Smoothing smoothing_;
  std::vector<ChannelAffine> affine_;
};

std::unique_ptr<NoisyWriter::Kernel> NoisyWriter::Kernel::floats(const Smoothing& smoothing, std::vector<ChannelAffine> affine) {
  return std::make_unique<FloatKernel>(smoothing, std::move(affine));
}

}  // namespace ballast::noise
