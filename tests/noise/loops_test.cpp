// SPDX-License-Identifier: Apache-2.0
//
// Every instruction set that this processor has gives the same bits, the ones that the contracts ask for.

#include "loops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "ballast/noise/grid_table.hpp"
#include "grid_guide.hpp"
#include "kernel.hpp"

namespace ballast::noise::loops_test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Loops, AreNamedPlainFirstAndTheWidestIsInUse) {
  ASSERT_FALSE(available_loops().empty());
  EXPECT_EQ(available_loops().front()->name, "plain");
  EXPECT_EQ(&widest_loops(), available_loops().back());
}

TEST(Loops, GiveTheWordsOfPhiloxToItsContract) {
  const std::uint32_t ones = 0xffffffff;
  const Counter counters[] = {{0, 0, 0, 0}, {17, 5, 77, 3}, {ones - 30, ones, ones, 13}, {1u << 30, 1u << 31, 0, 2}};  // one wraps around
  for (const Loops* loops : available_loops()) {
    for (const Counter& counter : counters) {
      for (const Key& key : {Key{0, 0}, Key{0x89abcdef, 0x01234567}, Key{ones, ones}}) {
        std::vector<std::uint32_t> words(5 * words_at_once + 1, 42);
        loops->words(counter, key, words.size() - 1, words.data());
        for (std::uint32_t i = 0; i + 1 < words.size(); ++i) {
          const auto block = philox({counter.first_block + i / 4, counter.sample, counter.image, counter.purpose}, {key.low, key.high});
          ASSERT_EQ(words[i], block[i % 4]) << loops->name << " word " << i;
        }
        EXPECT_EQ(words.back(), 42u) << "written beyond the end";
      }
    }
  }
}

TEST(Loops, FillSpansOfAnyLengthFromAnySection) {
  const Stream stream{0x0123456789abcdef, Purpose::prediction, 77};
  for (const Loops* loops : available_loops()) {
    for (const std::uint32_t section : {0u, 1u, 3u}) {
      for (const std::size_t count : {0, 1, 3, 4, 63, 64, 65, 301}) {
        for (const std::size_t first : {0, 4, 400}) {
          std::vector<std::uint32_t> words(count + 1, 42);
          fill_words(*loops, stream, 5, section, first, std::span(words).first(count));
          for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(words[i], word_at(stream, 5, section, first + i)) << loops->name << " " << i;
          EXPECT_EQ(words.back(), 42u);
        }
      }
    }
  }
}

std::vector<Smoothing> many_smoothings() {
  std::vector<Smoothing> all;
  for (const double sigma : {0.001, 0.01, 0.05, 0.12, 0.25, 0.5, 1.0, 2.0, 5.0}) all.push_back({NoiseLaw::gaussian, sigma});
  for (const double lambda : {0x1p-10, 0.002, 0.1, 0.5, 128 / 255.0, 1.7320508075688772, 16.0}) all.push_back({NoiseLaw::uniform, lambda});
  for (const double lambda : {0.001, 0.02, 0.1767766952966369, 0.5, 2.5}) all.push_back({NoiseLaw::laplace, lambda});
  return all;
}

