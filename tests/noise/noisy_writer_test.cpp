// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/noisy_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/noise/grid_table.hpp"

namespace ballast::noise::noisy_writer_test {
namespace {

constexpr double false_alarm_deviations = 5.0;  // two-sided false-alarm probability 5.7e-7
constexpr double false_alarm = 1e-6;

constexpr NoiseKind drawn_kinds[] = {NoiseKind::grid,    NoiseKind::gaussian,     NoiseKind::uniform_grid,
                                     NoiseKind::uniform, NoiseKind::laplace_grid, NoiseKind::laplace};
constexpr NoiseKind grid_kinds[] = {NoiseKind::grid, NoiseKind::uniform_grid, NoiseKind::laplace_grid};
constexpr NoiseKind all_kinds[] = {NoiseKind::grid,         NoiseKind::gaussian, NoiseKind::uniform_grid, NoiseKind::uniform,
                                   NoiseKind::laplace_grid, NoiseKind::laplace,  NoiseKind::split};

// One that each kind takes.
double a_scale(NoiseKind kind) { return kind == NoiseKind::split ? 0.5 : 0.25; }

Image ramp(ImageShape shape) {
  std::vector<std::uint8_t> bytes(shape.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 % 256);
  return {shape, bytes};
}

struct Buffer {
  explicit Buffer(const ImageShape& shape, int places, bool channels_last = false)
      : values(shape.size() * static_cast<std::size_t>(places)), halves(values.size()) {
    const auto channels = static_cast<std::size_t>(shape.channels);
    const std::size_t positions = shape.size() / channels;
    layout = {values.data(), ElementType::f32, shape, shape.size(), channels_last ? 1 : positions, channels_last ? channels : 1};
  }
  InputBuffer as_bf16() {
    InputBuffer other = layout;
    other.data = halves.data();
    other.type = ElementType::bf16;
    return other;
  }
  std::vector<float> values;
  std::vector<std::uint16_t> halves;
  InputBuffer layout;
};

const std::vector<ChannelAffine> normalised{{2, -0.5}, {1, 0}, {4, 0.25}};

TEST(GridNoise, IsTheTablesValueOfThePixelsOwnWordAddedToThePixel) {
  const ImageShape shape{3, 11, 9};  // 297 pixels: not a multiple of anything
  const Image image = ramp(shape);
  for (const NoiseKind kind : grid_kinds) {
    const GridTable table({*traits(kind).law, 0.5});
    const NoisyWriter writer(kind, 0.5, normalised);
    const Stream stream{99, Purpose::estimation, 5};
    Buffer buffer(shape, 3);
    writer.write(image, stream, 1000, 3, buffer.layout);
    for (std::uint32_t place = 0; place < 3; ++place) {
      for (std::size_t pixel = 0; pixel < shape.size(); ++pixel) {
        const std::uint64_t bits = std::uint64_t{word_at(stream, 1000 + place, 0, pixel)} << 32 | word_at(stream, 1000 + place, 1, pixel);
        const ChannelAffine& affine = normalised[pixel / 99];
        const double expected = affine.scale * ((image.bytes()[pixel] + table.value(bits)) / 255.0) + affine.offset;
        ASSERT_EQ(buffer.values[place * shape.size() + pixel], static_cast<float>(expected));
      }
    }
    EXPECT_EQ(writer.noise_error(3072), 3072 * table.noise_error());
  }
}

// Noise of scale 1 from a pixel's place among four, and the four words.
using Formula = std::function<double(std::size_t, const std::array<std::uint32_t, 4>&)>;

double unit(std::uint32_t word) { return (word + 0.5) / 4294967296.0; }

double box_muller(std::size_t place, const std::array<std::uint32_t, 4>& words) {
  const std::size_t pair = place / 2 * 2;
  const float length = std::sqrt(-2.0f * std::log((static_cast<float>(words[pair]) + 0.5f) * 0x1p-32f));
  const float angle = static_cast<float>(words[pair + 1]) * static_cast<float>(2 * std::numbers::pi * 0x1p-32);
  return place % 2 == 0 ? length * std::cos(angle) : length * std::sin(angle);
}

double inverse_laplace(std::size_t place, const std::array<std::uint32_t, 4>& words) {
  const double u = unit(words[place]);
  return u < 0.5 ? std::log(2 * u) : -std::log(2 * (1 - u));
}

double inverse_uniform(std::size_t place, const std::array<std::uint32_t, 4>& words) { return 2 * unit(words[place]) - 1; }

TEST(FloatNoise, IsItsFormulaOfTheStreamsOwnWords) {
  const ImageShape shape{3, 11, 9};
  const Image image = ramp(shape);
  const Stream stream{99, Purpose::estimation, 5};
  const std::pair<NoiseKind, Formula> formulas[] = {
      {NoiseKind::gaussian, box_muller}, {NoiseKind::uniform, inverse_uniform}, {NoiseKind::laplace, inverse_laplace}};
  for (const auto& [kind, formula] : formulas) {
    Buffer buffer(shape, 1);
    NoisyWriter(kind, 0.37, normalised).write(image, stream, 17, 1, buffer.layout);
    for (std::size_t pixel = 0; pixel < shape.size(); ++pixel) {
      std::array<std::uint32_t, 4> words;
      fill_words(stream, 17, 0, pixel / 4 * 4, words);
      const ChannelAffine& affine = normalised[pixel / 99];
      const double noisy = image.bytes()[pixel] / 255.0 + 0.37 * formula(pixel % 4, words);
      ASSERT_EQ(buffer.values[pixel], static_cast<float>(affine.scale * noisy + affine.offset)) << traits(kind).name << " " << pixel;
    }
  }
}

TEST(Noise, DoesNotDependOnHowSamplesAreBatchedOrLaidOut) {
  const ImageShape shape{3, 7, 5};
  const Image image = ramp(shape);
  for (const NoiseKind kind : all_kinds) {
    const NoisyWriter writer(kind, a_scale(kind), normalised);
    const Stream stream{1, Purpose::selection, 2};
    Buffer together(shape, 6), apart(shape, 6), last(shape, 6, true);
    writer.write(image, stream, 10, 6, together.layout);
    writer.write(image, stream, 10, 6, last.layout);
    for (std::uint32_t i = 0; i < 6; ++i) {
      InputBuffer one = apart.layout;
      one.data = apart.values.data() + i * shape.size();
      writer.write(image, stream, 10 + i, 1, one);
    }
    EXPECT_EQ(together.values, apart.values);
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t p = 0; p < 35; ++p) ASSERT_EQ(together.values[i * 105 + c * 35 + p], last.values[i * 105 + p * 3 + c]);
      }
    }
  }
}

