// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "ballast/core/sha256.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::array_dataset_test {
namespace {

using namespace testing;

const Bytes label_list = npy("<i8", "(2,)", raw<std::int64_t>({4, 1}));

Members npz_members(const Bytes& images, const Bytes& labels) { return {{"images.npy", images}, {"labels.npy", labels}}; }

std::unique_ptr<Dataset> open_npz_of(const Bytes& images, const Bytes& labels, Packing packing = Packing::zip_stored) {
  const TempFolder folder;
  return open_dataset(folder.write("data.npz", archive(packing, npz_members(images, labels))).string(), {});
}

std::string refusal_of(const Bytes& images, const Bytes& labels = label_list) {
  return refusal([&] { open_npz_of(images, labels); });
}

TEST(Npz, BytesInChannelOrderAreTakenAsTheyAreStoredOrDeflated) {
  for (const Packing packing : {Packing::zip_stored, Packing::zip_deflated}) {
    const auto data = open_npz_of(npy("|u1", "(2, 3, 4, 5)", pattern(120)), label_list, packing);
    EXPECT_EQ(data->shape(), (ImageShape{3, 4, 5}));
    EXPECT_TRUE(data->is_8bit());
    EXPECT_EQ(data->classes(), 5);
    EXPECT_EQ(data->at(1).label, 1);
    EXPECT_EQ(data->at(1).image.bytes(), pattern(60, 7 * 60));
  }
}

TEST(Npz, ChannelsLastAreTurned) {
  const auto data =
      open_npz_of(npy("|u1", "(2, 2, 2, 3)", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99}), label_list);
  EXPECT_EQ(data->shape(), (ImageShape{3, 2, 2}));
  EXPECT_EQ(data->at(0).image.bytes(), (Bytes{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}));
  EXPECT_EQ(data->at(1).image.bytes().back(), 99);
}

TEST(Npz, GreyImagesMayLackTheChannel) {
  EXPECT_EQ(open_npz_of(npy("|u1", "(2, 4, 5)", pattern(40)), label_list)->shape(), (ImageShape{1, 4, 5}));
}

TEST(Npz, FloatsOfEitherSizeAreUnitPixels) {
  const auto floats = open_npz_of(npy("<f4", "(2, 1, 2, 2)", raw<float>({0, 0.25F, 0.5F, 1, 0, 0, 0, 0.75F})), label_list);
  const auto doubles = open_npz_of(npy("<f8", "(2, 1, 2, 2)", raw<double>({0, 0.25, 0.5, 1, 0, 0, 0, 0.75})), label_list);
  EXPECT_FALSE(floats->is_8bit());
  for (const std::size_t i : {0U, 1U}) EXPECT_EQ(floats->at(i).image.unit_pixels(), doubles->at(i).image.unit_pixels());
  EXPECT_EQ(floats->at(1).image.unit_pixels()[3], 0.75F);
}

TEST(Npz, LabelsMayBeOfAnyIntegerType) {
  const Bytes images = npy("|u1", "(2, 4, 5)", pattern(40));
  const std::vector<std::pair<std::string, Bytes>> types{{"|u1", raw<std::uint8_t>({9, 4})},  {"|i1", raw<std::int8_t>({9, 4})},
                                                         {"<u2", raw<std::uint16_t>({9, 4})}, {"<i2", raw<std::int16_t>({9, 4})},
                                                         {"<u4", raw<std::uint32_t>({9, 4})}, {"<i4", raw<std::int32_t>({9, 4})},
                                                         {"<u8", raw<std::uint64_t>({9, 4})}, {"<i8", raw<std::int64_t>({9, 4})}};
  for (const auto& [descr, values] : types) EXPECT_EQ(open_npz_of(images, npy(descr, "(2,)", values))->at(0).label, 9) << descr;
  EXPECT_EQ(open_npz_of(images, npy("|u1", "(2, 1)", {9, 4}))->at(1).label, 4);
  EXPECT_TRUE(contains(refusal_of(images, npy("<f4", "(2,)", raw<float>({1, 2}))), "labels are floats"));
}

