// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/image_file.hpp"

#include <algorithm>
#include <cmath>

#include "sample_files.hpp"
#include "sample_jpegs.hpp"

namespace ballast::data::image_file_test {
namespace {

using namespace testing;

Image read(const Bytes& bytes) {
  const TempFolder folder;
  return read_image_file(folder.write("image", bytes));
}

std::string refusal_of(const Bytes& bytes) {
  return refusal([&] { read(bytes); });
}

// Smooth colours, one pixel's channels after another.
Bytes gradient(int width, int height, int channels) {
  Bytes pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) pixels.push_back(static_cast<std::uint8_t>(40 + 3 * x + 2 * y + 30 * c));
    }
  }
  return pixels;
}

void set_big_endian(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// A PNG whose header asks for another size, its checksum right.
Bytes resized_header(Bytes bytes, std::uint32_t width, std::uint32_t height) {
  set_big_endian(bytes, 16, width);
  set_big_endian(bytes, 20, height);
  set_big_endian(bytes, 29, static_cast<std::uint32_t>(crc32(0, &bytes[12], 17)));
  return bytes;
}

TEST(ImageFile, APngIsReadExactlyIntoPlanes) {
  const Bytes pixels = pattern(2 * 2 * 3);
  const Image image = read(png(2, 2, 3, pixels));
  EXPECT_EQ(image.shape, (ImageShape{3, 2, 2}));
  EXPECT_EQ(image.bytes(), (Bytes{pixels[0], pixels[3], pixels[6], pixels[9], pixels[1], pixels[4], pixels[7], pixels[10], pixels[2],
                                  pixels[5], pixels[8], pixels[11]}));
}

TEST(ImageFile, GreyIsRepeatedAndAlphaDropped) {
  EXPECT_EQ(read(png(2, 1, 1, {5, 6})).bytes(), (Bytes{5, 6, 5, 6, 5, 6}));
  EXPECT_EQ(read(png(1, 1, 4, {5, 6, 7, 0})).bytes(), (Bytes{5, 6, 7}));
  EXPECT_EQ(read(png(1, 1, 2, {5, 9})).bytes(), (Bytes{5, 5, 5}));
}

TEST(ImageFile, AJpegIsReadClosely) {
  const Bytes pixels = gradient(20, 12, 3);
  const Image image = read(jpeg(20, 12, 3, pixels));
  ASSERT_EQ(image.shape, (ImageShape{3, 12, 20}));
  for (std::size_t i = 0; i < pixels.size(); ++i) EXPECT_NEAR(image.bytes()[i % 3 * 240 + i / 3], pixels[i], 6) << i;
}

TEST(ImageFile, AProgressiveJpegIsRead) {
  const Image image = read(progressive_jpeg);
  ASSERT_EQ(image.shape, (ImageShape{3, 16, 24}));
  EXPECT_NE(refusal_of(first_bytes(progressive_jpeg, progressive_jpeg.size() - 40)), "");
}

TEST(ImageFile, ACmykJpegIsConverted) {
  const Image image = read(cmyk_jpeg);
  ASSERT_EQ(image.shape, (ImageShape{3, 8, 8}));
  EXPECT_NEAR(image.bytes()[0], 200, 2);
  EXPECT_NEAR(image.bytes()[64], 120, 2);
  EXPECT_NEAR(image.bytes()[128], 40, 2);
}

TEST(ImageFile, ACmykJpegThatDoesNotSayHowItIsStoredIsRefused) {
  Bytes bytes = cmyk_jpeg;
  const std::string tag = "Adobe";
  *std::search(bytes.begin(), bytes.end(), tag.begin(), tag.end()) = 'a';
  EXPECT_TRUE(contains(refusal_of(bytes), "without the Adobe marker"));
}

TEST(ImageFile, FilesCutShortAnywhereAreRefused) {
  for (const Bytes& whole : {png(20, 12, 3, gradient(20, 12, 3)), jpeg(20, 12, 3, gradient(20, 12, 3))}) {
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal_of(first_bytes(whole, size)), "") << size;
    EXPECT_EQ(refusal_of(joined({whole, {1, 2, 3}})), "");
  }
}

