// SPDX-License-Identifier: Apache-2.0
//
// The loops over pixels, which noise spends its time in, compiled for several
// instruction sets. What they compute is the same to the bit on all: integers,
// and the basic operations of IEEE 754, never contracted.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ballast/core/input_buffer.hpp"
#include "ballast/noise/stream.hpp"

namespace ballast::noise {

using Bf16 = std::uint16_t;

// Of Philox: block i has the counter (first_block + i, sample, image, purpose).
struct Counter {
  std::uint32_t first_block, sample, image, purpose;
};
struct Key {
  std::uint32_t low, high;
};

// See GridGuide, which owns the slots.
struct GuideView {
  const std::uint32_t* slots;
  int bits;
  int smallest;
};

constexpr int undecided = -0x7fffffff - 1;  // what decide gives where it cannot tell the noise

template <typename Element>
struct StoringLoops {
  // out[i] = units[i] as the model wants it, rounded to nearest with ties to even.
  void (*store)(const double* units, std::size_t count, const ChannelAffine& affine, Element* out);
  // out[i * stride + c] = rows[c * row_length + i] for c < channels.
  void (*spread)(const Element* rows, std::size_t channels, std::size_t count, std::size_t stride, Element* out);
};

struct Loops {
  std::string_view name;
  // Whole blocks: count is a multiple of words_at_once.
  void (*words)(const Counter& counter, const Key& key, std::size_t count, std::uint32_t* words);
  // The noise of each word on the grid, in levels, or undecided.
  void (*decide)(const GuideView& guide, const std::uint32_t* words, std::size_t count, int* noise);
  // units[i] = (pixels[i] + noise[i]) / 255
  void (*add_levels)(const std::uint8_t* pixels, const int* noise, std::size_t count, double* units);
  // Of each word a value that is uniform on (-1, 1): exact.
  void (*uniform)(const std::uint32_t* words, std::size_t count, double* values);
  // units[i] = pixels[i] + scale * values[i], where bytes are pixels of 1/255.
  void (*add_to_bytes)(const std::uint8_t* pixels, const double* values, double scale, std::size_t count, double* units);
  void (*add_to_floats)(const float* pixels, const double* values, double scale, std::size_t count, double* units);
  StoringLoops<float> floats;
  StoringLoops<Bf16> halves;
};

constexpr std::size_t words_at_once = 64;
constexpr std::size_t row_length = 256;  // pixels that go through the loops together, so that all of theirs stays in the first cache

extern const Loops plain_loops;  // for every processor

// Those that this processor can run, the plain ones first and the widest last.
std::span<const Loops* const> available_loops();

// The widest, chosen when the program loads.
const Loops& widest_loops();

// The public fill_words by these loops.
void fill_words(const Loops& loops, const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t first,
                std::span<std::uint32_t> words);

}  // namespace ballast::noise
