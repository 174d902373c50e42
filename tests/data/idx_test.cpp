// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/sha256.hpp"
#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::idx_test {
namespace {

using namespace testing;

const std::string image_count = "t10k-images-idx3-ubyte";
const std::string label_list = "t10k-labels-idx1-ubyte";

Bytes good_images() { return idx({3, 4, 5}, pattern(60)); }
Bytes good_labels() { return idx({3}, {7, 0, 2}); }

std::string refusal_of(const Bytes& images, const Bytes& labels) {
  const TempFolder folder;
  folder.write(image_count, images);
  folder.write(label_list, labels);
  return refusal([&] { open_dataset(folder.path().string(), {}); });
}

TEST(Idx, AFolderHoldsImagesWithTheirLabels) {
  const TempFolder folder;
  folder.write(image_count, good_images());
  folder.write(label_list, good_labels());
  const auto data = open_dataset(folder.path().string(), {});
  ASSERT_EQ(data->size(), 3U);
  EXPECT_EQ(data->classes(), 8);
  EXPECT_TRUE(data->is_8bit());
  EXPECT_EQ(data->shape(), (ImageShape{1, 4, 5}));
  EXPECT_EQ(data->at(0).label, 7);
  EXPECT_EQ(data->at(2).label, 2);
  EXPECT_EQ(data->at(2).image.bytes(), pattern(20, 7 * 40));
  EXPECT_TRUE(contains(refusal([&] { data->at(3); }), "allowed are 0 to 2"));
}

TEST(Idx, PackedAndPlainFilesAreTheSameData) {
  const TempFolder plain;
  plain.write(image_count, good_images());
  plain.write(label_list, good_labels());
  const TempFolder packed;
  packed.write(image_count + ".gz", gzip(good_images()));
  packed.write(label_list + ".gz", gzip(good_labels()));
  const auto a = open_dataset(plain.path().string(), {});
  const auto b = open_dataset((packed / (image_count + ".gz")).string(), {});
  EXPECT_EQ(a->sha256(), b->sha256());
  EXPECT_EQ(a->at(1).image.bytes(), b->at(1).image.bytes());
}

TEST(Idx, TheDigestIsThatOfTheLinesOfSha256sum) {
  const TempFolder folder;
  const auto images = folder.write(image_count, good_images());
  const auto labels = folder.write(label_list, good_labels());
  const auto lines =
      folder.write("lines", sha256_of_file(images) + "  " + image_count + "\n" + sha256_of_file(labels) + "  " + label_list + "\n");
  EXPECT_EQ(open_dataset(images.string(), {})->sha256(), sha256_of_file(lines));
}

TEST(Idx, TheSplitChoosesTheFiles) {
  const TempFolder folder;
  folder.write("train-images-idx3-ubyte", idx({1, 2, 2}, pattern(4)));
  folder.write("train-labels-idx1-ubyte", idx({1}, {5}));
  EXPECT_EQ(open_dataset(folder.path().string(), {.split = "train"})->at(0).label, 5);
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {}); }), "t10k-images-idx3-ubyte"));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {.split = "val"}); }), "allowed are test and train"));
}

TEST(Idx, FilesCutShortAnywhereAreRefused) {
  for (std::size_t size = 0; size < good_images().size(); ++size) {
    EXPECT_NE(refusal_of(first_bytes(good_images(), size), good_labels()), "") << size;
  }
  for (std::size_t size = 0; size < good_labels().size(); ++size) {
    EXPECT_NE(refusal_of(good_images(), first_bytes(good_labels(), size)), "") << size;
  }
}

TEST(Idx, PackedFilesCutShortOrDamagedAreRefused) {
  const Bytes packed = gzip(good_images());
  for (std::size_t size = 0; size < packed.size(); ++size) EXPECT_NE(refusal_of(first_bytes(packed, size), good_labels()), "") << size;
  Bytes damaged = packed;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  EXPECT_TRUE(contains(refusal_of(damaged, good_labels()), "gzip data is damaged"));
  EXPECT_TRUE(contains(refusal_of(joined({packed, {1}}), good_labels()), "bytes after the end"));
}

TEST(Idx, AWrongMagicNumberIsRefused) {
  Bytes images = good_images();
  images[3] = 1;
  EXPECT_TRUE(contains(refusal_of(images, good_labels()), "does not begin with the IDX number 2051 but with 2049"));
}

TEST(Idx, SizesThatLieAreRefusedBeforeAnyMemoryIsTaken) {
  EXPECT_TRUE(contains(refusal_of(idx({4'000'000'000, 16384, 16384}, pattern(60)), good_labels()), "but it holds 76"));
  EXPECT_TRUE(contains(refusal_of(gzip(idx({4'000'000'000, 16384, 16384}, pattern(60))), good_labels()), "but it holds 76"));
  EXPECT_TRUE(contains(refusal_of(idx({3, 4, 4'000'000'000}, pattern(60)), good_labels()), "allowed are 1 to 16384"));
  EXPECT_TRUE(contains(refusal_of(idx({3, 4, 0}, {}), good_labels()), "allowed are 1 to 16384"));
  EXPECT_TRUE(contains(refusal_of(idx({0, 4, 5}, {}), good_labels()), "no images"));
  EXPECT_TRUE(contains(refusal_of(idx({3, 4, 5}, pattern(61)), good_labels()), "but it holds more"));
  EXPECT_TRUE(contains(refusal_of(gzip(idx({3, 4, 5}, pattern(61))), good_labels()), "but it holds more"));
}

TEST(Idx, NumbersOfImagesAndLabelsMustAgree) {
  EXPECT_TRUE(contains(refusal_of(good_images(), idx({4}, {1, 2, 3, 4})), "holds 3 images, but"));
}

TEST(Idx, MissingLabelsAreNamed) {
  const TempFolder folder;
  folder.write(image_count, good_images());
  EXPECT_TRUE(contains(refusal([&] { open_dataset((folder / image_count).string(), {}); }), "no " + (folder / label_list).string()));
}

}  // namespace
}  // namespace ballast::data::idx_test
