// SPDX-License-Identifier: Apache-2.0
//
// BMP, GIF, WebP, TIFF and PNG of 16 bits, to the byte as Pillow reads them.

#include <algorithm>
#include <cmath>

#include "ballast/data/image_file.hpp"
#include "ballast/data/open.hpp"
#include "sample_files.hpp"
#include "sample_formats.hpp"
#include "sample_images.hpp"

namespace ballast::data::image_formats_test {
namespace {

using namespace testing;

Image read(const Bytes& bytes, const ImageReading& how = {}) {
  const TempFolder folder;
  return read_image_file(folder.write("image", bytes), how);
}

std::string refusal_of(const Bytes& bytes) {
  return refusal([&] { read(bytes); });
}

std::uint32_t crc_of(const Image& image) {
  return static_cast<std::uint32_t>(crc32(0, image.bytes().data(), static_cast<uInt>(image.bytes().size())));
}

TEST(ImageFormats, PixelsAreThoseOfPillow) {
  for (const SampleImage& sample : sample_images) {
    const Image image = read(bytes_of(sample.hex));
    EXPECT_EQ(image.shape, (ImageShape{3, sample.height, sample.width})) << sample.name;
    EXPECT_EQ(crc_of(image), sample.rgb) << sample.name;
  }
}

TEST(ImageFormats, GreyOfColoursIsPillows) {
  for (const SampleImage& sample : sample_images) {
    const Image image = read(bytes_of(sample.hex), {.gray = true});
    EXPECT_EQ(image.shape, (ImageShape{1, sample.height, sample.width})) << sample.name;
    EXPECT_EQ(crc_of(image), sample.grey) << sample.name;
  }
}

TEST(ImageFormats, TheOrientationIsAppliedWhereItIsAskedFor) {
  const TempFolder folder;
  int swapped = 0;
  for (const SampleImage& sample : sample_images) {
    const auto file = folder.write("image", bytes_of(sample.hex));
    const Image image = read_image_file(file, {.exif = true});
    EXPECT_EQ(crc_of(image), sample.turned) << sample.name;
    EXPECT_EQ(read_image_kind(file, {.exif = true}).shape, image.shape) << sample.name;
    if (image.shape.height == sample.width) ++swapped;
  }
  EXPECT_EQ(swapped, 5);  // orientations 5 to 8, and 6 again
}

TEST(ImageFormats, TheOrientationOfAJpegIsInItsFirstSegments) {
  const Bytes plain = jpeg(20, 12, 3, pattern(720));
  const Bytes block{0xff, 0xe1, 0, 34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                    0,    1,    1, 0x12, 0,   3,   0,   0,   0, 1, 0,   6,   0, 0,  0, 0, 0, 0};
  const Bytes oriented = joined({first_bytes(plain, 2), block, Bytes(plain.begin() + 2, plain.end())});
  EXPECT_EQ(read(oriented).bytes(), read(plain).bytes());
  const Image upright = read(oriented, {.exif = true});
  EXPECT_EQ(upright.shape, (ImageShape{3, 20, 12}));
  EXPECT_EQ(upright.bytes()[11], read(plain).bytes()[0]);  // what was at the top left is at the top right
}

TEST(ImageFormats, AGreyJpegOrPngIsGreyAsItIsStored) {
  const Bytes pixels = pattern(20 * 12);
  EXPECT_EQ(read(png(20, 12, 1, pixels), {.gray = true}).bytes(), pixels);
  const Bytes grey = read(jpeg(20, 12, 1, pixels), {.gray = true}).bytes();
  EXPECT_EQ(joined({grey, grey, grey}), read(jpeg(20, 12, 1, pixels)).bytes());
}

TEST(ImageFormats, SixteenBitsAreFloatsAndNotCut) {
  const std::vector<std::uint16_t> values{0, 1, 255, 256, 32768, 65535};
  for (const Bytes& bytes : {png_16(3, 2, 1, values), tiff({.width = 3, .height = 2, .bits = 16}, raw(values))}) {
    const Image image = read(bytes, {.gray = true});
    ASSERT_FALSE(image.is_8bit());
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(std::get<1>(image.pixels)[i], static_cast<float>(values[i] / 65535.0)) << i;
    EXPECT_EQ(std::get<1>(read(bytes).pixels).size(), 18U);
  }
}

TEST(ImageFormats, GreyOfColoursOf16BitsIsTheSameShares) {
  const Image grey = read(png_16(1, 1, 3, {65535, 0, 32768}), {.gray = true});
  EXPECT_FLOAT_EQ(std::get<1>(grey.pixels)[0], static_cast<float>((19595 + 7471 * 32768 / 65535.0) / 65536));
}

TEST(ImageFormats, AFolderThatMixesDepthsIsRefusedWhenItIsOpened) {
  const TempFolder folder;
  folder.write("a/1.png", png_16(3, 2, 1, {0, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(open_dataset(folder.path().string(), {})->is_8bit());
  EXPECT_FALSE(open_dataset(folder.path().string(), {})->at(0).image.is_8bit());
  folder.write("b/2.png", png(3, 2, 1, pattern(6)));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {}); }), "2.png: holds 8 bits a value, and"));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {.resize = Resizing{8}}); }), "allowed is one depth"));
}

