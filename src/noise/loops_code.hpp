// SPDX-License-Identifier: Apache-2.0
//
// The code of the loops. Each instruction set has a source file, which includes
// this one and is compiled with flags of its own. So everything here is local to
// that file, and calls nothing that the linker could merge with a copy compiled
// for another processor: no inline function of a header, the standard library's
// included.
//
// Compilers vectorise all loops but Philox's, which is written for Lanes: a few
// numbers of 64 bits side by side, with the operations that it needs.

#pragma once

#include <cstddef>
#include <cstdint>

#include "loops.hpp"

namespace ballast::noise {
namespace {

// Philox 4x32-10 on 2 * Lanes::count blocks side by side, which hides the time that a product takes. A state's upper 32 bits are
// whatever is left there: products and stores read the lower ones.
template <typename Lanes>
void two_blocks_a_lane(const Counter& counter, Key key, std::uint32_t* words) {
  Lanes x0[2], x1[2], x2[2], x3[2];
  for (int i = 0; i < 2; ++i) {
    x0[i] = Lanes::counting_from(counter.first_block + static_cast<std::uint32_t>(i) * Lanes::count);
    x1[i] = Lanes::all(counter.sample);
    x2[i] = Lanes::all(counter.image);
    x3[i] = Lanes::all(counter.purpose);
  }
  const Lanes first_factor = Lanes::all(0xD2511F53), second_factor = Lanes::all(0xCD9E8D57);
  for (int round = 0; round < 10; ++round) {
    const Lanes low = Lanes::all(key.low), high = Lanes::all(key.high);
    for (int i = 0; i < 2; ++i) {
      const Lanes first = product(x0[i], first_factor), second = product(x2[i], second_factor);
      x0[i] = exclusive_or(upper_half(second), x1[i], low);
      x1[i] = second;
      x2[i] = exclusive_or(upper_half(first), x3[i], high);
      x3[i] = first;
    }
    key.low += 0x9E3779B9;
    key.high += 0xBB67AE85;
  }
  for (int i = 0; i < 2; ++i) store_blocks(x0[i], x1[i], x2[i], x3[i], words + i * 4 * Lanes::count);
}

template <typename Lanes>
void fill_blocks(const Counter& counter, const Key& key, std::size_t count, std::uint32_t* words) {
  constexpr std::size_t step = std::size_t{8} * Lanes::count;
  static_assert(words_at_once % step == 0);
  Counter here = counter;
  for (std::size_t done = 0; done < count; done += step) {
    two_blocks_a_lane<Lanes>(here, key, words + done);
    here.first_block += static_cast<std::uint32_t>(step / 4);
  }
}

void decide(const GuideView& guide, const std::uint32_t* __restrict words, std::size_t count, int* __restrict noise) {
  const std::uint32_t* slots = guide.slots;
  const int shift = 32 - guide.bits, smallest = guide.smallest;
  const std::uint32_t rest_mask = (1u << shift) - 1, several = (1u << guide.bits) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t slot = slots[static_cast<std::int32_t>(words[i] >> shift)];
    const std::uint32_t rest = words[i] & rest_mask, threshold = slot & rest_mask, j = slot >> shift;
    const int value = smallest + static_cast<int>(j + (rest > threshold));
    noise[i] = ((rest == threshold) | (j == several)) ? undecided : value;
  }
}

void add_levels(const std::uint8_t* __restrict pixels, const int* __restrict noise, std::size_t count, double* __restrict units) {
  for (std::size_t i = 0; i < count; ++i) units[i] = (pixels[i] + noise[i]) / 255.0;
}

void uniform(const std::uint32_t* __restrict words, std::size_t count, double* __restrict values) {
  for (std::size_t i = 0; i < count; ++i) values[i] = 2 * ((words[i] + 0.5) * 0x1p-32) - 1;
}

void add_to_bytes(const std::uint8_t* __restrict pixels, const double* __restrict values, double scale, std::size_t count,
                  double* __restrict units) {
  for (std::size_t i = 0; i < count; ++i) units[i] = pixels[i] / 255.0 + scale * values[i];
}

void add_to_floats(const float* __restrict pixels, const double* __restrict values, double scale, std::size_t count,
                   double* __restrict units) {
  for (std::size_t i = 0; i < count; ++i) units[i] = static_cast<double>(pixels[i]) + scale * values[i];
}

void round_to(float value, float& out) { out = value; }

// NaN stays NaN.
void round_to(float value, Bf16& out) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  out = static_cast<Bf16>(value == value ? rounded : 0x7fc0);
}

template <typename Element>
void store(const double* __restrict units, std::size_t count, const ChannelAffine& affine, Element* __restrict out) {
  const double scale = affine.scale, offset = affine.offset;
  for (std::size_t i = 0; i < count; ++i) round_to(static_cast<float>(scale * units[i] + offset), out[i]);
}

template <std::size_t channels, typename Element>
void interleave(const Element* __restrict rows, std::size_t count, Element* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < channels; ++c) out[channels * i + c] = rows[c * row_length + i];
  }
}

template <typename Element>
void spread(const Element* __restrict rows, std::size_t channels, std::size_t count, std::size_t stride, Element* __restrict out) {
  if (channels == stride && channels == 2) return interleave<2>(rows, count, out);
  if (channels == stride && channels == 3) return interleave<3>(rows, count, out);
  if (channels == stride && channels == 4) return interleave<4>(rows, count, out);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < channels; ++c) out[i * stride + c] = rows[c * row_length + i];
  }
}

template <typename Lanes>
constexpr Loops loops_of(std::string_view name) {
  return {name,
          fill_blocks<Lanes>,
          decide,
          add_levels,
          uniform,
          add_to_bytes,
          add_to_floats,
          {store<float>, spread<float>},
          {store<Bf16>, spread<Bf16>}};
}

}  // namespace
}  // namespace ballast::noise
