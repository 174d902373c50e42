// SPDX-License-Identifier: Apache-2.0
//
// Damaged files of every format are read or refused, and nothing else.

#include <algorithm>
#include <random>

#include "../data/sample_files.hpp"
#include "../data/sample_formats.hpp"
#include "../data/sample_images.hpp"
#include "../data/sample_jpegs.hpp"
#include "../data/sample_mats.hpp"
#include "../data/sample_pickles.hpp"
#include "ballast/data/open.hpp"
#include "mutations.hpp"
#include "png_repair.hpp"
#include "readers.hpp"

namespace ballast::data::data_fuzz_test {
namespace {

using namespace testing;

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  Bytes operator()(Bytes bytes) {
    for (std::uint32_t rounds = 1 + below(3); rounds > 0 && !bytes.empty(); --rounds) mutate(bytes);
    return bytes;
  }

 private:
  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }

  void mutate(Bytes& bytes) {
    switch (below(6)) {
      case 0: bytes[below(bytes.size())] ^= static_cast<std::uint8_t>(1U << below(8)); break;
      case 1: bytes[below(std::min<std::size_t>(bytes.size(), 128))] = static_cast<std::uint8_t>(random_()); break;
      case 2: bytes.resize(below(bytes.size())); break;
      case 3: overwrite(bytes, below(bytes.size())); break;
      case 4: overwrite(bytes, below(std::min<std::size_t>(bytes.size(), 64))); break;
      case 5: bytes.insert(bytes.begin() + below(bytes.size()), 1 + below(8), static_cast<std::uint8_t>(random_())); break;
    }
  }

  // Sizes that reach far: a field of 2 or 4 bytes, of either end.
  void overwrite(Bytes& bytes, std::size_t at) {
    static constexpr std::uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    const std::size_t end = std::min(bytes.size(), at + (below(2) == 0 ? 2 : 4));
    for (; at < end; ++at) bytes[at] = edges[below(5)];
  }

  std::mt19937 random_;
};

// Reads everything; wrong data may only be refused. True if it was read.
bool is_read(const std::filesystem::path& path, const OpenOptions& options = {}) { return fuzz::is_dataset_read(path, options); }

struct Sample {
  std::string name;                       // of the file that is mutated
  std::string open;                       // what is opened
  Members files;                          // all of them
  std::string labels = {}, synsets = {};  // files of labels and of WordNet ids; empty: none

  OpenOptions options(const TempFolder& folder) const {
    OpenOptions options{.exif = labels.empty() && (name.starts_with("a/"))};
    if (!labels.empty()) options.labels = folder / labels;
    if (!synsets.empty()) options.synsets = folder / synsets, options.label_order = LabelOrder::ilsvrc;
    return options;
  }
};

using Repair = void (*)(std::span<std::uint8_t>);

// Every read or refusal of mutations of one file of the sample. `repair` puts checksums right again half of the time.
void fuzz(const Sample& sample, std::uint32_t seed, Repair repair = nullptr) {
  const TempFolder folder;
  Bytes original;
  for (const auto& [name, bytes] : sample.files) {
    folder.write(name, bytes);
    if (name == sample.name) original = bytes;
  }
  const OpenOptions options = sample.options(folder);
  ASSERT_TRUE(is_read(folder / sample.open, options)) << sample.open;
  Mutator mutator(seed);
  for (int i = 0; i < mutations(); ++i) {
    Bytes mutated = mutator(original);
    if (repair != nullptr && i % 2 == 0) repair(mutated);
    folder.write(sample.name, mutated);
    EXPECT_NO_THROW(is_read(folder / sample.open, options)) << sample.name << ", mutation " << i << " of seed " << seed;
  }
}

const Bytes image_count = idx({3, 4, 5}, pattern(60));
const Bytes label_list = idx({3}, {7, 0, 2});
const Bytes images_array = npy("<f4", "(2, 1, 2, 2)", raw<float>({0, 0.25F, 0.5F, 1, 0, 0, 0, 0.75F}));
const Bytes labels_array = npy("<i8", "(2,)", raw<std::int64_t>({4, 1}));

TEST(DataFuzz, Idx) {
  const Members files{{"t10k-images-idx3-ubyte", image_count}, {"t10k-labels-idx1-ubyte", label_list}};
  fuzz({"t10k-images-idx3-ubyte", "", files}, 1);
  fuzz({"t10k-labels-idx1-ubyte", "", files}, 2);
}

TEST(DataFuzz, PackedIdx) {
  const Members files{{"t10k-images-idx3-ubyte.gz", gzip(image_count)}, {"t10k-labels-idx1-ubyte.gz", gzip(label_list)}};
  fuzz({"t10k-images-idx3-ubyte.gz", "", files}, 3);
}

TEST(DataFuzz, CifarFile) { fuzz({"some.bin", "some.bin", {{"some.bin", cifar({1, 2})}}}, 4); }

TEST(DataFuzz, CifarArchive) {
  const Bytes packed = archive(Packing::tar_gz, {{"cifar-10-batches-bin/test_batch.bin", cifar({1})}});
  fuzz({"c.tar.gz", "c.tar.gz", {{"c.tar.gz", packed}}}, 5);
}