TEST(Noise, IsRoundedToBf16FromTheSameValues) {
  const ImageShape shape{3, 8, 8};
  for (const NoiseKind kind : all_kinds) {
    const NoisyWriter writer(kind, a_scale(kind), normalised);
    Buffer buffer(shape, 1);
    writer.write(ramp(shape), {3, Purpose::prediction, 0}, 0, 1, buffer.layout);
    writer.write(ramp(shape), {3, Purpose::prediction, 0}, 0, 1, buffer.as_bf16());
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const float half = std::bit_cast<float>(std::uint32_t{buffer.halves[i]} << 16);
      ASSERT_NEAR(half, buffer.values[i], std::abs(buffer.values[i]) * 0x1p-8);
    }
  }
}

// The variance of the noise, and the standard deviation of its square.
std::pair<double, double> variance_of(NoiseLaw law, double scale) {
  const double square = scale * scale;
  if (law == NoiseLaw::uniform) return {square / 3, square * std::sqrt(4.0 / 45)};
  if (law == NoiseLaw::laplace) return {2 * square, square * std::sqrt(20.0)};
  return {square, square * std::sqrt(2.0)};
}

// Mean and variance of 2 million values, each within 5 standard errors.
TEST(Noise, HasTheMeanAndVarianceThatItClaims) {
  const ImageShape shape{1, 32, 32};
  const Image grey{shape, std::vector<std::uint8_t>(shape.size(), 128)};
  for (const NoiseKind kind : drawn_kinds) {
    const double scale = 0.25;
    const auto [variance, spread] = variance_of(*traits(kind).law, scale);
    const NoisyWriter writer(kind, scale, {{1, 0}});
    Buffer buffer(shape, 2000);
    writer.write(grey, {2026, Purpose::evaluation, 0}, 0, 2000, buffer.layout);
    double sum = 0, squares = 0;
    for (const float value : buffer.values) {
      const double noise = value - 128 / 255.0;
      sum += noise;
      squares += noise * noise;
    }
    const auto count = static_cast<double>(buffer.values.size());
    EXPECT_NEAR(sum / count, 0, false_alarm_deviations * std::sqrt(variance / count)) << traits(kind).name;
    const double rounding = traits(kind).on_grid ? 1.0 / (12 * 255 * 255) : 0;
    EXPECT_NEAR(squares / count, variance + rounding, false_alarm_deviations * spread / std::sqrt(count)) << traits(kind).name;
  }
}

double distribution(NoiseLaw law, double e) {
  if (law == NoiseLaw::uniform) return (e + 1) / 2;
  if (law == NoiseLaw::laplace) return e < 0 ? std::exp(e) / 2 : 1 - std::exp(-e) / 2;
  return std::erfc(-e / std::numbers::sqrt2) / 2;
}