TEST(ImageFormats, SixteenBitsAreCutOutButNotResized) {
  const TempFolder folder;
  folder.write("a/1.png", png_16(4, 4, 1, std::vector<std::uint16_t>(16, 700)));
  const auto cropped = open_dataset(folder.path().string(), {.resize = Resizing{0}, .crop = 2});
  EXPECT_EQ(std::get<1>(cropped->at(0).image.pixels), std::vector<float>(12, static_cast<float>(700 / 65535.0)));
  EXPECT_TRUE(
      contains(refusal([&] { open_dataset(folder.path().string(), {.resize = Resizing{2}})->at(0); }), "16 bits cannot be resized"));
}

TEST(ImageFormats, FilesCutShortAnywhereAreRefused) {
  for (const SampleImage& sample : sample_images) {
    if (sample.name.starts_with("png") || sample.name == "gif, animated") continue;  // of a GIF the first image alone is read
    Bytes whole = bytes_of(sample.hex);
    if (sample.name.starts_with("gif")) whole.pop_back();  // its trailer
    // At every byte of what frames the pixels.
    for (std::size_t size = 0, step = 1; size < whole.size(); size += step) {
      step = size > 100 && size + 50 < whole.size() ? 7 : 1;
      const bool is_padding = sample.name.starts_with("webp") && size + 1 == whole.size();
      if (refusal_of(first_bytes(whole, size)).empty()) EXPECT_TRUE(is_padding || sample.name.starts_with("tiff")) << sample.name << size;
    }
  }
}

TEST(Bmp, ColoursOfAnyDepthArePillows) {
  // Two pixels in a row: in 5 bits 31, 1, 16 and 0, 0, 31.
  const auto of_16 = [](std::uint32_t compression, const Bytes& masks, const Bytes& pixels) {
    return read(bmp({.width = 2, .height = 1, .bits = 16, .compression = compression}, masks, pixels)).bytes();
  };
  EXPECT_EQ(of_16(0, {}, {0x30, 0x7c, 0x1f, 0x00}), (Bytes{255, 0, 8, 0, 131, 255}));
  const Bytes masks{0, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0, 0, 0};
  EXPECT_EQ(of_16(3, masks, {0x30, 0xf8, 0xff, 0x07}), (Bytes{255, 0, 4, 255, 131, 255}));
  const Bytes four_bits = bmp({.width = 3, .height = 1, .bits = 4, .colours = 3}, {1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0}, {0x20, 0x10, 0, 0});
  EXPECT_EQ(read(four_bits).bytes(), (Bytes{9, 3, 6, 8, 2, 5, 7, 1, 4}));
}