TEST(Npz, LabelsOutsideTheClassesAreRefusedWithTheirImage) {
  const Bytes images = npy("|u1", "(2, 4, 5)", pattern(40));
  EXPECT_TRUE(contains(refusal_of(images, npy("<i8", "(2,)", raw<std::int64_t>({0, -1}))), "image 1 has label -1"));
  EXPECT_TRUE(contains(refusal_of(images, npy("<i8", "(2,)", raw<std::int64_t>({1LL << 40, 0}))), "image 0 has label 1099511627776"));
  EXPECT_TRUE(contains(refusal_of(images, npy("<i4", "(2,)", raw<std::int32_t>({0, 2'000'000}))), "image 1 has label 2000000"));
}

TEST(Npz, PixelsOutsideTheUnitIntervalAreRefusedWithTheirImage) {
  const auto with = [](double value) { return npy("<f8", "(2, 1, 2)", raw<double>({0, 0, 0, value})); };
  EXPECT_TRUE(contains(refusal_of(with(1 + 1e-12)), "image 1 has a pixel of"));
  EXPECT_TRUE(contains(refusal_of(with(-1e-300)), "image 1 has a pixel of"));
  EXPECT_TRUE(contains(refusal_of(with(std::nan(""))), "image 1 has a pixel of"));
  EXPECT_TRUE(contains(refusal_of(npy("<f4", "(2, 1, 2)", raw<float>({0, 0, 0, 255}))), "allowed are 0 to 1"));
}

TEST(Npz, ShapesThatAreAmbiguousOrNoImagesAreRefused) {
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(2, 3, 4, 1)", pattern(24))), "ambiguous"));
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(2, 2, 4, 5)", pattern(80))), "with 1 or 3 channels"));
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(2, 40)", pattern(80))), "(2,40)"));
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(0, 4, 5)", {})), "no images"));
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(2, 0, 5)", {})), "sides of 1 to 16384"));
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(2, 40000, 1)", pattern(80000))), "sides of 1 to 16384"));
  EXPECT_TRUE(contains(refusal_of(npy("|u1", "(3, 4, 5)", pattern(60))), "holds 3 images, but 2 labels"));
  EXPECT_TRUE(contains(refusal_of(npy("<i2", "(2, 4, 5)", raw(std::vector<std::int16_t>(40)))), "allowed are uint8"));
}

TEST(Npz, ArchivesCutShortDamagedOrWithoutAnArrayAreRefused) {
  const TempFolder folder;
  const Members members = npz_members(npy("|u1", "(2, 4, 5)", pattern(40)), label_list);
  const auto refused = [&](const Bytes& bytes) { return refusal([&] { open_dataset(folder.write("data.npz", bytes).string(), {}); }); };
  for (const Packing packing : {Packing::zip_stored, Packing::zip_deflated}) {
    const Bytes whole = archive(packing, members);
    ASSERT_EQ(refused(whole), "");
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refused(first_bytes(whole, size)), "") << size;
  }
  Bytes damaged = archive(Packing::zip_stored, members);
  const Bytes pixels = pattern(40);
  *std::search(damaged.begin(), damaged.end(), pixels.begin(), pixels.end()) ^= 1;
  EXPECT_TRUE(contains(refused(damaged), "not a whole archive"));
  EXPECT_TRUE(
      contains(refused(archive(Packing::zip_stored, {members[0]})), "holds images; allowed are images and labels, x_test and y_test"));
}

TEST(Npz, TheUsualPairsOfNamesAreFound) {
  const TempFolder folder;
  const Bytes images = npy("|u1", "(2, 4, 5)", pattern(40)), other = npy("|u1", "(2, 4, 5)", pattern(40, 9));
  const Bytes column = npy("<i8", "(2, 1)", raw<std::int64_t>({4, 1}));
  const auto open = [&](const Members& members, const std::string& split = "test") {
    return open_dataset(folder.write("a.npz", archive(Packing::zip_deflated, members)).string(), {.split = split});
  };
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"images", "labels"}, {"X", "y"},           {"x", "y"},           {"arr_0", "arr_1"},
      {"data", "labels"},   {"x_test", "y_test"}, {"X_test", "y_test"}, {"test_images", "test_labels"}};
  for (const auto& [x, y] : pairs) {
    const auto data = open({{x + ".npy", images}, {y + ".npy", column}, {"more.npy", column}});
    EXPECT_EQ(data->at(0).image.bytes(), pattern(20)) << x;
    EXPECT_EQ(data->at(0).label, 4) << x;
  }
  const Members both{{"x_test.npy", images}, {"y_test.npy", column}, {"x_train.npy", other}, {"y_train.npy", label_list}};
  EXPECT_EQ(open(both)->at(0).image.bytes(), pattern(20));
  EXPECT_EQ(open(both, "train")->at(0).image.bytes(), pattern(20, 9));
}

