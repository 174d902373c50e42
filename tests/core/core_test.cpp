// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ballast/core/errors.hpp"
#include "ballast/core/image.hpp"
#include "ballast/core/printable.hpp"
#include "ballast/core/sha256.hpp"

namespace ballast::core_test {
namespace {

TEST(Sha256, GivesThePublishedVectors) {  // FIPS 180-2, appendix B
  Sha256 nothing, abc;
  abc.add("a");
  abc.add("bc");
  EXPECT_EQ(to_hex(nothing.finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(abc.finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfAFileIsOfItsBytes) {
  const auto file = std::filesystem::temp_directory_path() / "ballast_sha256_test";
  std::ofstream(file) << "abc";
  EXPECT_EQ(sha256_of_file(file), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::filesystem::remove(file);
  EXPECT_THROW(sha256_of_file(file), InputError);
}

TEST(Require, ThrowsTheMessageItWasGiven) {
  EXPECT_NO_THROW(require(true, "never"));
  try {
    require(false, "sigma = -1: must be above 0");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "sigma = -1: must be above 0");
  }
}

// What would move a cursor, ring a bell or turn the text around is shown instead of done.
TEST(Printable, EscapesWhatWouldDoSomething) {
  EXPECT_EQ(printable("log of σ = 0.25 <b>\"'\\"), "log of σ = 0.25 <b>\"'\\");
  EXPECT_EQ(printable("a\x1b[2Jb\a\x7f"), "a\\x1b[2Jb\\x07\\x7f");
  EXPECT_EQ(printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(printable_lines("a\nb\r\tc"), "a\nb\\r\tc");
  EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");                                       // a control sequence in eight bits
  EXPECT_EQ(printable("x\xe2\x80\xaetxt"), "x\\xe2\\x80\\xaetxt");  // right to left
  EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80"),
            "\\xff\\xc0\\xaf\\xed\\xa0\\x80");     // no UTF-8: a lone byte, an overlong slash, a surrogate
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");  // cut off
  EXPECT_EQ(printable("€😀"), "€😀");
}

TEST(Image, StandsForPixelsBetweenZeroAndOne) {
  const Image bytes{{1, 1, 3}, std::vector<std::uint8_t>{0, 51, 255}};
  EXPECT_EQ(bytes.unit_pixels(), (std::vector<float>{0, 0.2f, 1}));
  const Image floats{{1, 1, 2}, std::vector<float>{0.25f, 1}};
  EXPECT_EQ(floats.unit_pixels(), (std::vector<float>{0.25f, 1}));
  EXPECT_TRUE(bytes.is_8bit());
  EXPECT_FALSE(floats.is_8bit());
  EXPECT_EQ(to_string(ImageShape{3, 32, 16}), "3x32x16");
  EXPECT_EQ((ImageShape{3, 32, 16}.size()), 1536u);
}

}  // namespace
}  // namespace ballast::core_test