// Kolmogorov and Smirnov, at the limit of Dvoretzky, Kiefer, Wolfowitz and Massart: P(D > c / sqrt(n)) <= 2 exp(-2 c^2).
TEST(FloatNoise, FollowsItsLaw) {
  const ImageShape shape{1, 32, 32};
  const Image black{shape, std::vector<float>(shape.size())};
  for (const NoiseKind kind : {NoiseKind::gaussian, NoiseKind::uniform, NoiseKind::laplace}) {
    Buffer buffer(shape, 1000);
    NoisyWriter(kind, 1, {{1, 0}}).write(black, {2027, Purpose::evaluation, 0}, 0, 1000, buffer.layout);
    std::sort(buffer.values.begin(), buffer.values.end());
    const auto count = static_cast<double>(buffer.values.size());
    double distance = 0;
    for (std::size_t i = 0; i < buffer.values.size(); ++i) {
      const double below = distribution(*traits(kind).law, buffer.values[i]);
      distance = std::max({distance, below - static_cast<double>(i) / count, static_cast<double>(i + 1) / count - below});
    }
    EXPECT_LT(distance * std::sqrt(count), std::sqrt(std::log(2 / false_alarm) / 2)) << traits(kind).name;
  }
}

TEST(UniformNoise, StaysWithinItsWidth) {
  const ImageShape shape{1, 64, 64};
  const Image grey{shape, std::vector<std::uint8_t>(shape.size(), 128)};
  const double lambda = 0.1;  // 25.5 levels
  for (const NoiseKind kind : {NoiseKind::uniform_grid, NoiseKind::uniform}) {
    Buffer buffer(shape, 100);
    NoisyWriter(kind, lambda, {{1, 0}}).write(grey, {5, Purpose::estimation, 0}, 0, 100, buffer.layout);
    for (const float value : buffer.values) ASSERT_LE(std::abs(value - 128 / 255.0), lambda + 0.5 / 255 + 1e-7) << traits(kind).name;
  }
}

double probability_of(const GridTable& table, int level) {
  const auto& t = table.thresholds();
  if (level < table.smallest() || level > table.largest()) return 0;
  const auto index = static_cast<std::size_t>(level - table.smallest());
  const std::uint64_t from = index == 0 ? 0 : t[index - 1], to = index == t.size() ? 0 : t[index];
  return std::ldexp(static_cast<double>(to - from), -64);
}

// Chi-squared over the values of grid noise, at the table's own probabilities. Its limit is Laurent and Massart's:
// P(chi^2_d > d + 2 sqrt(d x) + 2x) <= exp(-x).
TEST(GridNoise, FollowsItsTable) {
  const ImageShape shape{1, 64, 64};
  const Image image{shape, std::vector<std::uint8_t>(shape.size(), 100)};
  const double scale = 0.02;  // about 5 grey levels
  constexpr int most = 15;
  for (const NoiseKind kind : grid_kinds) {
    const GridTable table({*traits(kind).law, scale});
    Buffer buffer(shape, 500);
    NoisyWriter(kind, scale, {{255, 0}}).write(image, {7, Purpose::estimation, 1}, 0, 500, buffer.layout);
    const auto count = static_cast<double>(buffer.values.size());
    std::vector<double> seen(2 * most + 2), expected(seen.size());  // the last one: all values beyond
    for (const float value : buffer.values) {
      const long level = std::lround(value) - 100;
      ++seen[std::abs(level) <= most ? static_cast<std::size_t>(level + most) : seen.size() - 1];
    }
    for (int level = -most; level <= most; ++level) expected[static_cast<std::size_t>(level + most)] = count * probability_of(table, level);
    for (int level = most + 1; level <= table.largest(); ++level) expected.back() += 2 * count * probability_of(table, level);
    double chi_squared = 0;
    double cells = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (expected[i] == 0) {
        EXPECT_EQ(seen[i], 0) << traits(kind).name << " " << i;
        continue;
      }
      chi_squared += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
      ++cells;
    }
    const double x = -std::log(false_alarm);
    EXPECT_LT(chi_squared, cells + 2 * std::sqrt(cells * x) + 2 * x) << traits(kind).name;
  }
}

TEST(Noise, RefusesFloatImagesWhereItNeedsBytes) {
  const Image floats{{1, 1, 1}, std::vector<float>{0.5f}};
  for (const NoiseKind kind : all_kinds) {
    const NoisyWriter writer(kind, a_scale(kind), {{1, 0}});
    if (traits(kind).on_grid) EXPECT_THROW(writer.check(floats), InputError) << traits(kind).name;
    else EXPECT_NO_THROW(writer.check(floats)) << traits(kind).name;
    EXPECT_NO_THROW(writer.check(ramp({1, 2, 2})));
  }
}

