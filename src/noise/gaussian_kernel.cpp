// SPDX-License-Identifier: Apache-2.0
//
// Float Gaussian noise by the Box-Muller transform, as the paper's own
// experiments add it: for images that are not 8-bit, and for comparison.

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "ballast/core/errors.hpp"
#include "kernel.hpp"
#include "store.hpp"

namespace ballast::noise {
namespace {

// Two standard normal values from two words.
std::array<float, 2> box_muller(std::uint32_t first, std::uint32_t second) {
  const float uniform = (static_cast<float>(first) + 0.5f) * 0x1p-32f;  // in (0, 1]
  const float length = std::sqrt(-2.0f * std::log(uniform));
  const float angle = static_cast<float>(second) * static_cast<float>(2 * std::numbers::pi * 0x1p-32);
  return {length * std::cos(angle), length * std::sin(angle)};
}

}  // namespace

class NoisyWriter::GaussianKernel : public NoisyWriter::Kernel {
 public:
  GaussianKernel(double sigma, std::vector<ChannelAffine> affine) : sigma_(sigma), affine_(std::move(affine)) {
    require(sigma >= 0x1p-10 && sigma <= 16,
            fmt::format("sigma = {}: noise takes a standard deviation from 1/1024 to 16 (pixels are in [0, 1])", sigma));
  }

  void check(const Image&) const override {}

  void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place, const InputBuffer& buffer) const override {
    const std::size_t positions = image.shape.size() / static_cast<std::size_t>(image.shape.channels);
    at_place(buffer, place, [&](auto* start) {
      using Element = std::remove_reference_t<decltype(*start)>;
      std::array<std::uint32_t, 4> words;
      std::array<float, 4> normal{};
      for (std::size_t pixel = 0; pixel < image.shape.size(); ++pixel) {
        if (pixel % 4 == 0) {
          fill_four(stream, sample, pixel, words);
          const auto front = box_muller(words[0], words[1]), back = box_muller(words[2], words[3]);
          normal = {front[0], front[1], back[0], back[1]};
        }
        const std::size_t channel = pixel / positions;
        const double noisy = unit_pixel(image, pixel) + sigma_ * static_cast<double>(normal[pixel % 4]);
        start[channel * buffer.channel_stride + pixel % positions * buffer.position_stride] =
            stored<Element>(apply(affine_[channel], noisy));
      }
    });
  }

  double law_error(std::size_t) const override { return 0; }

 private:
  static void fill_four(const Stream& stream, std::uint32_t sample, std::size_t pixel, std::array<std::uint32_t, 4>& words) {
    const auto key = stream.seed;
    words = philox({static_cast<std::uint32_t>(pixel / 4), sample, stream.image, static_cast<std::uint32_t>(stream.purpose)},
                   {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
  }

  static double unit_pixel(const Image& image, std::size_t pixel) {
    return image.is_8bit() ? image.bytes()[pixel] / 255.0 : static_cast<double>(std::get<1>(image.pixels)[pixel]);
  }

  double sigma_;
  std::vector<ChannelAffine> affine_;
};

std::unique_ptr<NoisyWriter::Kernel> NoisyWriter::Kernel::gaussian(double sigma, std::vector<ChannelAffine> affine) {
  return std::make_unique<GaussianKernel>(sigma, std::move(affine));
}

}  // namespace ballast::noise
