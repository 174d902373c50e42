// SPDX-License-Identifier: Apache-2.0
//
// Files that unpack to more than they say, that are long and empty, or that never end: refused, and not read.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../bounded.hpp"
#include "ballast/data/image_file.hpp"
#include "ballast/data/open.hpp"
#include "inflating_files.hpp"
#include "sample_mats.hpp"

namespace ballast::data::limits_test {
namespace {

using namespace testing;
using ballast::testing::is_refused_within_bounds;

constexpr std::size_t a_gibibyte = 1024;  // in MiB
constexpr std::uintmax_t ten_gibibytes = std::uintmax_t{10} << 30;

::testing::AssertionResult refused(const std::filesystem::path& file, const std::string& words) {
  return is_refused_within_bounds([&] { open_dataset(file.string(), {}); }, words);
}

Bytes five_images(const std::string& shape = "(5, 1, 8, 8)") { return npy("|u1", shape, pattern(320)); }
Bytes five_labels() { return npy("|u1", "(5,)", {0, 1, 2, 3, 4}); }

TEST(DataLimits, ArraysInAnArchiveAreReadAsFarAsTheirHeadersSay) {
  const TempFolder folder;
  const ZipMember labels{"labels.npy", inflating(five_labels(), 0), static_cast<std::uint32_t>(five_labels().size())};
  for (const std::size_t says : {five_images().size(), five_images().size() + (a_gibibyte << 20)}) {
    const auto file =
        folder.write("a.npz", zip({{"images.npy", inflating(five_images(), a_gibibyte), static_cast<std::uint32_t>(says)}, labels}));
    EXPECT_TRUE(refused(file, "a.npz (images.npy): holds more than the"));
  }
  const auto good =
      folder.write("b.npz", zip({{"images.npy", inflating(five_images(), 0), static_cast<std::uint32_t>(five_images().size())}, labels}));
  EXPECT_NE(refusal([&] { open_dataset(good.string(), {}); }).find("CRC"),
            std::string::npos);  // whole but for the checksums, which are not set
}

TEST(DataLimits, TarArchivesAreBoundedAsAWhole) {
  const TempFolder folder;
  for (const char* name : {"test_batch.bin", "not_asked_for.bin"}) {
    const auto file = folder.write("cifar.tar.gz", inflating_gzip(tar_header(name, std::uint64_t{4} << 30), 4 * a_gibibyte));
    EXPECT_TRUE(refused(file, "cifar.tar.gz: unpacks to more than")) << name;
  }
  const auto batch = folder.write("large.tar.gz", inflating_gzip(tar_header("test_batch.bin", std::uint64_t{900} << 20), 900));
  EXPECT_TRUE(refused(batch, "test_batch.bin): holds more than"));
}

TEST(DataLimits, PackedIdxFilesAreReadAsFarAsTheirHeadersSay) {
  const TempFolder folder;
  folder.write("t10k-labels-idx1-ubyte", idx({5}, {0, 1, 2, 3, 4}));
  const auto small = folder.write("t10k-images-idx3-ubyte.gz", inflating_gzip(idx({5, 8, 8}, pattern(320)), a_gibibyte));
  EXPECT_TRUE(refused(small, "bytes long; at most"));  // packed, it is longer than its images are
  const auto large = folder.write("t10k-images-idx3-ubyte.gz", inflating_gzip(idx({5, 1000, 1000}, pattern(5'000'000)), a_gibibyte));
  EXPECT_TRUE(refused(large, "holds more"));

  const TempFolder other;
  const auto five = other.write("t10k-images-idx3-ubyte", idx({5, 8, 8}, pattern(320)));
  other.write("t10k-labels-idx1-ubyte.gz", inflating_gzip(idx({1 << 30}, {}), a_gibibyte));
  EXPECT_TRUE(refused(five, "holds 5 images, but"));
}

TEST(DataLimits, PackedVariablesAreReadAsFarAsTheirHeadersSay) {
  const TempFolder folder;
  const Bytes x = mat_variable("X", mx_uint8, {8, 8, 3, 1}, mi_uint8, pattern(192)), stream = inflating_zlib(x, a_gibibyte);
  const Bytes packed = joined({raw<std::uint32_t>({mi_packed, static_cast<std::uint32_t>(stream.size())}), stream});
  EXPECT_TRUE(refused(folder.write("a.mat", mat(packed)), "after its values"));
}

TEST(DataLimits, PngDataIsNoMoreThanItsPixelsTake) {
  const TempFolder folder;
  const Bytes rows(8 * 9);  // eight rows of a filter and eight pixels
  const auto file = folder.write("large.png", png_with_data(8, 8, inflating_zlib(rows, a_gibibyte)));
  EXPECT_TRUE(is_refused_within_bounds([&] { read_image_file(file); }, "more image data than its 8x8 pixels take"));

  // A damaged stream says nothing of how much another reader would unpack.
  Bytes damaged = inflating_zlib(rows, a_gibibyte);
  damaged[1] ^= 1;
  const auto other = folder.write("damaged.png", png_with_data(8, 8, damaged));
  EXPECT_TRUE(is_refused_within_bounds([&] { read_image_file(other); }, "image data is damaged"));
}

TEST(DataLimits, LongEmptyFilesAreNotReadWhole) {
  const TempFolder folder;
  folder.write("t10k-labels-idx1-ubyte", idx({5}, {0, 1, 2, 3, 4}));
  folder.write("a_labels.npy", five_labels());
  const Bytes x = mat_variable("X", mx_uint8, {8, 8, 3, 1}, mi_uint8, pattern(192));
  const std::vector<std::pair<std::string, Bytes>> files{{"t10k-images-idx3-ubyte", idx({5, 8, 8}, pattern(320))},
                                                         {"a.npy", five_images()},
                                                         {"a.npz", five_images()},
                                                         {"a.bin", cifar({1, 2})},
                                                         {"a.mat", mat(x)},
                                                         {"empty.mat", {}},
                                                         {"a.tar.gz", {}}};
  for (const auto& [name, start] : files) EXPECT_TRUE(refused(sparse(folder, name, start, ten_gibibytes), name)) << name;
  const auto image = sparse(folder, "a.png", png(8, 8, 1, pattern(64)), ten_gibibytes);
  EXPECT_TRUE(is_refused_within_bounds([&] { read_image_file(image); }, "bytes long"));
  const TempFolder listed;
  sparse(listed, "labels.tsv", {}, ten_gibibytes);
  EXPECT_TRUE(refused(listed.path(), "bytes long"));
}

TEST(DataLimits, PipesAndDevicesAreNotWaitedFor) {
  for (const char* name : {"t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "a.npy", "a.npz", "a.bin", "a.mat", "a.tar.gz"}) {
    const TempFolder folder;
    ASSERT_EQ(mkfifo((folder / name).c_str(), 0600), 0);
    EXPECT_TRUE(refused(folder / name, name));
    std::filesystem::remove(folder / name);
    std::filesystem::create_symlink("/dev/zero", folder / name);
    EXPECT_TRUE(refused(folder / name, name));
  }
  const TempFolder beside;
  beside.write("a.npy", five_images());
  ASSERT_EQ(mkfifo((beside / "a_labels.npy").c_str(), 0600), 0);
  EXPECT_TRUE(refused(beside / "a.npy", "a_labels.npy"));
}

// Lines and columns of nothing take a string each only where they are used.
TEST(DataLimits, TablesOfEmptyLinesAndCellsTakeNoMoreThanTheyHave) {
  const TempFolder folder;
  for (const char filling : {'\n', '\t'}) {
    folder.write("labels.tsv", Bytes(24 << 20, static_cast<std::uint8_t>(filling)));
    EXPECT_TRUE(refused(folder.path(), "labels.tsv"));
  }
}

}  // namespace
}  // namespace ballast::data::limits_test