// Words on both sides of all thresholds and of all slots, their first and last ones, and random ones.
std::vector<std::uint32_t> telling_words(const GridTable& table, const GuideView& guide) {
  std::vector<std::uint32_t> words;
  const auto add_around = [&](std::uint32_t word) { words.insert(words.end(), {word - 1, word, word + 1}); };
  for (const std::uint64_t threshold : table.thresholds()) add_around(static_cast<std::uint32_t>(threshold >> 32));
  for (std::uint64_t slot = 0; slot < std::uint64_t{1} << guide.bits; ++slot)
    add_around(static_cast<std::uint32_t>(slot << (32 - guide.bits)));
  std::mt19937 random(11);
  for (int i = 0; i < 50'000; ++i) words.push_back(static_cast<std::uint32_t>(random()));
  return words;
}

TEST(Decide, GivesTheTablesValueWhereverItGivesOne) {
  for (const Smoothing& smoothing : many_smoothings()) {
    const GridTable table(smoothing);
    const GridGuide guide(table);
    const auto words = telling_words(table, guide.view());
    std::vector<int> least, most;  // with all lower bits 0, and 1
    for (const std::uint32_t word : words) {
      least.push_back(table.value(std::uint64_t{word} << 32));
      most.push_back(table.value(std::uint64_t{word} << 32 | 0xffffffff));
    }
    for (const Loops* loops : available_loops()) {
      std::vector<int> noise(words.size());
      loops->decide(guide.view(), words.data(), words.size(), noise.data());
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (noise[i] == undecided) continue;
        ASSERT_EQ(noise[i], least[i]) << loops->name << " scale " << smoothing.scale << " word " << words[i];
        ASSERT_EQ(noise[i], most[i]) << loops->name << " scale " << smoothing.scale << " word " << words[i];
      }
    }
  }
}

// Or else it is slow, though right.
TEST(Decide, LeavesFewWordsUndecided) {
  std::vector<std::uint32_t> words;
  for (std::uint64_t word = 0; word <= 0xffffffff; word += 0x4003) words.push_back(static_cast<std::uint32_t>(word));
  for (const double sigma : {0.01, 0.12, 0.25, 0.5, 1.0}) {
    const GridTable table({NoiseLaw::gaussian, sigma});
    const GridGuide guide(table);
    for (const Loops* loops : available_loops()) {
      std::vector<int> noise(words.size());
      loops->decide(guide.view(), words.data(), words.size(), noise.data());
      const auto left = static_cast<std::size_t>(std::count(noise.begin(), noise.end(), undecided));
      EXPECT_LE(left, words.size() / 200) << loops->name << " sigma " << sigma;
    }
  }
}

// The nearest bfloat16 by comparing distances; of two as near, the even one.
Bf16 nearest_half(float value) {
  if (std::isnan(value)) return 0x7fc0;
  if (std::isinf(value)) return value > 0 ? 0x7f80 : 0xff80;
  const auto low = static_cast<Bf16>(std::bit_cast<std::uint32_t>(value) >> 16);  // towards zero
  const auto number = [](std::uint32_t half) {
    return half % 0x8000 == 0x7f80 ? 0x1p128 : std::abs(static_cast<double>(std::bit_cast<float>(half << 16)));
  };
  const double below = std::abs(static_cast<double>(value)) - number(low), above = number(low + 1u) - std::abs(static_cast<double>(value));
  return below < above || (below == above && low % 2 == 0) ? low : static_cast<Bf16>(low + 1);
}

TEST(Store, RoundsToNearestWithTiesToEven) {
  std::vector<double> units{0.0,        -0.0,     1.0,        1 + 0x1p-8, 1 + 0x1.8p-7, 1 + 0x1p-8 + 0x1p-20, 0x1p-126,
                            0x1p-130,   0x1p-149, 0x1.8p-149, 0x1p-150,   1e-300,       0x1.fffffep127,       0x1.ffp127,
                            0x1.fep127, 1e39,     -1e39,      infinity,   -infinity,    std::nan(""),         -std::nan("")};
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto digits = static_cast<double>(static_cast<std::int64_t>(random()));
    units.push_back(std::ldexp(digits, static_cast<int>(random() % 300) - 213));
  }
  for (const ChannelAffine& affine : {ChannelAffine{1, 0}, ChannelAffine{-1.7, 0.3}, ChannelAffine{1 / 0.2023, -0.4914 / 0.2023}}) {
    for (const Loops* loops : available_loops()) {
      std::vector<float> floats(units.size());
      std::vector<Bf16> halves(units.size());
      loops->floats.store(units.data(), units.size(), affine, floats.data());
      loops->halves.store(units.data(), units.size(), affine, halves.data());
      for (std::size_t i = 0; i < units.size(); ++i) {
        const auto expected = static_cast<float>(affine.scale * units[i] + affine.offset);
        if (std::isnan(expected)) ASSERT_TRUE(std::isnan(floats[i]));
        else ASSERT_EQ(std::bit_cast<std::uint32_t>(floats[i]), std::bit_cast<std::uint32_t>(expected)) << loops->name << " " << units[i];
        ASSERT_EQ(halves[i], nearest_half(expected)) << loops->name << " " << units[i];
      }
    }
  }
}

