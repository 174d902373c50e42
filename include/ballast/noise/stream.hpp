// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random bits: a pure function of (seed, purpose, image, sample,
// pixel), so that batch size, threads, order and resuming cannot change them.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace ballast::noise {

// What a draw is for. No two purposes ever share one: the theorem needs fresh
// draws for the estimate, and noise independent of how the model was trained.
enum class Purpose : std::uint32_t {
  selection = 1,   // CERTIFY: guessing the class
  estimation = 2,  // CERTIFY: bounding its probability
  prediction = 3,  // PREDICT
  evaluation = 4,  // accuracy of the base classifier under one draw
  training = 5,
  augmentation = 6,
  initialisation = 7,
  shuffling = 8,
  measurement = 9,  // benchmarks
  splitting = 10,   // where each pixel's splits begin, for all images alike
  validation = 11,  // of a network that is being trained
  attack = 12,      // the copies that an attack climbs by; its success is judged by others
  auditing = 13,    // fresh draws that a log's claims are held against
};

// All draws of one image for one purpose.
struct Stream {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::estimation;
  std::uint32_t image = 0;
};

// Philox 4x32-10 (Salmon et al. 2011): four words for one counter and key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// Words `first` to `first + words.size() - 1` of one sample, where word i is
// component i mod 4 of the block with counter (i / 4 + section * 2^30, sample,
// image, purpose) under the key `seed`. Requires first to be a multiple of 4
// and section < 4; each section holds 2^32 words.
void fill_words(const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t first, std::span<std::uint32_t> words);

// One word of that sequence.
std::uint32_t word_at(const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t index);

// A seed that anybody can compute again: the first eight bytes, little-endian,
// of the SHA-256 of the parts, each followed by a zero byte.
std::uint64_t derive_seed(std::initializer_list<std::string_view> parts);

// 64 bits of the system's entropy, which nobody could know beforehand.
std::uint64_t fresh_seed();

}  // namespace ballast::noise
