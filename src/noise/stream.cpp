// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/stream.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <cassert>
#include <random>

#include "ballast/core/sha256.hpp"
#include "loops.hpp"

namespace ballast::noise {
namespace {

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

void fill_words(const Loops& loops, const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t first,
                std::span<std::uint32_t> words) {
  assert(first % 4 == 0);
  const Key key{low(stream.seed), high(stream.seed)};
  Counter counter{block_of(first, section), sample, stream.image, static_cast<std::uint32_t>(stream.purpose)};
  const std::size_t whole = words.size() / words_at_once * words_at_once;
  loops.words(counter, key, whole, words.data());
  if (whole == words.size()) return;
  counter.first_block = block_of(first + whole, section);
  std::uint32_t rest[words_at_once];
  loops.words(counter, key, words_at_once, rest);
  std::copy_n(rest, words.size() - whole, &words[whole]);
}

void fill_words(const Stream& stream, std::uint32_t sample, std::uint32_t section, std::size_t first, std::span<std::uint32_t> words) {
  fill_words(widest_loops(), stream, sample, section, first, words);
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
