// SPDX-License-Identifier: Apache-2.0
//
// Exact noise on the 8-bit grid: integers until it is added to the pixel.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ballast/core/errors.hpp"
#include "ballast/noise/grid_table.hpp"
#include "grid_guide.hpp"
#include "kernel.hpp"
#include "rows.hpp"

namespace ballast::noise {
namespace {

constexpr std::uint32_t lower_section = 1;  // of the stream: its word i is the lower 32 bits of pixel i, and section 0's the upper ones
constexpr std::size_t group = 16;           // of values that are asked together whether one is undecided

class GridKernel : public Kernel {
 public:
  GridKernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine, const Loops& loops)
      : loops_(loops), table_(smoothing), guide_(table_), affine_(std::move(affine)) {}

  void check(const Image& image) const override {
    require(image.is_8bit(), fmt::format("grid noise needs images of 8-bit pixels, and these are floats: use --noise {}",
                                         traits(table_.smoothing().law).name));
  }

  void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place, const InputBuffer& buffer) const override {
    const std::uint8_t* pixels = image.bytes().data();
    write_rows(loops_, affine_, place, buffer, [&](std::size_t first, std::size_t count, double* units) {
      const RowWords words(loops_, stream, sample, first, count);
      std::array<int, row_length + group> noise;
      loops_.decide(guide_.view(), words.of_pixels(), count, noise.data());
      std::fill_n(&noise[count], group, 0);
      for (std::size_t i = 0; i < count; i += group) {
        if (!any_undecided(&noise[i])) [[likely]]
          continue;
        for (std::size_t k = i; k < i + group; ++k) {
          if (noise[k] == undecided) noise[k] = by_table(words.of_pixels()[k], stream, sample, first + k);
        }
      }
      loops_.add_levels(pixels + first, noise.data(), count, units);
    });
  }

  double noise_error(std::size_t pixels) const override { return static_cast<double>(pixels) * table_.noise_error(); }

 private:
  static bool any_undecided(const int* noise) {
    int found = 0;
    for (std::size_t k = 0; k < group; ++k) found |= noise[k] == undecided;
    return found != 0;
  }

  int by_table(std::uint32_t upper, const Stream& stream, std::uint32_t sample, std::size_t pixel) const {
    int noise;
    if (table_.value_from_upper(upper, noise)) return noise;
    return table_.value(std::uint64_t{upper} << 32 | word_at(stream, sample, lower_section, pixel));
  }

  const Loops& loops_;
  GridTable table_;
  GridGuide guide_;
  std::vector<ChannelAffine> affine_;
};

}  // namespace

std::unique_ptr<Kernel> grid_kernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine, const Loops& loops) {
  return std::make_unique<GridKernel>(smoothing, std::move(affine), loops);
}

}  // namespace ballast::noise
