// SPDX-License-Identifier: Apache-2.0
//
// Float noise, as the papers' own experiments add it: for images that are not
// 8-bit, and for comparison.

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kernel.hpp"
#include "rows.hpp"
#include "scale.hpp"

namespace ballast::noise {
namespace {

// Two standard normal values from two words, by the Box-Muller transform.
std::array<float, 2> box_muller(std::uint32_t first, std::uint32_t second) {
  const float uniform = (static_cast<float>(first) + 0.5f) * 0x1p-32f;  // in (0, 1]
  const float length = std::sqrt(-2.0f * std::log(uniform));
  const float angle = static_cast<float>(second) * static_cast<float>(2 * std::numbers::pi * 0x1p-32);
  return {length * std::cos(angle), length * std::sin(angle)};
}

void gaussian(std::span<const std::uint32_t> words, double* values) {
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto [first, second] = box_muller(words[i], words[i + 1]);
    values[i] = first;
    values[i + 1] = second;
  }
}

// Strictly between 0 and 1, and symmetric: exact.
double unit(std::uint32_t word) { return (word + 0.5) * 0x1p-32; }

// Density exp(-|e|)/2, by the inverse of its distribution function.
double laplace(std::uint32_t word) {
  const double u = unit(word);
  return u < 0.5 ? std::log(2 * u) : -std::log(2 * (1 - u));
}

class FloatKernel : public Kernel {
 public:
  FloatKernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine, const Loops& loops)
      : loops_(loops), smoothing_(smoothing), affine_(std::move(affine)) {
    require_scale(smoothing, "noise", 16);
  }

  void check(const Image&) const override {}

  void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place, const InputBuffer& buffer) const override {
    write_rows(loops_, affine_, place, buffer, [&](std::size_t first, std::size_t count, double* units) {
      const RowWords words(loops_, stream, sample, first, count);
      std::array<double, row_length + 8> values;
      fill_values(words.of_blocks(), values.data());
      const double* own = values.data() + words.before();
      if (image.is_8bit()) loops_.add_to_bytes(image.bytes().data() + first, own, smoothing_.scale, count, units);
      else loops_.add_to_floats(std::get<1>(image.pixels).data() + first, own, smoothing_.scale, count, units);
    });
  }

 private:
  // Noise of scale 1 from the words of whole blocks.
  void fill_values(std::span<const std::uint32_t> words, double* values) const {
    switch (smoothing_.law) {
      case NoiseLaw::gaussian: return gaussian(words, values);
      case NoiseLaw::uniform: return loops_.uniform(words.data(), words.size(), values);
      case NoiseLaw::laplace: std::transform(words.begin(), words.end(), values, laplace);
    }
  }

  const Loops& loops_;
  Smoothing smoothing_;
  std::vector<ChannelAffine> affine_;
};

}  // namespace

std::unique_ptr<Kernel> float_kernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine, const Loops& loops) {
  return std::make_unique<FloatKernel>(smoothing, std::move(affine), loops);
}

}  // namespace ballast::noise
