// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/noisy_writer.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/noise/grid_table.hpp"

namespace ballast::noise {
namespace {

constexpr double false_alarm_deviations = 5.0;  // two-sided false-alarm probability 5.7e-7

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
  const GridTable table(0.5);
  const NoisyWriter writer(NoiseKind::grid, 0.5, normalised);
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
}

TEST(Noise, DoesNotDependOnHowSamplesAreBatchedOrLaidOut) {
  const ImageShape shape{3, 7, 5};
  const Image image = ramp(shape);
  for (const NoiseKind kind : {NoiseKind::grid, NoiseKind::gaussian}) {
    const NoisyWriter writer(kind, 0.25, normalised);
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
  for (const NoiseKind kind : {NoiseKind::grid, NoiseKind::gaussian}) {
    const NoisyWriter writer(kind, 0.25, normalised);
    Buffer buffer(shape, 1);
    writer.write(ramp(shape), {3, Purpose::prediction, 0}, 0, 1, buffer.layout);
    writer.write(ramp(shape), {3, Purpose::prediction, 0}, 0, 1, buffer.as_bf16());
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const float half = std::bit_cast<float>(std::uint32_t{buffer.halves[i]} << 16);
      ASSERT_NEAR(half, buffer.values[i], std::abs(buffer.values[i]) * 0x1p-8);
    }
  }
}

// Mean and variance of 2 million values, each within 5 standard errors.
TEST(Noise, HasTheMeanAndVarianceThatItClaims) {
  const ImageShape shape{1, 32, 32};
  const Image grey{shape, std::vector<std::uint8_t>(shape.size(), 128)};
  for (const NoiseKind kind : {NoiseKind::grid, NoiseKind::gaussian}) {
    const double sigma = 0.25;
    const NoisyWriter writer(kind, sigma, {{1, 0}});
    Buffer buffer(shape, 2000);
    writer.write(grey, {2026, Purpose::evaluation, 0}, 0, 2000, buffer.layout);
    double sum = 0, squares = 0;
    for (const float value : buffer.values) {
      const double noise = value - 128 / 255.0;
      sum += noise;
      squares += noise * noise;
    }
    const auto count = static_cast<double>(buffer.values.size());
    EXPECT_NEAR(sum / count, 0, false_alarm_deviations * sigma / std::sqrt(count));
    const double rounding = kind == NoiseKind::grid ? 1.0 / (12 * 255 * 255) : 0;
    EXPECT_NEAR(squares / count, sigma * sigma + rounding, false_alarm_deviations * sigma * sigma * std::sqrt(2 / count));
  }
}

// Chi-squared over the values of grid noise, at the table's own probabilities.
TEST(GridNoise, FollowsItsTable) {
  const ImageShape shape{1, 64, 64};
  const Image image{shape, std::vector<std::uint8_t>(shape.size(), 100)};
  const double sigma = 0.02;  // about 5 grey levels
  const GridTable table(sigma);
  Buffer buffer(shape, 500);
  NoisyWriter(NoiseKind::grid, sigma, {{255, 0}}).write(image, {7, Purpose::estimation, 1}, 0, 500, buffer.layout);
  std::vector<double> seen(31);
  for (const float value : buffer.values) {
    const long level = std::lround(value) - 100;
    if (std::abs(level) <= 15) ++seen[static_cast<std::size_t>(level + 15)];
  }
  double chi_squared = 0;
  for (int level = -15; level <= 15; ++level) {
    const auto index = static_cast<std::size_t>(level - table.smallest());
    const double expected = std::ldexp(static_cast<double>(table.thresholds()[index] - table.thresholds()[index - 1]), -64) *
                            static_cast<double>(buffer.values.size());
    const double difference = seen[static_cast<std::size_t>(level + 15)] - expected;
    chi_squared += difference * difference / expected;
  }
  EXPECT_LT(chi_squared, 87.0);  // 31 cells and no fitted parameter: P(chi^2_31 > 87) is below 1e-6
}

TEST(GridNoise, RefusesFloatImages) {
  const NoisyWriter writer(NoiseKind::grid, 0.25, {{1, 0}});
  EXPECT_THROW(writer.check({{1, 1, 1}, std::vector<float>{0.5f}}), InputError);
  EXPECT_NO_THROW(NoisyWriter(NoiseKind::gaussian, 0.25, {{1, 0}}).check({{1, 1, 1}, std::vector<float>{0.5f}}));
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
  EXPECT_EQ(noise_kind_from("grid"), NoiseKind::grid);
  EXPECT_EQ(noise_kind_from("gaussian"), NoiseKind::gaussian);
  EXPECT_FALSE(noise_kind_from("normal"));
  EXPECT_EQ(to_string(NoiseKind::grid), "grid");
}

}  // namespace
}  // namespace ballast::noise