TEST(DataFuzz, CifarForPython) {
  std::uint32_t seed = 20;
  for (const PickledBy version : all_picklers) {
    fuzz({"test_batch", "test_batch", {{"test_batch", pickled(pickled_batch({1, 2}), version)}}}, seed++);
    fuzz({"test", "test", {{"test", pickled_cifar100({1, 2}, {3, 4}, version)}}}, seed++);
  }
}

// What is not pixels is a tenth of a small file, so it is damaged on its own, too.
TEST(DataFuzz, PickleWithoutPixels) {
  PickledBatch batch = pickled_batch({1});
  batch.bytes = {}, batch.columns = 0;
  const TempFolder folder;
  for (const PickledBy version : all_picklers) {
    const Bytes original = pickled(batch, version);
    Mutator mutator(30 + static_cast<std::uint32_t>(version));
    for (int i = 0; i < mutations(); ++i) {
      folder.write("test_batch", mutator(original));
      EXPECT_NO_THROW(is_read(folder / "test_batch")) << "mutation " << i << " of version " << static_cast<int>(version);
    }
  }
}

TEST(DataFuzz, Cifar100File) { fuzz({"test.bin", "test.bin", {{"test.bin", cifar100({1, 2}, {3, 4})}}}, 40); }

TEST(DataFuzz, Netpbm) {
  std::uint32_t seed = 41;
  for (const std::string text :
       {"P6 2 2 255\nabcdefghijkl", "P5\n# grey\n3 2\n255\nabcdef", "P3 2 1 255 1 2 3 255 5 10", "P2 3 1 255 0 # 1\n7 255"}) {
    fuzz({"a/1.ppm", "", {{"a/1.ppm", letters(text)}}}, seed++);
  }
}

TEST(DataFuzz, Npy) {
  const Members files{{"a.npy", images_array}, {"a_labels.npy", labels_array}};
  fuzz({"a.npy", "a.npy", files}, 6);
  fuzz({"a_labels.npy", "a.npy", files}, 7);
}

TEST(DataFuzz, Npz) {
  const Members members{{"images.npy", images_array}, {"labels.npy", labels_array}};
  fuzz({"a.npz", "a.npz", {{"a.npz", archive(Packing::zip_stored, members)}}}, 8);
  fuzz({"a.npz", "a.npz", {{"a.npz", archive(Packing::zip_deflated, members)}}}, 9);
}

// A file of packed variables, each damaged before it is packed, so that the reader behind zlib's checksum is reached.
Bytes mat_of(Mutator* before_packing) {
  const Members variables{{"X", mat_variable("X", mx_uint8, {4, 5, 3, 2}, mi_uint8, pattern(120))},
                          {"other", mat_variable("other_name", mx_double, {1, 2}, mi_double, raw<double>({1, 2}))},
                          {"y", mat_variable("y", mx_double, {2, 1}, mi_uint8, {10, 3})}};
  Bytes elements;
  for (const auto& [name, variable] : variables) {
    elements = joined({elements, mat_packed(before_packing != nullptr ? (*before_packing)(variable) : variable)});
  }
  return mat(elements);
}

TEST(DataFuzz, Mat) {
  const Bytes plain = mat(joined({mat_variable("X", mx_uint8, {4, 5, 3, 2}, mi_uint8, pattern(120)),
                                  mat_variable("other_name", mx_cell, {1, 1}, mi_matrix, pattern(24)),
                                  mat_variable("y", mx_double, {2, 1}, mi_double, raw<double>({10, 3}))}));
  fuzz({"a.mat", "a.mat", {{"a.mat", plain}}}, 17);
  fuzz({"a.mat", "a.mat", {{"a.mat", mat_of(nullptr)}}}, 18);
}

TEST(DataFuzz, MatDamagedBeforeItWasPacked) {
  const TempFolder folder;
  Mutator mutator(19);
  int read = 0;
  for (int i = 0; i < mutations(); ++i) {
    folder.write("a.mat", mat_of(&mutator));
    EXPECT_NO_THROW(read += is_read(folder / "a.mat") ? 1 : 0) << "mutation " << i;
  }
  EXPECT_GT(read, 0);  // pixels that changed are no error
}

TEST(DataFuzz, Png) {
  fuzz({"a/1.png", "", {{"a/1.png", png(9, 7, 3, pattern(9 * 7 * 3))}}}, 10, fuzz::repair_png);
  fuzz({"a/1.png", "", {{"a/1.png", png(9, 7, 4, pattern(9 * 7 * 4))}}}, 11, fuzz::repair_png);
}

TEST(DataFuzz, Jpeg) {
  fuzz({"a/1.jpg", "", {{"a/1.jpg", jpeg(19, 17, 3, pattern(19 * 17 * 3))}}}, 12);
  fuzz({"a/1.jpg", "", {{"a/1.jpg", jpeg(9, 7, 1, pattern(9 * 7))}}}, 13);
  fuzz({"a/1.jpg", "", {{"a/1.jpg", progressive_jpeg}}}, 14);
  fuzz({"a/1.jpg", "", {{"a/1.jpg", cmyk_jpeg}}}, 15);
}

