// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/npy.hpp"

#include <array>
#include <iterator>

#include "sample_files.hpp"

namespace ballast::data::npy_test {
namespace {

using namespace testing;

std::string refusal_of(const Bytes& contents) {
  return refusal([&] { parse_npy(contents, "a.npy"); });
}

TEST(Npy, EveryFormatVersionIsRead) {
  for (const std::uint8_t version : Bytes{1, 2, 3}) {
    const NpyArray array = parse_npy(npy("<i2", "(2, 3)", pattern(12), version), "a.npy");
    EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 3}));
    EXPECT_EQ(array.type, NpyType::i16);
    EXPECT_EQ(array.bytes, pattern(12));
  }
  EXPECT_TRUE(contains(refusal_of(npy("<i2", "(2, 3)", pattern(12), 4)), "version 4; allowed are 1 to 3"));
}

TEST(Npy, WhatIsWrittenIsReadBackAndOnlyThatFileIsThere) {
  const TempFolder folder;
  const std::array<std::size_t, 3> shape{2, 1, 3};
  const std::vector<float> values{0, 1, -2.5F, 1e-40F, 3e38F, 0.1F};
  write_npy(folder / "a.npy", shape, values);
  write_npy(folder / "a.npy", shape, values);  // over an older one
  const NpyArray array = read_npy(folder / "a.npy");
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 1, 3}));
  EXPECT_EQ(array.type, NpyType::f32);
  EXPECT_EQ(array.bytes, raw(values));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ((std::filesystem::file_size(folder / "a.npy") - 24) % 64, 0U);
}

TEST(Npy, AShapeThatDoesNotFitTheValuesIsNotWritten) {
  const TempFolder folder;
  const std::array<std::size_t, 1> shape{3};
  EXPECT_NE(refusal([&] { write_npy(folder / "a.npy", shape, std::vector<float>(2)); }), "");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.npy"));
}

TEST(Npy, AFolderThatIsMissingIsNamed) {
  const TempFolder folder;
  const std::array<std::size_t, 1> shape{1};
  EXPECT_TRUE(contains(refusal([&] { write_npy(folder / "none/a.npy", shape, std::vector<float>(1)); }), "cannot be written"));
  EXPECT_TRUE(contains(refusal([&] { read_npy(folder / "a.npy"); }), "a.npy: no such file"));
  EXPECT_TRUE(contains(refusal([&] { read_npy(folder.path()); }), "no such file"));
}

TEST(Npy, FilesCutShortAnywhereOrTooLongAreRefused) {
  const Bytes whole = npy("<f4", "(2, 3)", pattern(24));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal_of(first_bytes(whole, size)), "") << size;
  EXPECT_TRUE(contains(refusal_of(joined({whole, {0}})), "asks for 24 bytes of values, but it holds 25"));
}

TEST(Npy, OtherOrdersAndTypesAreRefusedByName) {
  EXPECT_TRUE(contains(refusal_of(npy(">f4", "(2,)", pattern(8))), "big-endian"));
  EXPECT_TRUE(contains(refusal_of(npy("<c8", "(1,)", pattern(8))), "element type <c8 is not supported"));
  EXPECT_TRUE(contains(refusal_of(npy("|O", "(1,)", pattern(8))), "element type |O is not supported"));
  EXPECT_TRUE(contains(refusal_of(npy_with_header("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", pattern(8))), "Fortran"));
}

TEST(Npy, HeadersThatAreNoDictionaryAreRefused) {
  for (const std::string header :
       {"", "{}", "{'descr': '<f4'}", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}", "{'descr': '<f4", "{'shape': (2",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}"}) {
    EXPECT_TRUE(contains(refusal_of(npy_with_header(header, pattern(8))), "header is not a dictionary")) << header;
  }
}

TEST(Npy, ShapesThatLieAreRefusedBeforeAnyMemoryIsTaken) {
  EXPECT_TRUE(contains(refusal_of(npy("<f4", "(4294967296, 4294967296, 4294967296)", pattern(8))), "more than 2^48 bytes"));
  EXPECT_TRUE(contains(refusal_of(npy("<f4", "(1099511627776,)", pattern(8))), "but it holds 8"));
  EXPECT_TRUE(contains(refusal_of(npy("<f4", "(0, 18446744073709551615)", pattern(8))), "asks for 0 bytes"));
}

}  // namespace
}  // namespace ballast::data::npy_test
