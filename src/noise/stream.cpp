// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/stream.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <cassert>
#include <random>

#include "ballast/core/sha256.hpp"

// Compiled several times over; the loader picks the widest that the processor has. The words are the same.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define BALLAST_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define BALLAST_WIDEST
#endif

namespace ballast::noise {
namespace {

constexpr std::size_t lanes = 16;

struct Counter {
  std::uint32_t first_block, sample, image, purpose;
};

// Philox on `lanes` consecutive blocks side by side; words come out in sequence.
BALLAST_WIDEST void philox_lanes(const Counter& counter, std::uint32_t key_low, std::uint32_t key_high, std::uint32_t* words) {
  alignas(64) std::uint32_t x0[lanes], x1[lanes], x2[lanes], x3[lanes];
  for (std::size_t i = 0; i < lanes; ++i) {
    x0[i] = counter.first_block + static_cast<std::uint32_t>(i);
    x1[i] = counter.sample;
    x2[i] = counter.image;
    x3[i] = counter.purpose;
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint64_t product0 = std::uint64_t{PHILOX_M4x32_0} * x0[i];
      const std::uint64_t product1 = std::uint64_t{PHILOX_M4x32_1} * x2[i];
      x0[i] = static_cast<std::uint32_t>(product1 >> 32) ^ x1[i] ^ key_low;
      x1[i] = static_cast<std::uint32_t>(product1);
      x2[i] = static_cast<std::uint32_t>(product0 >> 32) ^ x3[i] ^ key_high;
      x3[i] = static_cast<std::uint32_t>(product0);
    }
    key_low += PHILOX_W32_0;
    key_high += PHILOX_W32_1;
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    words[4 * i] = x0[i];
    words[4 * i + 1] = x1[i];
    words[4 * i + 2] = x2[i];
    words[4 * i + 3] = x3[i];
  }
}

std::uint32_t block_of(std::size_t index, std::uint32_t section) {
  assert(index < (std::size_t{1} << 32) && section < 4);
  return static_cast<std::uint32_t>(index / 4) + (section << 30);
}

std::uint32_t low(std::uint64_t seed) { return static_cast<std::uint32_t>(seed); }
std::uint32_t high(std::uint64_t seed) { return static_cast<std::uint32_t>(seed >> 32); }

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  const r123::Philox4x32 generator;
  const auto words = generator({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
  return {words[0], words[1], words[2], words[3]};
}

void fill_words(const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t first, std::span<std::uint32_t> words) {
  assert(first % 4 == 0);
  constexpr std::size_t step = 4 * lanes;
  Counter counter{0, sample, stream.image, static_cast<std::uint32_t>(stream.purpose)};
  std::size_t done = 0;
  for (; done + step <= words.size(); done += step) {
    counter.first_block = block_of(first + done, section);
    philox_lanes(counter, low(stream.seed), high(stream.seed), &words[done]);
  }
  if (done == words.size()) return;
  std::uint32_t rest[step];
  counter.first_block = block_of(first + done, section);
  philox_lanes(counter, low(stream.seed), high(stream.seed), rest);
  std::copy_n(rest, words.size() - done, &words[done]);
}

std::uint32_t word_at(const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t index) {
  return philox({block_of(index, section), sample, stream.image, static_cast<std::uint32_t>(stream.purpose)},
                {low(stream.seed), high(stream.seed)})[index % 4];
}

std::uint64_t derive_seed(std::initializer_list<std::string_view> parts) {
  Sha256 hash;
  for (const std::string_view part : parts) {
    hash.add(part);
    hash.add(std::string_view("\0", 1));
  }
  const Digest digest = hash.finish();
  std::uint64_t seed = 0;
  for (int byte = 7; byte >= 0; --byte) seed = seed << 8 | digest[static_cast<std::size_t>(byte)];
  return seed;
}

std::uint64_t fresh_seed() {
  std::random_device entropy;
  return std::uint64_t{entropy()} << 32 | entropy();
}

}  // namespace ballast::noise