TEST(Noise, NamesTheNoiseThatFloatImagesTake) {
  const NoisyWriter writer(NoiseKind::laplace_grid, 0.25, {{1, 0}});
  try {
    writer.check({{1, 1, 1}, std::vector<float>{0.5f}});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "grid noise needs images of 8-bit pixels, and these are floats: use --noise laplace");
  }
}

TEST(Noise, RefusesAScaleThatCannotBe) {
  for (const NoiseKind kind : all_kinds) {
    for (const double scale : {0.0, -0.25, 0.0009, 17.0, std::nan("")}) {
      EXPECT_THROW(NoisyWriter(kind, scale, {{1, 0}}), InputError) << traits(kind).name << " " << scale;
    }
  }
}

TEST(Noise, IsWrittenOnlyWhereTheImageFits) {
  const ImageShape shape{3, 4, 4}, of_one{1, 4, 4}, wider{3, 4, 5};
  Buffer buffer(wider, 1);
  for (const NoiseKind kind : all_kinds) {
    const Stream stream{1, Purpose::estimation, 0};
    const auto write = [&](const std::vector<ChannelAffine>& affine, const Image& image, const ImageShape& room) {
      InputBuffer layout = buffer.layout;
      layout.shape = room;
      NoisyWriter(kind, a_scale(kind), affine).write(image, stream, 0, 1, layout);
    };
    EXPECT_NO_THROW(write(normalised, ramp(shape), shape));
    EXPECT_THROW(write({{1, 0}}, ramp(shape), shape), std::logic_error) << traits(kind).name;
    EXPECT_THROW(write(normalised, ramp(of_one), of_one), std::logic_error) << traits(kind).name;
    EXPECT_THROW(write(normalised, ramp(shape), wider), std::logic_error) << traits(kind).name;
  }
  InputBuffer fitting = buffer.layout;
  fitting.shape = shape;
  EXPECT_NO_THROW(write_clean(ramp(shape), normalised, 0, fitting));
  EXPECT_THROW(write_clean(ramp(shape), std::vector<ChannelAffine>{{1, 0}}, 0, fitting), std::logic_error);
  EXPECT_THROW(write_clean(ramp(shape), normalised, 0, buffer.layout), std::logic_error);
}

TEST(Noise, HasNoErrorOfItsLawWhereNothingIsRounded) {
  for (const NoiseKind kind : {NoiseKind::gaussian, NoiseKind::uniform, NoiseKind::laplace, NoiseKind::split}) {
    EXPECT_EQ(NoisyWriter(kind, a_scale(kind), {{1, 0}}).noise_error(3072), 0) << traits(kind).name;
  }
}

TEST(CleanImage, IsWrittenAsTheModelWantsIt) {
  const ImageShape shape{3, 4, 4};
  const Image image = ramp(shape);
  Buffer buffer(shape, 2);
  write_clean(image, normalised, 1, buffer.layout);
  EXPECT_EQ(buffer.values[48 + 20], static_cast<float>(image.bytes()[20] / 255.0));
  EXPECT_EQ(buffer.values[48 + 3], static_cast<float>(2 * (image.bytes()[3] / 255.0) - 0.5));
  EXPECT_EQ(buffer.values[0], 0);
}

TEST(NoiseKind, IsKnownByItsName) {
  for (const NoiseKind kind : all_kinds) EXPECT_EQ(noise_named(traits(kind).name), kind);
  EXPECT_EQ(noise_named("grid"), NoiseKind::grid);
  EXPECT_EQ(noise_named("gaussian"), NoiseKind::gaussian);
  EXPECT_EQ(noise_named("uniform-grid"), NoiseKind::uniform_grid);
  EXPECT_EQ(noise_named("split"), NoiseKind::split);
  EXPECT_FALSE(noise_named("normal"));
  EXPECT_EQ(traits(NoiseKind::laplace_grid).name, "laplace-grid");
}

TEST(NoiseKind, KnowsItsLaw) {
  EXPECT_EQ(traits(NoiseKind::grid).law, NoiseLaw::gaussian);
  EXPECT_EQ(traits(NoiseKind::uniform).law, NoiseLaw::uniform);
  EXPECT_EQ(traits(NoiseKind::laplace_grid).law, NoiseLaw::laplace);
  EXPECT_FALSE(traits(NoiseKind::split).law);
}

}  // namespace
}  // namespace ballast::noise::noisy_writer_test
