// SPDX-License-Identifier: Apache-2.0
//
// Deterministic splitting: its theorem by enumeration of all splits.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/noise/noisy_writer.hpp"

namespace ballast::noise::split_test {
namespace {

constexpr std::uint64_t seed = 20210721;
constexpr int splits_tried[] = {2, 3, 17, 127, 128, 254, 255, 256, 400, 510, 765};  // lambda from 2/510 to 3/2

double lambda_of(int splits) { return splits / 510.0; }

// What the classifier sees of an image in each split, one after another.
std::vector<float> all_splits(const Image& image, int splits, std::uint32_t number = 0, Purpose purpose = Purpose::estimation) {
  const NoisyWriter writer(NoiseKind::split, lambda_of(splits), {{1, 0}});
  const std::size_t pixels = image.shape.size();
  std::vector<float> seen(pixels * static_cast<std::size_t>(splits));
  const InputBuffer buffer{seen.data(), ElementType::f32, image.shape, pixels, pixels, 1};
  writer.write(image, {seed, purpose, number}, 0, splits, buffer);
  return seen;
}

// A row of all levels: pixel m is m.
Image levels() {
  std::vector<std::uint8_t> bytes(256);
  for (std::size_t m = 0; m < bytes.size(); ++m) bytes[m] = static_cast<std::uint8_t>(m);
  return {{1, 1, 256}, bytes};
}

Image constant(std::size_t pixels, int level) {
  return {{1, 1, static_cast<int>(pixels)}, std::vector<std::uint8_t>(pixels, static_cast<std::uint8_t>(level))};
}

// v_i as its contract says.
int place_of(std::size_t pixel, int split, int splits) {
  const std::uint64_t word = word_at({seed, Purpose::splitting, 0}, 0, 0, pixel);
  return (split + static_cast<int>(word * static_cast<std::uint64_t>(splits) >> 32)) % splits;
}

// By walking from cut to cut, in doubles.
double middle_by_walking(double x, double first_cut, double distance) {
  double low = first_cut;
  while (low > x) low -= distance;
  while (low + distance < x) low += distance;
  return (std::max(low, 0.0) + std::min(low + distance, 1.0)) / 2;
}

TEST(Splitting, ShowsTheMiddleOfThePieceThatThePixelLiesIn) {
  constexpr double kFloat = 1e-7;  // values are stored as float
  for (const int splits : splits_tried) {
    const auto seen = all_splits(levels(), splits);
    for (int t = 0; t < splits; ++t) {
      for (std::size_t m = 0; m < 256; ++m) {
        const double first_cut = (place_of(m, t, splits) + 0.5) / 255;
        const double expected = middle_by_walking(static_cast<double>(m) / 255, first_cut, 2 * lambda_of(splits));
        ASSERT_NEAR(seen[static_cast<std::size_t>(t) * 256 + m], expected, kFloat) << "splits " << splits << " t " << t << " m " << m;
      }
    }
  }
}

TEST(Splitting, StaysWithinThePixelsRange) {
  for (const int splits : splits_tried) {
    for (const float value : all_splits(levels(), splits)) {
      ASSERT_GE(value, 0);
      ASSERT_LE(value, 1);
    }
  }
}

// The theorem's premise: in how many splits a change of one pixel shows.
TEST(Splitting, TellsTwoLevelsApartInAsManySplitsAsTheyAreLevelsApart) {
  const std::size_t pixels = 5;
  for (const int splits : {2, 17, 128, 255, 400}) {
    for (const int first : {0, 1, 100, 254, 255}) {
      const auto seen = all_splits(constant(pixels, first), splits);
      for (int second = 0; second < 256; second += 5) {
        const auto other = all_splits(constant(pixels, second), splits);
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
          int different = 0;
          for (std::size_t t = 0; t < static_cast<std::size_t>(splits); ++t)
            different += seen[t * pixels + pixel] != other[t * pixels + pixel];
          ASSERT_EQ(different, std::min(std::abs(first - second), splits)) << "splits " << splits << " levels " << first << " " << second;
        }
      }
    }
  }
}

// Hence the theorem: a whole image changes in at most ||delta||_1 / (2 lambda) of the splits.
TEST(Splitting, ChangesInNoMoreSplitsThanTheSumOfAllChanges) {
  const int splits = 255;
  Image image = constant(40, 100), other = image;
  auto& bytes = std::get<0>(other.pixels);
  int sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const int change = static_cast<int>(i % 7) - 3;
    bytes[i] = static_cast<std::uint8_t>(100 + change);
    sum += std::abs(change);
  }
  const auto before = all_splits(image, splits), after = all_splits(other, splits);
  int different = 0;
  for (std::size_t t = 0; t < 255; ++t) {
    const auto from = static_cast<std::ptrdiff_t>(t * 40);
    different += !std::equal(before.begin() + from, before.begin() + from + 40, after.begin() + from);
  }
  EXPECT_LE(different, sum);
  EXPECT_GT(different, 0);
}