// Pixels of every level, black and white next to each other.
Image bytes_of(const ImageShape& shape) {
  std::vector<std::uint8_t> bytes(shape.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i % 3 == 0 ? i * 37 : i % 3 == 1 ? 0 : 255);
  return {shape, bytes};
}

Image floats_of(const ImageShape& shape) {
  std::vector<float> floats(shape.size());
  for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(static_cast<double>(i) * 0.37 - 2);
  return {shape, floats};
}

// A buffer of the element type, filled with what no noise gives; strides as a layout wants them.
template <typename Element>
struct Room {
  Room(const ImageShape& shape, std::size_t channel_stride, std::size_t position_stride, std::size_t places) {
    const auto channels = static_cast<std::size_t>(shape.channels);
    const std::size_t last = (channels - 1) * channel_stride + (shape.size() / channels - 1) * position_stride;
    elements.assign(places * (last + 3), untouched);
    layout = {elements.data(), std::is_same_v<Element, Bf16> ? ElementType::bf16 : ElementType::f32, shape, last + 3, channel_stride,
              position_stride};
  }
  static constexpr Element untouched = 12345;
  std::vector<Element> elements;
  InputBuffer layout;
};

template <typename Element>
std::vector<Element> written(const Kernel& kernel, const Image& image, const Stream& stream, std::uint32_t sample,
                             std::size_t channel_stride, std::size_t position_stride) {
  constexpr std::size_t places = 2;
  Room<Element> room(image.shape, channel_stride, position_stride, places);
  for (std::size_t place = 0; place < places; ++place) {
    kernel.write(image, stream, sample + static_cast<std::uint32_t>(place), place, room.layout);
  }
  return room.elements;
}

template <typename Element>
bool equal_bits(const std::vector<Element>& a, const std::vector<Element>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Element)) == 0;
}

struct Layout {
  std::size_t channel_stride, position_stride;
};

// Everything written of an image is what the plain loops write where channels follow one another, put where the layout wants it.
template <typename Element>
void expect_equal_to_plain(const Image& image, const std::vector<const Kernel*>& kernels, const Stream& stream, std::uint32_t sample) {
  const auto channels = static_cast<std::size_t>(image.shape.channels);
  const std::size_t positions = image.shape.size() / channels;
  const auto straight = written<Element>(*kernels.front(), image, stream, sample, positions, 1);
  const Layout layouts[] = {{positions, 1}, {positions + 5, 1}, {1, channels}, {1, channels + 2}, {2 * positions, 2}};
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    for (const Layout& layout : layouts) {
      Room<Element> expected(image.shape, layout.channel_stride, layout.position_stride, 2);
      for (std::size_t place = 0; place < 2; ++place) {
        for (std::size_t c = 0; c < channels; ++c) {
          for (std::size_t p = 0; p < positions; ++p) {
            expected.elements[place * expected.layout.sample_stride + c * layout.channel_stride + p * layout.position_stride] =
                straight[place * (image.shape.size() + 2) + c * positions + p];
          }
        }
      }
      ASSERT_TRUE(equal_bits(written<Element>(*kernels[k], image, stream, sample, layout.channel_stride, layout.position_stride),
                             expected.elements))
          << available_loops()[k]->name << " " << to_string(image.shape) << " strides " << layout.channel_stride << " "
          << layout.position_stride;
    }
  }
}