TEST(DataFuzz, LabelTable) {
  const std::string table = "class\twnid\tfile\tname\n3\tn1\t1.png\tone\n0\tn2\tabsent.png\ttwo\n";
  fuzz({"labels.tsv", "", {{"labels.tsv", Bytes(table.begin(), table.end())}, {"jpeg/1.png", png(2, 2, 1, pattern(4))}}}, 16);
}

// Each format's own files, by Pillow; PNG's with checksums put right.
TEST(DataFuzz, ImagesOfEveryFormat) {
  std::uint32_t seed = 50;
  for (const SampleImage& sample : sample_images) {
    const bool is_png = sample.name.starts_with("png");
    if (is_png && sample.name != "png, orientation 6") continue;
    fuzz({"a/1.png", "", {{"a/1.png", bytes_of(sample.hex)}}}, seed++, is_png ? fuzz::repair_png : nullptr);
  }
}

TEST(DataFuzz, ImagesThatPillowDoesNotWrite) {
  const Bytes values = pattern(6 * 5 * 3);
  const std::vector<std::uint16_t> wide{0, 1, 255, 256, 32768, 65535};
  const Bytes palette{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
  const Gif still{.width = 3, .height = 2, .left = 1, .wide = 2, .high = 2, .palette = palette, .values = {0, 1, 2, 3}, .transparent = 1};
  const Bytes masks{0, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0, 0, 0};
  std::uint32_t seed = 80;
  for (const Bytes& bytes :
       {gif(still), bmp({.width = 2, .height = -1, .bits = 16, .compression = 3}, masks, {0x30, 0xf8, 0xff, 0x07}),
        bmp({.width = 3, .height = 1, .bits = 4, .colours = 3}, {1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0}, {0x20, 0x10, 0, 0}),
        tiff({.width = 6, .height = 5, .samples = 3, .meaning = 2, .arrangement = 2}, values),
        tiff({.width = 6, .height = 5, .samples = 3, .meaning = 2, .tile = 16}, tiles_of(values, 6, 5, 3, 16)),
        tiff({.width = 3, .height = 2, .bits = 16}, raw(wide))}) {
    fuzz({"a/1.png", "", {{"a/1.png", bytes}}}, seed++);
  }
  fuzz({"a/1.png", "", {{"a/1.png", png_16(3, 2, 1, wide)}}}, seed++, fuzz::repair_png);
}

const Members two_images{{"1.png", png(2, 2, 1, pattern(4))}, {"2.png", png(2, 2, 1, pattern(4))}};

Members with(Members files, const std::string& name, const std::string& text) {
  files.emplace_back(name, letters(text));
  return files;
}

TEST(DataFuzz, FilesOfLabels) {
  std::uint32_t seed = 100;
  const std::vector<std::string> tables{"file,class\n\"1.png\",ant\n2.png,\"a \"\"bee\"\"\"\n", "2.png;7\n1.png;0\n",
                                        "1.png n00000001\n2.png n00000002\n", "ant\nbee\n"};
  for (const std::string& table : tables) fuzz({"labels", "", with(two_images, "labels", table), "labels"}, seed++);
}

TEST(DataFuzz, ListsOfSynsets) {
  const Members files = with(with(two_images, "labels", "2\n1\n"), "synsets", "n00000007 1 fox\nn00000003 2 ant\n");
  fuzz({"synsets", "", files, "labels", "synsets"}, 110);
  fuzz({"labels", "", files, "labels", "synsets"}, 111);
}

TEST(DataFuzz, Gtsrb) {
  const std::string table = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n";
  const Members training = with({{"00007/1.ppm", letters("P6 1 1 255\nabc")}}, "00007/GT-00007.csv", table + "1.ppm;1;1;0;0;1;1;7\r\n");
  fuzz({"00007/GT-00007.csv", "", training}, 112);
  const Members test = with({{"00000.ppm", letters("P6 1 1 255\nabc")}}, "GT-final_test.csv", table + "00000.ppm;1;1;0;0;1;1;7\r\n");
  fuzz({"GT-final_test.csv", "", test}, 113);
}

TEST(DataFuzz, TinyImageNet) {
  const Members files = with(with({{"val/images/v.JPEG", jpeg(8, 8, 1, pattern(64))}}, "wnids.txt", "n00000007\nn00000003\n"),
                             "val/val_annotations.txt", "v.JPEG\tn00000003\t0\t0\t62\t62\n");
  fuzz({"wnids.txt", "", files}, 114);
  fuzz({"val/val_annotations.txt", "", files}, 115);
}

TEST(DataFuzz, NpzOfOtherNames) {
  const Members members{
      {"x_test.npy", images_array}, {"y_test.npy", labels_array}, {"x_train.npy", images_array}, {"y_train.npy", labels_array}};
  fuzz({"a.npz", "a.npz", {{"a.npz", archive(Packing::zip_stored, members)}}}, 116);
}

}  // namespace
}  // namespace ballast::data::data_fuzz_test
