// SPDX-License-Identifier: Apache-2.0
//
// PGM and PPM images.

#include "../bounded.hpp"
#include "ballast/data/image_file.hpp"
#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::netpbm_test {
namespace {

using namespace testing;

Image read(const std::string& text) {
  const TempFolder folder;
  return read_image_file(folder.write("image.ppm", text));
}

std::string refusal_of(const std::string& text) {
  return refusal([&] { read(text); });
}

TEST(Netpbm, APpmIsReadIntoPlanes) {
  const Image image = read("P6\n2 1\n255\n\x01\x02\x03\xff\x05\n");
  EXPECT_EQ(image.shape, (ImageShape{3, 1, 2}));
  EXPECT_EQ(image.bytes(), (Bytes{1, 255, 2, 5, 3, 10}));
  EXPECT_EQ(read("P3 2 1 255 1 2 3 255 5 10").bytes(), image.bytes());
  EXPECT_EQ(read("P3\n# by hand\n2 # wide\n1\n255\n1 2 3\n255 5 10 # end\n").bytes(), image.bytes());
  EXPECT_EQ(read("P6 # by hand\r\n2\t1 #\n255 \x01\x02\x03\xff\x05\n").bytes(), image.bytes());
}

TEST(Netpbm, TheGreyOfAPgmIsRepeated) {
  EXPECT_EQ(read("P5 2 1 255\n##").bytes(), (Bytes{'#', '#', '#', '#', '#', '#'}));
  EXPECT_EQ(read("P2 2 1 255 7 08").bytes(), (Bytes{7, 8, 7, 8, 7, 8}));
}

TEST(Netpbm, FilesCutShortOrWithMoreAreRefused) {
  for (const std::string whole : {"P6\n2 1\n255\nabcdef", "P5 2 1 255 ab", "P3 1 1 255 1 2 3", "P2 2 1 255 7 9"}) {
    EXPECT_EQ(refusal_of(whole), "");
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(contains(refusal_of(whole.substr(0, size)), "image.ppm: ")) << size;
    EXPECT_TRUE(contains(refusal_of(whole + " x"), "image.ppm: ")) << whole;
  }
  EXPECT_TRUE(contains(refusal_of("P5 2 1 255 abc"), "holds more than its one image"));
  EXPECT_TRUE(contains(refusal_of("P2 2 1 255 7 9 1"), "holds more than its one image"));
}

TEST(Netpbm, OtherDepthsAndValuesAreRefused) {
  EXPECT_TRUE(contains(refusal_of("P5 2 1 65535 abcd"), "its largest value is 65535; allowed is 255 (8 bits)"));
  EXPECT_TRUE(contains(refusal_of("P6 1 1 15 abc"), "its largest value is 15; allowed is 255"));
  EXPECT_TRUE(contains(refusal_of("P2 1 1 255 256"), "has a value above 255"));
  EXPECT_TRUE(contains(refusal_of("P2 1 1 255 -1"), "another thing than a number"));
  EXPECT_TRUE(contains(refusal_of("P2 2 1 255 1 x"), "another thing than a number"));
  EXPECT_TRUE(contains(refusal_of("P5 2 1 255x ab"), "another thing than white space"));
  EXPECT_TRUE(contains(refusal_of("P4 8 1 a"), "neither a PNG nor a JPEG"));
  EXPECT_TRUE(contains(refusal_of("P7\nWIDTH 1\n"), "neither a PNG nor a JPEG"));
}

TEST(Netpbm, SizesAreBounded) {
  for (const std::string size : {"0 1", "1 0", "16385 1", "1 16385", "99999999999999999999 1", "16384 16384"}) {
    EXPECT_TRUE(contains(refusal_of("P6 " + size + " 255 abc"), "allowed are sides up to")) << size;
  }
  const TempFolder folder;
  for (const std::string kind : {"P2", "P3", "P5", "P6"}) {
    const auto file = folder.write("large.ppm", kind + " 8192 8192 255 1 2 3");
    EXPECT_TRUE(ballast::testing::is_refused_within_bounds([&] { read_image_file(file); }, "large.ppm: is cut short"));
  }
}

TEST(Netpbm, AFolderMayHoldThem) {
  const TempFolder folder;
  folder.write("a/1.ppm", std::string("P6 2 1 255 abcdef"));
  folder.write("b/2.pgm", std::string("P5 2 1 255 ab"));
  folder.write("b/3.PNG", png(2, 1, 1, {5, 6}));
  const auto data = open_dataset(folder.path().string(), {});
  ASSERT_EQ(data->size(), 3U);
  EXPECT_EQ(data->shape(), (ImageShape{3, 1, 2}));
  EXPECT_EQ(data->at(1).label, 1);
  EXPECT_EQ(data->at(1).image.bytes(), (Bytes{'a', 'b', 'a', 'b', 'a', 'b'}));
  folder.write("b/4.pbm", std::string("P4 8 1 a"));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {}); }), "4.pbm: is an image of another format"));
}

}  // namespace
}  // namespace ballast::data::netpbm_test