TEST(Bmp, RowsMayLieTopDown) {
  const Bytes rows{1, 1, 1, 0, 2, 2, 2, 0};
  EXPECT_EQ(read(bmp({.width = 1, .height = -2, .bits = 24}, {}, rows)).bytes(), (Bytes{1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(read(bmp({.width = 1, .height = 2, .bits = 24}, {}, rows)).bytes(), (Bytes{2, 1, 2, 1, 2, 1}));
}

TEST(Bmp, WhatIsNotReadIsRefused) {
  EXPECT_TRUE(contains(refusal_of(bmp({.width = 2, .height = 1, .bits = 8, .compression = 1}, {}, {})), "compression 1; allowed are"));
  EXPECT_TRUE(contains(refusal_of(bmp({.width = 2, .height = 1, .bits = 2}, {}, {0, 0, 0, 0})), "BMP of 2 bits"));
  EXPECT_TRUE(contains(refusal_of(bmp({.width = 1 << 20, .height = 1, .bits = 24}, {}, {})), "sides up to 16384"));
  EXPECT_TRUE(contains(refusal_of(bmp({.width = 16384, .height = INT32_MIN, .bits = 24}, {}, {})), "sides up to 16384"));
  EXPECT_TRUE(contains(refusal_of(bmp({.width = 4096, .height = 4096, .bits = 24}, {}, {})), "fewer pixels"));
  EXPECT_TRUE(
      contains(refusal_of(bmp({.width = 1, .height = 1, .bits = 8, .colours = 1}, {1, 2, 3, 0}, {5, 0, 0, 0})), "a pixel of colour 5"));
}

TEST(Gif, WhatTheFirstImageDoesNotPaintIsTransparentColourOrTheFirst) {
  const Bytes palette{1, 2, 3, 40, 50, 60, 70, 80, 90, 0, 0, 0};
  const Gif small{.width = 3, .height = 1, .left = 1, .wide = 1, .palette = palette, .values = {2}};
  EXPECT_EQ(read(gif(small)).bytes(), (Bytes{1, 70, 1, 2, 80, 2, 3, 90, 3}));
  Gif clear = small;
  clear.transparent = 1;
  EXPECT_EQ(read(gif(clear)).bytes(), (Bytes{40, 70, 40, 50, 80, 50, 60, 90, 60}));
}

TEST(Gif, LongStringsFillTheTableOfCodes) {
  const int side = 120;
  Bytes values(static_cast<std::size_t>(side) * side);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>((i * i >> 3) & 3);
  const Bytes palette{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
  for (const bool packs : {false, true}) {
    const Gif big{.width = side, .height = side, .wide = side, .high = side, .palette = palette, .values = values, .packs = packs};
    const Bytes grey = read(gif(big), {.gray = true}).bytes();
    EXPECT_EQ(grey, values);
  }
}

TEST(Gif, DamageIsRefused) {
  const Bytes palette{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
  const Gif whole{.width = 2, .height = 1, .wide = 2, .palette = palette, .values = {0, 1}};
  ASSERT_EQ(refusal_of(gif(whole)), "");
  Gif few = whole;
  few.values = {0};
  EXPECT_TRUE(contains(refusal_of(gif(few)), "fewer pixels"));
  Gif large = whole;
  large.width = large.height = 65535;
  EXPECT_TRUE(contains(refusal_of(gif(large)), "sides up to 16384"));
  Gif outside = whole;
  outside.palette.resize(6);
  outside.values = {0, 3};
  EXPECT_TRUE(contains(refusal_of(gif(outside)), "a palette of 2 colours"));
}

TEST(Webp, AnimationsAndSizesThatLieAreRefused) {
  const auto sample =
      std::find_if(sample_images.begin(), sample_images.end(), [](const auto& one) { return one.name == "webp, without loss"; });
  Bytes lying = bytes_of(sample->hex);
  lying[4] = 0xff;
  EXPECT_TRUE(contains(refusal_of(lying), "cut short"));
  Bytes animated = letters(std::string("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0", 30));
  EXPECT_TRUE(contains(refusal_of(animated), "animated WebP"));
}

TEST(Tiff, PartsOfAnyKindAreTheSameImage) {
  const Bytes pixels = pattern(20 * 18 * 3);
  const Image expected = read(png(20, 18, 3, pixels));
  const Tiff plain{.width = 20, .height = 18, .samples = 3, .meaning = 2};
  EXPECT_EQ(read(tiff(plain, pixels)).bytes(), expected.bytes());
  Tiff separate = plain;
  separate.arrangement = 2;
  EXPECT_EQ(read(tiff(separate, expected.bytes())).bytes(), expected.bytes());
  Tiff tiled = plain;
  tiled.tile = 16;
  EXPECT_EQ(read(tiff(tiled, tiles_of(pixels, 20, 18, 3, 16))).bytes(), expected.bytes());
}

TEST(Tiff, WhiteMayBeZero) {
  EXPECT_EQ(read(tiff({.width = 2, .height = 1, .meaning = 0}, {0, 5}), {.gray = true}).bytes(), (Bytes{255, 250}));
  EXPECT_EQ(read(tiff({.width = 3, .height = 1, .bits = 1, .meaning = 0}, {0xa0}), {.gray = true}).bytes(), (Bytes{0, 255, 0}));
}

TEST(Tiff, WhatIsNotReadIsRefused) {
  EXPECT_TRUE(contains(refusal_of(tiff({.width = 2, .height = 1, .samples = 4, .meaning = 5}, pattern(8))), "another kind of colours"));
  EXPECT_TRUE(contains(refusal_of(tiff({.width = 2, .height = 1, .bits = 32}, pattern(8))), "TIFF of 32 bits"));
  EXPECT_TRUE(contains(refusal_of(tiff({.width = 70000, .height = 70000}, pattern(8))), "sides up to 16384"));
  EXPECT_TRUE(contains(refusal_of(tiff({.width = 16000, .height = 4000}, pattern(8))), "damaged or cut short"));
}

}  // namespace
}  // namespace ballast::data::image_formats_test