TEST(Loops, WriteTheSameNoiseOfEveryKindInEveryLayout) {
  const ImageShape shapes[] = {{1, 1, 1}, {1, 28, 28}, {2, 5, 3}, {3, 1, 16}, {3, 11, 9}, {3, 32, 32}, {4, 7, 41}, {5, 3, 3}, {3, 1, 257}};
  const std::vector<double> gaussian_scales{0.01, 0.25, 1}, scales{0.01, 0.25, 2.5}, splitting_scales{30 / 510.0, 0.5, 3};
  for (const NoiseTraits& noise : noises) {
    for (const double scale : !noise.law ? splitting_scales : *noise.law == NoiseLaw::gaussian ? gaussian_scales : scales) {
      SCOPED_TRACE(testing::Message() << noise.name << " " << scale);
      const std::vector<ChannelAffine> affine{{1 / 0.2023, -0.4914 / 0.2023}, {1, 0}, {-4, 0.25}, {0.1, 1e6}, {1e-42, 0}};
      std::vector<std::unique_ptr<Kernel>> owned;
      std::vector<const Kernel*> kernels;
      for (const Loops* loops : available_loops()) {
        owned.push_back(kernel_of(noise.kind, scale, affine, *loops));
        kernels.push_back(owned.back().get());
      }
      for (const ImageShape& shape : shapes) {
        const std::uint32_t sample = 25;  // less than the splits of each
        for (const Stream& stream : {Stream{99, Purpose::estimation, 5}, Stream{0xfedcba9876543210, Purpose::selection, 0xffffffff}}) {
          expect_equal_to_plain<float>(bytes_of(shape), kernels, stream, sample);
          expect_equal_to_plain<Bf16>(bytes_of(shape), kernels, stream, sample);
          if (noise.on_grid) continue;
          expect_equal_to_plain<float>(floats_of(shape), kernels, stream, sample);
          expect_equal_to_plain<Bf16>(floats_of(shape), kernels, stream, sample);
        }
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Among words of this noise one in 200,000 is equal to a threshold's upper half, and the word of section 1 decides.
TEST(GridNoise, TakesLowerBitsFromTheirOwnSectionWhereTheUpperOnesAreEqual) {
  const Smoothing smoothing{NoiseLaw::laplace, 2.5};
  const GridTable table(smoothing);
  const ImageShape shape{1, 1024, 1024};
  const Image black{shape, std::vector<std::uint8_t>(shape.size())};
  const Stream stream{1, Purpose::estimation, 3};
  int equal = 0, told_by_section = 0;
  for (std::uint32_t sample = 0; sample < 4; ++sample) {
    std::vector<std::uint32_t> words(shape.size());
    fill_words(stream, sample, 0, 0, words);
    std::vector<float> expected(shape.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      int noise;
      if (!table.value_from_upper(words[i], noise)) {
        const auto value_with = [&](std::uint32_t lower) { return table.value(std::uint64_t{words[i]} << 32 | lower); };
        noise = value_with(word_at(stream, sample, 1, i));
        ++equal;
        told_by_section += noise != value_with(words[i]);
      }
      expected[i] = static_cast<float>(noise);
    }
    for (const Loops* loops : available_loops()) {
      std::vector<float> values(shape.size());
      const auto kernel = kernel_of(NoiseKind::laplace_grid, smoothing.scale, {{255, 0}}, *loops);
      kernel->write(black, stream, sample, 0, {values.data(), ElementType::f32, shape, shape.size(), shape.size(), 1});
      ASSERT_TRUE(values == expected) << loops->name << " sample " << sample;
    }
  }
  EXPECT_GT(equal, 15);
  EXPECT_GT(told_by_section, 5) << "lower bits of another section would have passed";
}

}  // namespace
}  // namespace ballast::noise::loops_test