// Each pixel's first cut comes to each place once over all splits, so what is seen has the law of the theorem, exactly.
TEST(Splitting, PutsEachPixelsCutsAtEachPlaceOnce) {
  for (const int splits : splits_tried) {
    for (std::size_t pixel = 0; pixel < 20; ++pixel) {
      std::set<int> places;
      for (int t = 0; t < splits; ++t) places.insert(place_of(pixel, t, splits));
      EXPECT_EQ(places.size(), static_cast<std::size_t>(splits));
      EXPECT_EQ(*places.begin(), 0);
      EXPECT_EQ(*places.rbegin(), splits - 1);
    }
  }
}

TEST(Splitting, SeesTheSameMultisetInEveryPixel) {
  const std::size_t pixels = 12;
  for (const int splits : {17, 128, 400}) {
    for (const int level : {0, 63, 255}) {
      const auto seen = all_splits(constant(pixels, level), splits);
      std::vector<std::multiset<float>> values(pixels);
      for (std::size_t i = 0; i < seen.size(); ++i) values[i % pixels].insert(seen[i]);
      for (std::size_t pixel = 1; pixel < pixels; ++pixel) EXPECT_EQ(values[pixel], values[0]) << splits << " " << level;
    }
  }
}

// One smoothed classifier for all images: a perturbed image may come under any number.
TEST(Splitting, IsTheSameForEveryImageNumberAndPurpose) {
  const Image image = levels();
  const auto seen = all_splits(image, 255);
  EXPECT_EQ(all_splits(image, 255, 77), seen);
  EXPECT_EQ(all_splits(image, 255, 3, Purpose::prediction), seen);
}

TEST(Splitting, CutsPixelsAtPlacesOfTheirOwn) {
  std::set<int> places;
  for (std::size_t pixel = 0; pixel < 100; ++pixel) places.insert(place_of(pixel, 0, 510));
  EXPECT_GT(places.size(), 50u);
}

TEST(Splitting, SaysHowManySplitsThereAre) {
  for (const int splits : splits_tried) {
    EXPECT_EQ(NoisyWriter(NoiseKind::split, lambda_of(splits), {{1, 0}}).splits(), static_cast<std::uint64_t>(splits));
  }
  EXPECT_EQ(NoisyWriter(NoiseKind::split, 0.0588235294118, {{1, 0}}).splits(), 30u);  // twelve digits of 30/510
  EXPECT_EQ(NoisyWriter(NoiseKind::split, 16, {{1, 0}}).splits(), 8160u);
  EXPECT_EQ(NoisyWriter(NoiseKind::grid, 0.5, {{1, 0}}).splits(), 0u);
}

std::string refusal(double lambda) {
  try {
    NoisyWriter(NoiseKind::split, lambda, {{1, 0}});
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Splitting, RefusesALambdaThatGivesNoWholeNumberAndNamesThoseNearIt) {
  EXPECT_EQ(refusal(0.25),
            "lambda = 0.25: splitting needs 510 lambda to be a whole number; near it are 127/510 = 0.24901960784313726 and 128/510 = "
            "0.25098039215686274");
  EXPECT_EQ(refusal(1 / 510.0), "lambda = 0.00196078431372549: splitting takes a lambda from 2/510 = 0.00392156862745098 to 8160/510 = 16");
  EXPECT_NE(refusal(16.1), "");
  EXPECT_NE(refusal(std::nan("")), "");
  EXPECT_NE(refusal(0.5 + 1e-11), "");
  EXPECT_EQ(refusal(0.5 + 1e-13), "");
}

}  // namespace
}  // namespace ballast::noise::split_test
