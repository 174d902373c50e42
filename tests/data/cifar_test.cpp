// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/sha256.hpp"
#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::cifar_test {
namespace {

using namespace testing;

std::string refusal_of(const std::string& name, const Bytes& bytes) {
  const TempFolder folder;
  const auto file = folder.write(name, bytes);
  return refusal([&] { open_dataset(file.string(), {}); });
}

Members train_batches(const std::string& folder) {
  Members members;
  for (std::uint8_t i = 1; i <= 5; ++i) members.push_back({folder + "data_batch_" + std::to_string(i) + ".bin", cifar({i})});
  return members;
}

TEST(Cifar, AFileHoldsRecordsOfALabelAndAnImage) {
  const TempFolder folder;
  const auto file = folder.write("some.bin", cifar({3, 9}));
  const auto data = open_dataset(file.string(), {});
  ASSERT_EQ(data->size(), 2U);
  EXPECT_EQ(data->classes(), 10);
  EXPECT_EQ(data->shape(), (ImageShape{3, 32, 32}));
  EXPECT_EQ(data->at(1).label, 9);
  EXPECT_EQ(data->at(1).image.bytes(), pattern(3072, 1));
  EXPECT_EQ(data->sha256(), sha256_of_file(file));
}

TEST(Cifar, FolderNestedFolderAndArchiveAreTheSameData) {
  Members members = train_batches("cifar-10-batches-bin/");
  std::swap(members[0], members[3]);  // an archive's order does not count
  members.push_back({"cifar-10-batches-bin/test_batch.bin", cifar({7})});
  members.push_back({"cifar-10-batches-bin/readme.html", {'x'}});
  const TempFolder folder;
  for (const auto& [name, bytes] : members) folder.write(name, bytes);
  const TempFolder packed;
  const auto file = packed.write("cifar-10-binary.tar.gz", archive(Packing::tar_gz, members));
  for (const std::string split : {"test", "train"}) {
    const auto nested = open_dataset(folder.path().string(), {.split = split});
    EXPECT_EQ(nested->size(), split == "test" ? 1U : 5U);
    EXPECT_EQ(nested->at(0).label, split == "test" ? 7 : 1);
    for (const auto& path : {folder / "cifar-10-batches-bin", file, packed.path()}) {
      const auto data = open_dataset(path.string(), {.split = split});
      EXPECT_EQ(data->sha256(), nested->sha256());
      EXPECT_EQ(data->at(data->size() - 1).label, split == "test" ? 7 : 5);
    }
  }
}

TEST(Cifar, TheNameIsLookedUpInTheDataFolder) {
  const TempFolder folder;
  folder.write("cifar10/test_batch.bin", cifar({7}));
  EXPECT_EQ(open_dataset("cifar10", {.data_dir = folder.path()})->at(0).label, 7);
}

TEST(Cifar, FilesCutShortAreRefused) {
  const Bytes whole = cifar({3, 9});
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3072}, std::size_t{3074}, whole.size() - 1}) {
    EXPECT_TRUE(contains(refusal_of("some.bin", first_bytes(whole, size)), "multiple of 3073")) << size;
  }
}

TEST(Cifar, ALabelAboveNineIsRefusedWithItsImage) {
  EXPECT_TRUE(contains(refusal_of("some.bin", cifar({0, 10, 3})), "image 1 has label 10; CIFAR-10 has 0 to 9"));
}

TEST(Cifar, AMissingBatchIsNamed) {
  const TempFolder folder;
  folder.write("data_batch_1.bin", cifar({1}));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {.split = "train"}); }), "data_batch_2.bin: no such file"));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {}); }), "test_batch.bin: no such file"));
}

TEST(Cifar, ArchivesCutShortOrWithoutTheBatchAreRefused) {
  const Bytes whole = archive(Packing::tar_gz, {{"test_batch.bin", cifar({1})}});
  for (std::size_t size = 0; size + 8 < whole.size(); size += 37) {
    EXPECT_NE(refusal_of("cifar-10-binary.tar.gz", first_bytes(whole, size)), "") << size;
  }
  EXPECT_TRUE(contains(refusal_of("c.tar.gz", archive(Packing::tar_gz, {{"other.bin", cifar({1})}})), "holds no test_batch.bin"));
  EXPECT_TRUE(
      contains(refusal_of("c.tgz", archive(Packing::tar_gz, {{"test_batch.bin", cifar({1})}, {"b/test_batch.bin", cifar({2})}})), "twice"));
}

}  // namespace
}  // namespace ballast::data::cifar_test
