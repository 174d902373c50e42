// SPDX-License-Identifier: Apache-2.0
//
// How an image goes to its place in the input buffer, whatever its layout.

#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "loops.hpp"

namespace ballast::noise {

// The words of pixels first ... first + count - 1, of which there are at most row_length.
class RowWords {
 public:
  RowWords(const Loops& loops, const Stream& stream, std::uint32_t sample, std::size_t first, std::size_t count)
      : before_(first % 4), blocks_((before_ + count + 3) / 4) {
    fill_words(loops, stream, sample, 0, first - before_,
               std::span(words_).first((4 * blocks_ + words_at_once - 1) / words_at_once * words_at_once));
  }
  const std::uint32_t* of_pixels() const { return words_.data() + before_; }

  // With those of the pixels that share the first one's block and the last one's.
  std::span<const std::uint32_t> of_blocks() const { return std::span(words_).first(4 * blocks_); }
  std::size_t before() const { return before_; }  // how many of them come before the first pixel's

 private:
  std::size_t before_, blocks_;
  alignas(64) std::array<std::uint32_t, row_length + words_at_once> words_;
};

template <typename Element, typename Fill>
void write_rows_as(const StoringLoops<Element>& storing, std::span<const ChannelAffine> affine, std::size_t place,
                   const InputBuffer& buffer, const Fill& fill) {
  constexpr std::size_t most_together = 4;  // channels whose values are stored together
  const auto channels = static_cast<std::size_t>(buffer.shape.channels);
  const std::size_t positions = buffer.shape.size() / channels;
  const std::size_t together = buffer.channel_stride == 1 && buffer.position_stride == channels && channels <= most_together ? channels : 1;
  alignas(64) std::array<double, row_length> units;
  alignas(64) std::array<Element, most_together * row_length> rows;
  for (std::size_t position = 0; position < positions; position += row_length) {
    const std::size_t count = std::min(row_length, positions - position);
    for (std::size_t channel = 0; channel < channels; ++channel) {
      Element* out = static_cast<Element*>(buffer.data) + place * buffer.sample_stride + channel * buffer.channel_stride +
                     position * buffer.position_stride;
      fill(channel * positions + position, count, units.data());
      if (buffer.position_stride == 1) {
        storing.store(units.data(), count, affine[channel], out);
        continue;
      }
      const std::size_t row = channel % together;
      storing.store(units.data(), count, affine[channel], &rows[row * row_length]);
      if (row + 1 == together) storing.spread(rows.data(), together, count, buffer.position_stride, out - row);
    }
  }
}

// Writes an image, normalised: fill(first, count, units) gives `count` pixels from number `first` on as the noise makes them of the
// image, in units of [0, 1], where count is at most row_length.
template <typename Fill>
void write_rows(const Loops& loops, std::span<const ChannelAffine> affine, std::size_t place, const InputBuffer& buffer, const Fill& fill) {
  if (buffer.type == ElementType::bf16) write_rows_as(loops.halves, affine, place, buffer, fill);
  else write_rows_as(loops.floats, affine, place, buffer, fill);
}

}  // namespace ballast::noise