TEST(Npz, WhatCouldBeMeantTwiceOrNotAtAllIsRefusedWithItsNames) {
  const TempFolder folder;
  const Bytes images = npy("|u1", "(2, 4, 5)", pattern(40));
  const auto refused = [&](const Members& members, const std::string& split = "test") {
    return refusal([&] { open_dataset(folder.write("a.npz", archive(Packing::zip_stored, members)).string(), {.split = split}); });
  };
  const Members two{{"images.npy", images}, {"labels.npy", label_list}, {"X.npy", images}, {"y.npy", label_list}};
  EXPECT_TRUE(contains(refused(two), "several pairs of images and labels: images and labels; X and y; allowed is one"));
  const Members train{{"x_train.npy", images}, {"y_train.npy", label_list}};
  EXPECT_TRUE(contains(refused(train), "of the split train only, not of test"));
  EXPECT_EQ(refused(train, "train"), "");
  EXPECT_TRUE(contains(refused({{"a\x1b.npy", images}, {"b.npy", label_list}}), "holds a\\x1b, b; allowed are"));
  EXPECT_TRUE(contains(refused({{"notes.txt", letters("text")}}), "holds no arrays; allowed are"));
}

TEST(NpyPair, LabelsLieBesideTheImagesUnderEitherName) {
  const TempFolder folder;
  const Bytes images = npy("|u1", "(2, 4, 5)", pattern(40));
  const auto first = folder.write("first.npy", images);
  EXPECT_TRUE(contains(refusal([&] { open_dataset(first.string(), {}); }), "first_labels.npy"));
  const auto labels = folder.write("first_labels.npy", label_list);
  const auto second = folder.write("a_X_b.npy", images);
  EXPECT_TRUE(contains(refusal([&] { open_dataset(second.string(), {}); }), "a_X_b_labels.npy or a_y_b.npy"));
  folder.write("a_y_b.npy", label_list);
  EXPECT_EQ(open_dataset(first.string(), {})->at(0).label, 4);
  EXPECT_EQ(open_dataset(second.string(), {})->at(1).label, 1);
  const auto lines = folder.write("lines", sha256_of_file(first) + "  first.npy\n" + sha256_of_file(labels) + "  first_labels.npy\n");
  EXPECT_EQ(open_dataset(first.string(), {})->sha256(), sha256_of_file(lines));
}

TEST(MemoryDataset, ItsDigestDependsOnEveryPart) {
  const MemoryDataset data({1, 2, 2}, pattern(8), {0, 1});
  EXPECT_EQ(data.classes(), 2);
  EXPECT_EQ(data.sha256(), MemoryDataset({1, 2, 2}, pattern(8), {0, 1}, 5).sha256());
  EXPECT_NE(data.sha256(), MemoryDataset({1, 2, 2}, pattern(8), {1, 0}).sha256());
  EXPECT_NE(data.sha256(), MemoryDataset({1, 1, 4}, pattern(8), {0, 1}).sha256());
  EXPECT_NE(data.sha256(), MemoryDataset({1, 2, 2}, pattern(8, 1), {0, 1}).sha256());
}

TEST(MemoryDataset, PartsThatDoNotFitAreRefused) {
  EXPECT_TRUE(contains(refusal([] { MemoryDataset({1, 2, 2}, pattern(8), {}); }), "no images"));
  EXPECT_TRUE(contains(refusal([] { MemoryDataset({1, 2, 2}, pattern(9), {0, 1}); }), "9 pixel values"));
  EXPECT_TRUE(contains(refusal([] { MemoryDataset({1, 0, 2}, Bytes{}, {0}); }), "is empty"));
  EXPECT_TRUE(contains(refusal([] { MemoryDataset({1, 2, 2}, pattern(8), {0, 3}, 3); }), "image 1 has label 3; allowed are 0 to 2"));
  EXPECT_TRUE(contains(refusal([] { MemoryDataset({1, 1, 1}, std::vector<float>{0, 1.5F}, {0, 1}); }), "image 1 has a pixel of 1.5"));
}

}  // namespace
}  // namespace ballast::data::array_dataset_test
