// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/raster.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "ballast/report/gallery.hpp"

namespace ballast::report::raster_test {
namespace {

TEST(Raster, ShowsGreyAndColourClipped) {
  const Image grey{{1, 1, 3}, std::vector<float>{-1, 0.5f, 2}};
  EXPECT_EQ(raster_of(grey).rgb, (std::vector<std::uint8_t>{0, 0, 0, 128, 128, 128, 255, 255, 255}));
  const Image colour{{3, 1, 1}, std::vector<std::uint8_t>{10, 20, 30}};
  EXPECT_EQ(raster_of(colour).rgb, (std::vector<std::uint8_t>{10, 20, 30}));
}

TEST(Raster, IsMagnifiedPixelByPixel) {
  const Image two{{1, 1, 2}, std::vector<std::uint8_t>{0, 255}};
  const Raster big = magnified(raster_of(two), 2);
  EXPECT_EQ(big.width, 4);
  EXPECT_EQ(big.height, 2);
  EXPECT_EQ(big.rgb[3 * 1], 0);
  EXPECT_EQ(big.rgb[3 * 2], 255);
  EXPECT_EQ(big.rgb[3 * 5], 0);
}

TEST(Pooling, IsTheMeanOfEachSquare) {
  const Image image{{1, 2, 4}, std::vector<float>{0, 1, 0.2f, 0.4f, 0, 1, 0.6f, 0.8f}};
  const Image small = pooled(image, 2);
  EXPECT_EQ(small.shape, (ImageShape{1, 1, 2}));
  EXPECT_FLOAT_EQ(std::get<1>(small.pixels)[0], 0.5f);
  EXPECT_FLOAT_EQ(std::get<1>(small.pixels)[1], 0.5f);
  EXPECT_THROW(pooled(image, 3), InputError);
}

TEST(Png, BeginsAndEndsAsOne) {
  const std::string bytes = png(Raster(3, 2, 100));
  EXPECT_EQ(bytes.substr(1, 3), "PNG");
  EXPECT_EQ(bytes.substr(12, 4), "IHDR");
  EXPECT_EQ(bytes[19], 3);
  EXPECT_EQ(bytes[23], 2);
  EXPECT_EQ(bytes.substr(bytes.size() - 8, 4), "IEND");
}

TEST(Gallery, HasARowAnImageAndAColumnALevelTheFirstBeingTheImage) {
  const std::vector<Image> images(3, Image{{1, 28, 28}, std::vector<std::uint8_t>(784, 90)});
  const std::vector<NoiseLevel> levels{{NoiseKind::grid, 0}, {NoiseKind::grid, 0.5}};
  const Raster raster = gallery(images, levels, 1);
  EXPECT_GT(raster.height, 3 * 112);
  EXPECT_GT(raster.width, 2 * 112);
  EXPECT_EQ(gallery(images, levels, 1).rgb, raster.rgb);
  EXPECT_NE(gallery(images, levels, 2).rgb, raster.rgb);
  EXPECT_EQ(noisy_copy(images[0], levels[0], 1, 0, 0).bytes(), images[0].bytes());
  const std::vector<Image> mixed{images[0], Image{{1, 14, 14}, std::vector<std::uint8_t>(196, 90)}};
  EXPECT_THROW(gallery(mixed, levels, 1), InputError);
}

}  // namespace
}  // namespace ballast::report::raster_test
