// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/stream.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace ballast::noise::stream_test {
namespace {

// Known answers published with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}), (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Words, AreTheOnesThatPhiloxGivesForTheCounterInTheContract) {
  const Stream stream{0x0123456789abcdef, Purpose::prediction, 77};
  for (const std::uint32_t section : {0u, 1u, 3u}) {
    std::vector<std::uint32_t> words(301);
    fill_words(stream, 5, section, 0, words);
    for (std::uint32_t i = 0; i < words.size(); ++i) {
      const auto block = philox({i / 4 + (section << 30), 5, 77, 3}, {0x89abcdef, 0x01234567});
      ASSERT_EQ(words[i], block[i % 4]) << "word " << i;
      ASSERT_EQ(words[i], word_at(stream, 5, section, i));
    }
  }
}

TEST(Words, ComeBackTheSameAfterGoingElsewhere) {
  const Stream stream{42, Purpose::estimation, 3};
  std::vector<std::uint32_t> before(1000), elsewhere(1000), after(1000);
  fill_words(stream, 9, 0, 0, before);
  fill_words(stream, 10, 0, 0, elsewhere);
  for (std::size_t first = 0; first < 1000; first += 40) fill_words(stream, 9, 0, first, std::span(after).subspan(first, 40));
  EXPECT_EQ(before, after);
  EXPECT_NE(before, elsewhere);
}

TEST(Words, AreNeverSharedBetweenSeedsPurposesImagesOrSamples) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  for (const std::uint64_t seed : {1ull, 2ull, 1ull << 32}) {
    for (const Purpose purpose : {Purpose::selection, Purpose::estimation}) {
      for (std::uint32_t image = 0; image < 4; ++image) {
        for (std::uint32_t sample = 0; sample < 4; ++sample) {
          std::vector<std::uint32_t> words(8);
          fill_words({seed, purpose, image}, sample, 0, 0, words);
          for (std::size_t i = 0; i < 8; i += 2, ++drawn) seen.insert(std::uint64_t{words[i]} << 32 | words[i + 1]);
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), drawn);  // a chance collision has probability below 1e-14
}

TEST(Seed, DependsOnEveryPartAndOnWherePartsEnd) {
  EXPECT_EQ(derive_seed({"a", "b"}), derive_seed({"a", "b"}));
  EXPECT_NE(derive_seed({"a", "b"}), derive_seed({"ab"}));
  EXPECT_NE(derive_seed({"a", "b"}), derive_seed({"b", "a"}));
  EXPECT_EQ(derive_seed({}), 0x141cfc9842c4b0e3ull);  // of SHA-256 of nothing: e3 b0 c4 42 98 fc 1c 14 ...
}

}  // namespace
}  // namespace ballast::noise::stream_test