TEST(ImageFile, AJpegCutShortIsNotFilledWithGrey) {
  Bytes bytes = jpeg(64, 64, 3, pattern(64 * 64 * 3));
  EXPECT_TRUE(contains(refusal_of(first_bytes(bytes, bytes.size() / 2)), "no end-of-image marker"));
}

TEST(ImageFile, ADamagedPngIsRefusedByItsChecksum) {
  Bytes bytes = png(20, 12, 3, gradient(20, 12, 3));
  bytes[bytes.size() - 20] ^= 1;
  EXPECT_TRUE(contains(refusal_of(bytes), "checksum is wrong"));
}

TEST(ImageFile, SizesThatLieOrAreTooLargeAreRefused) {
  const Bytes bytes = png(20, 12, 3, gradient(20, 12, 3));
  EXPECT_NE(refusal_of(resized_header(bytes, 20, 13)), "");
  EXPECT_NE(refusal_of(resized_header(bytes, 0, 12)), "");
  EXPECT_NE(refusal_of(resized_header(bytes, 16385, 12)), "");
  EXPECT_NE(refusal_of(resized_header(bytes, 0xffffffff, 0xffffffff)), "");
  EXPECT_TRUE(contains(refusal_of(resized_header(bytes, 16384, 16384)), "67108864 pixels in all"));
}

TEST(ImageFile, OtherFormatsAndMissingFilesAreRefused) {
  EXPECT_TRUE(contains(refusal_of({}), "neither a PNG nor a JPEG"));
  EXPECT_TRUE(contains(refusal_of({'G', 'I', 'F', '8', '8', 'a', 0, 0}), "neither a PNG nor a JPEG"));
  EXPECT_TRUE(contains(refusal([] { read_image_file("no/such.png"); }), "no/such.png: no such file"));
  EXPECT_TRUE(contains(refusal([] { read_image_kind("no/such.png"); }), "no/such.png: no such file"));
}

TEST(ImageFile, TheShapeIsReadWithoutDecodingButNotOfAFileCutShort) {
  const TempFolder folder;
  const Bytes bytes = jpeg(20, 12, 1, gradient(20, 12, 1));
  EXPECT_EQ(read_image_kind(folder.write("a.jpg", bytes)), (ImageKind{{3, 12, 20}, true}));
  folder.write("a.jpg", first_bytes(bytes, bytes.size() - 2));
  EXPECT_TRUE(contains(refusal([&] { read_image_kind(folder / "a.jpg"); }), "a.jpg: is cut short"));
}

TEST(ImageFile, HuffmanTablesThatDoNotFitAreRefused) {
  const Bytes whole = jpeg(20, 12, 3, gradient(20, 12, 3));
  const Bytes marker{0xff, 0xc4};
  const auto table = std::search(whole.begin(), whole.end(), marker.begin(), marker.end()) - whole.begin();
  for (const std::ptrdiff_t count : {5, 12, 20}) {
    Bytes bytes = whole;
    bytes[static_cast<std::size_t>(table + count)] = 0xff;
    EXPECT_TRUE(contains(refusal_of(bytes), "damaged Huffman table")) << count;
  }
}

// Reproducible noise: the high byte of i * 2654435761 mod 2^32.
Image noise_image(int height, int width) {
  Bytes bytes(static_cast<std::size_t>(3 * height * width));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(i * 2654435761U) >> 24);
  return {.shape = {3, height, width}, .pixels = std::move(bytes)};
}

struct PillowResize {
  int height, width, size, new_height, new_width;
  std::uint32_t crc;  // CRC-32 of the resized bytes, channel after channel
};

// By Pillow 9.4: Image.resize((new_width, new_height), Image.BILINEAR) of noise_image(height, width).
const std::vector<PillowResize> pillow{
    {375, 500, 256, 256, 341, 0x5e85000e}, {500, 334, 256, 383, 256, 0x7b40e714}, {40, 60, 13, 13, 19, 0x2daab673},
    {17, 23, 64, 64, 86, 0x3f480cff},      {256, 300, 256, 256, 300, 0x6b53befa}, {64, 64, 63, 63, 63, 0x996ce378},
    {1000, 7, 5, 714, 5, 0xe2221a51},      {90, 91, 90, 90, 91, 0x27be043a},
};

