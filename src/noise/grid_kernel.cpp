// SPDX-License-Identifier: Apache-2.0
//
// Exact noise on the 8-bit grid: integers until the last step, which is one
// look-up in a table that holds the model's normalisation too.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ballast/core/errors.hpp"
#include "ballast/noise/grid_table.hpp"
#include "kernel.hpp"
#include "store.hpp"

namespace ballast::noise {
namespace {

// Value of pixel + noise in the engine's own type, for one channel after another.
template <typename Element>
class ValueTable {
 public:
  ValueTable(const GridTable& noise, const std::vector<ChannelAffine>& affine)
      : offset_(-noise.smallest()), row_(static_cast<std::size_t>(256 + noise.largest() - noise.smallest())) {
    for (const ChannelAffine& channel : affine) {
      for (std::size_t i = 0; i < row_; ++i) {
        values_.push_back(stored<Element>(apply(channel, (static_cast<double>(i) - offset_) / 255.0)));
      }
    }
  }

  // Indexed by pixel + noise, which may lie outside 0..255: nothing is clamped.
  const Element* of_channel(std::size_t channel) const { return &values_[channel * row_ + static_cast<std::size_t>(offset_)]; }

 private:
  int offset_;
  std::size_t row_;
  std::vector<Element> values_;
};

constexpr std::uint32_t upper_section = 0;
constexpr std::uint32_t lower_section = 1;

}  // namespace

class NoisyWriter::GridKernel : public NoisyWriter::Kernel {
 public:
  GridKernel(const Smoothing& smoothing, std::vector<ChannelAffine> affine)
      : table_(smoothing), floats_(table_, affine), halves_(table_, affine) {}

  void check(const Image& image) const override {
    require(image.is_8bit(), fmt::format("grid noise needs images of 8-bit pixels, and these are floats: use --noise {}",
                                         traits(table_.smoothing().law).name));
  }

  void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place, const InputBuffer& buffer) const override {
    if (buffer.type == ElementType::bf16) write_as(halves_, image, stream, sample, place, buffer);
    else write_as(floats_, image, stream, sample, place, buffer);
  }

  double noise_error(std::size_t pixels) const override { return static_cast<double>(pixels) * table_.noise_error(); }

 private:
  template <typename Element>
  void write_as(const ValueTable<Element>& values, const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place,
                const InputBuffer& buffer) const {
    const std::size_t positions = image.shape.size() / static_cast<std::size_t>(image.shape.channels);
    const std::uint8_t* pixels = image.bytes().data();
    Element* start = static_cast<Element*>(buffer.data) + place * buffer.sample_stride;
    std::array<std::uint32_t, 256> words;
    std::size_t channel = 0, position = 0;
    for (std::size_t first = 0; first < image.shape.size(); first += words.size()) {
      const std::size_t count = std::min(words.size(), image.shape.size() - first);
      fill_words(stream, sample, upper_section, first, std::span(words).first(count));
      for (std::size_t done = 0; done < count;) {
        const std::size_t run = std::min(count - done, positions - position);
        const Element* value = values.of_channel(channel);
        Element* out = start + channel * buffer.channel_stride + position * buffer.position_stride;
        for (std::size_t i = 0; i < run; ++i) {
          int noise;
          if (!table_.value_from_upper(words[done + i], noise)) [[unlikely]] {
            noise = with_lower_bits(words[done + i], stream, sample, first + done + i);
          }
          out[i * buffer.position_stride] = value[pixels[first + done + i] + noise];
        }
        done += run;
        position += run;
        if (position == positions) position = 0, ++channel;
      }
    }
  }

  int with_lower_bits(std::uint32_t upper, const Stream& stream, std::uint32_t sample, std::size_t pixel) const {
    return table_.value(std::uint64_t{upper} << 32 | word_at(stream, sample, lower_section, pixel));
  }

  GridTable table_;
  ValueTable<float> floats_;
  ValueTable<Bf16> halves_;
};

std::unique_ptr<NoisyWriter::Kernel> NoisyWriter::Kernel::grid(const Smoothing& smoothing, std::vector<ChannelAffine> affine) {
  return std::make_unique<GridKernel>(smoothing, std::move(affine));
}

}  // namespace ballast::noise