TEST(Resize, GivesTheBytesOfPillow) {
  for (const PillowResize& expected : pillow) {
    const Image image = resize(noise_image(expected.height, expected.width), {expected.size});
    EXPECT_EQ(image.shape, (ImageShape{3, expected.new_height, expected.new_width}));
    EXPECT_EQ(crc32(0, image.bytes().data(), static_cast<uInt>(image.bytes().size())), expected.crc) << to_string(image.shape);
  }
}

// One row of the filter by its definition, in double precision.
std::vector<double> triangle_filtered(const std::vector<double>& row, int new_length) {
  const double scale = static_cast<double>(row.size()) / new_length;
  const double support = std::max(1.0, scale);
  std::vector<double> filtered;
  for (int i = 0; i < new_length; ++i) {
    double sum = 0;
    double weights = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double weight = std::max(0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - (i + 0.5) * scale) / support);
      sum += weight * row[j];
      weights += weight;
    }
    filtered.push_back(sum / weights);
  }
  return filtered;
}

TEST(Resize, IsTheTriangleFilterToHalfAGreyLevelAPass) {
  const Image image = noise_image(60, 97);
  const Image resized = resize(image, {41});
  ASSERT_EQ(resized.shape, (ImageShape{3, 41, 66}));
  std::vector<std::vector<double>> rows;
  for (int y = 0; y < 60; ++y) {
    const auto begin = image.bytes().begin() + y * 97;
    rows.push_back(triangle_filtered(std::vector<double>(begin, begin + 97), 66));
  }
  for (std::size_t x = 0; x < 66; ++x) {
    std::vector<double> column;
    for (const auto& row : rows) column.push_back(row[x]);
    const std::vector<double> exact = triangle_filtered(column, 41);
    for (std::size_t y = 0; y < 41; ++y) EXPECT_NEAR(resized.bytes()[y * 66 + x], exact[y], 1.001);  // two roundings of at most 0.5
  }
}

TEST(Resize, AnImageOfThatSizeIsUnchangedAndBadSizesAreRefused) {
  const Image image = noise_image(30, 40);
  EXPECT_EQ(resize(image, {30}).bytes(), image.bytes());
  EXPECT_TRUE(contains(refusal([&] { resize(image, {0}); }), "allowed are sides of 1 to 16384"));
  EXPECT_TRUE(contains(refusal([&] { resize(noise_image(1, 400), {256}); }), "allowed are sides of 1 to 16384"));
}

TEST(CenterCrop, HalvesAreRoundedToEvenAsPythonDoes) {
  // The first byte of the crop tells where it begins: rows and columns count up from the corner.
  const auto corner = [](int height, int width, int size) {
    Bytes bytes;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) bytes.push_back(static_cast<std::uint8_t>(16 * y + x));
    }
    const Image crop = center_crop({.shape = {1, height, width}, .pixels = std::move(bytes)}, size);
    EXPECT_EQ(crop.shape, (ImageShape{1, size, size}));
    EXPECT_EQ(crop.bytes().size(), static_cast<std::size_t>(size * size));
    return crop.bytes().front();
  };
  EXPECT_EQ(corner(5, 6, 4), 0 * 16 + 1);  // round(0.5) = 0
  EXPECT_EQ(corner(7, 9, 4), 2 * 16 + 2);  // round(1.5) = 2, round(2.5) = 2
  EXPECT_EQ(corner(11, 4, 4), 4 * 16);     // round(3.5) = 4
}

TEST(CenterCrop, ASquareLargerThanTheImageIsRefused) {
  EXPECT_TRUE(contains(refusal([] { center_crop(noise_image(30, 40), 31); }), "cannot be cropped to 31"));
  EXPECT_TRUE(contains(refusal([] { center_crop(noise_image(30, 40), 0); }), "cannot be cropped to 0"));
}

}  // namespace
}  // namespace ballast::data::image_file_test
