// SPDX-License-Identifier: Apache-2.0

#include <thread>

#include "ballast/data/image_file.hpp"
#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::image_folder_test {
namespace {

using namespace testing;

Bytes image(int width, int height, unsigned start = 0) {
  return png(width, height, 3, pattern(static_cast<std::size_t>(3 * width * height), start));
}

std::unique_ptr<Dataset> open(const TempFolder& folder, OpenOptions options = {}) { return open_dataset(folder.path().string(), options); }

std::string refusal_of(const TempFolder& folder, OpenOptions options = {}) {
  return refusal([&] { open(folder, options); });
}

TEST(ImageFolder, SubfoldersAreClassesInTheOrderOfTheirNames) {
  const TempFolder folder;
  folder.write("zebra/b.png", image(4, 4, 1));
  folder.write("zebra/a.PNG", image(4, 4, 2));
  folder.write("ant/x/deep.png", image(4, 4, 3));
  folder.write("ant/notes.txt", std::string("no image"));
  folder.write(".hidden/a.png", image(4, 4));
  const auto data = open(folder);
  ASSERT_EQ(data->size(), 3U);
  EXPECT_EQ(data->classes(), 2);
  EXPECT_EQ(data->at(0).label, 0);
  EXPECT_EQ(data->at(1).label, 1);
  EXPECT_EQ(data->at(1).image.bytes(), read_image_file(folder / "zebra/a.PNG").bytes());
  EXPECT_TRUE(contains(refusal([&] { data->at(3); }), "allowed are 0 to 2"));
}

TEST(ImageFolder, ImagesOfOneSizeAreUsedAsTheyAre) {
  const TempFolder folder;
  folder.write("a/1.png", image(5, 4));
  folder.write("b/1.png", image(5, 4));
  const auto data = open(folder);
  EXPECT_EQ(data->shape(), (ImageShape{3, 4, 5}));
  EXPECT_EQ(data->at(1).image.bytes(), read_image_file(folder / "b/1.png").bytes());
}

TEST(ImageFolder, ImagesOfDifferentSizesAreResizedAndCropped) {
  const TempFolder folder;
  folder.write("a/1.png", image(30, 40));
  folder.write("b/1.png", image(50, 40));
  const auto data = open(folder);
  EXPECT_EQ(data->shape(), (ImageShape{3, 224, 224}));
  EXPECT_EQ(data->at(1).image.bytes(), center_crop(resize(read_image_file(folder / "b/1.png"), {256}), 224).bytes());
  EXPECT_EQ(open(folder, {.resize = Resizing{32}, .crop = 28})->at(0).image.shape, (ImageShape{3, 28, 28}));
  EXPECT_EQ(open(folder, {.resize = Resizing{32}})->shape(), (ImageShape{3, 32, 32}));
  EXPECT_EQ(open(folder, {.resize = Resizing{0}, .crop = 28})->at(0).image.bytes(),
            center_crop(read_image_file(folder / "a/1.png"), 28).bytes());
  EXPECT_EQ(open(folder, {.resize = Resizing{0}})->at(1).image.shape, (ImageShape{3, 40, 50}));
  EXPECT_FALSE(open(folder, {.resize = Resizing{0}})->shape());
  EXPECT_EQ(open(folder, {.resize = Resizing{20}, .crop = 0})->at(1).image.shape, (ImageShape{3, 20, 25}));
}

TEST(ImageFolder, TheNameImagenetAlwaysResizesUnlessToldOtherwise) {
  const TempFolder folder;
  folder.write("imagenet/a/1.png", image(300, 260));
  EXPECT_EQ(open_dataset("imagenet", {.data_dir = folder.path()})->shape(), (ImageShape{3, 224, 224}));
  EXPECT_EQ(open_dataset("imagenet", {.data_dir = folder.path(), .resize = Resizing{0}})->shape(), (ImageShape{3, 260, 300}));
  EXPECT_EQ(open_dataset((folder / "imagenet").string(), {})->shape(), (ImageShape{3, 260, 300}));
}

TEST(ImageFolder, SidesOutOfRangeAreRefused) {
  const TempFolder folder;
  folder.write("a/1.png", image(30, 40));
  EXPECT_TRUE(contains(refusal_of(folder, {.resize = Resizing{-1}}), "resize is -1"));
  EXPECT_TRUE(contains(refusal_of(folder, {.crop = 20000}), "crop is 20000"));
  const auto data = open(folder, {.crop = 31});
  EXPECT_TRUE(contains(refusal([&] { data->at(0); }), "1.png: an image of 3x40x30 cannot be cropped to 31"));
}

TEST(ImageFolder, TheSplitsSubfolderIsUsedWhenThereIsOne) {
  const TempFolder folder;
  folder.write("train/a/1.png", image(4, 4));
  EXPECT_TRUE(contains(refusal_of(folder), "no test/ or val/ for the split test"));
  folder.write("val/a/1.png", image(5, 4));
  EXPECT_EQ(open(folder)->shape(), (ImageShape{3, 4, 5}));
  EXPECT_EQ(open(folder, {.split = "train"})->shape(), (ImageShape{3, 4, 4}));
  folder.write("test/a/1.png", image(6, 4));
  EXPECT_EQ(open(folder)->shape(), (ImageShape{3, 4, 6}));
}

TEST(ImageFolder, AClassNamedLikeASplitIsAClass) {
  const TempFolder folder;
  folder.write("car/1.png", image(4, 4));
  folder.write("train/1.png", image(4, 4));
  EXPECT_EQ(open(folder)->classes(), 2);
  EXPECT_EQ(open(folder, {.split = "train"})->size(), 2U);
}

TEST(ImageFolder, ATableGivesOrderLabelsAndClasses) {
  const TempFolder folder;
  folder.write("b.png", image(4, 4, 1));
  folder.write("jpeg/a.png", image(4, 4, 2));
  for (const std::string table : {"b.png\t3\nabsent.png\t9\na.png\t0\n", "file\tlabel\nb.png\t3\nabsent.png\t9\na.png\t0",
                                  "class\twnid\tfile\tname\r\n3\tn\tb.png\tB b\r\n9\tn\tabsent.png\t\r\n0\tn\ta.png\tA\r\n"}) {
    folder.write("labels.tsv", table);
    const auto data = open(folder);
    ASSERT_EQ(data->size(), 2U) << table;
    EXPECT_EQ(data->classes(), 10);
    EXPECT_EQ(data->at(0).label, 3);
    EXPECT_EQ(data->at(1).label, 0);
    EXPECT_EQ(data->at(1).image.bytes(), read_image_file(folder / "jpeg/a.png").bytes());
  }
}

TEST(ImageFolder, TablesThatAreWrongAreRefusedWithTheLine) {
  const TempFolder folder;
  folder.write("a.png", image(4, 4));
  const auto refused = [&](const std::string& table) {
    folder.write("labels.tsv", table);
    return refusal_of(folder);
  };
  EXPECT_TRUE(contains(refused(""), "lists no files"));
  EXPECT_TRUE(contains(refused("file\tlabel\n"), "lists no files"));
  EXPECT_TRUE(contains(refused("file\tname\na.png\tx\n"), "line 1: the header has no column"));
  EXPECT_TRUE(contains(refused("a.png\t1\na.png\n"), "line 2: has 1 columns"));
  EXPECT_TRUE(contains(refused("a.png\t-1\n"), "line 1: the label is not a number from 0"));
  EXPECT_TRUE(contains(refused("a.png\t1.5\n"), "line 1: the label"));
  EXPECT_TRUE(contains(refused("a.png\t99999999999\n"), "line 1: the label"));
  EXPECT_TRUE(contains(refused("a.png\t1\na.png\t2\n"), "line 2: lists a file for the second time"));
  EXPECT_TRUE(contains(refused("../a.png\t1\n"), "not a path inside the folder"));
  EXPECT_TRUE(contains(refused("/etc/passwd\t1\n"), "not a path inside the folder"));
  EXPECT_TRUE(contains(refused("b.png\t1\n"), "none of the listed files"));
}

TEST(ImageFolder, FoldersWithoutImagesAndOtherImageFormatsAreRefused) {
  const TempFolder folder;
  EXPECT_TRUE(contains(refusal_of(folder), "holds no data set; allowed are"));
  folder.write("1.png", image(4, 4));
  EXPECT_TRUE(contains(refusal_of(folder), "holds images without classes; name a file of their labels by --labels FILE"));
  folder.write("a/1.avif", image(4, 4));
  EXPECT_TRUE(contains(refusal_of(folder), "1.avif: is an image of another format"));
}

TEST(ImageFolder, ADamagedImageIsNamed) {
  const TempFolder folder;
  const Bytes whole = image(4, 4);
  folder.write("a/1.png", image(4, 4));
  const auto data = open(folder);
  folder.write("a/1.png", first_bytes(whole, whole.size() - 4));
  EXPECT_TRUE(contains(refusal([&] { data->at(0); }), "1.png: is cut short"));
  EXPECT_TRUE(contains(refusal_of(folder), "1.png: is cut short"));
  folder.write("a/0.png", std::string("text"));
  EXPECT_TRUE(contains(refusal_of(folder), "0.png: is neither"));
}

TEST(ImageFolder, TheDigestKnowsContentsNamesLabelsAndSteps) {
  const TempFolder folder;
  folder.write("a/1.png", image(40, 40));
  const std::string first = open(folder)->sha256();
  EXPECT_EQ(open(folder)->sha256(), first);
  EXPECT_NE(open(folder, {.crop = 32})->sha256(), first);
  EXPECT_NE(open(folder, {.crop = 32})->sha256(), open(folder, {.resize = Resizing{32}})->sha256());
  folder.write("a/1.png", image(40, 40, 1));
  EXPECT_NE(open(folder)->sha256(), first);
  const std::string second = open(folder)->sha256();
  folder.write("Z/empty.txt", std::string());
  EXPECT_NE(open(folder)->sha256(), second);  // the label of class a is now 1
}

TEST(ImageFolder, AFileThatIsAnotherThanWasHashedIsNotGiven) {
  const TempFolder folder;
  folder.write("a/1.png", image(5, 4));
  folder.write("b/1.png", image(5, 4, 1));
  const auto data = open(folder);
  data->sha256();
  folder.write("b/1.png", image(5, 4, 2));
  EXPECT_EQ(data->at(0).label, 0);
  EXPECT_TRUE(contains(refusal([&] { data->at(1); }), "b/1.png: has changed since the data set's SHA-256 was computed"));
  EXPECT_NE(open(folder)->sha256(), data->sha256());
}

TEST(ImageFolder, ThreadsMayReadAtOnce) {
  const TempFolder folder;
  for (unsigned i = 0; i < 4; ++i) folder.write("a/" + std::to_string(i) + ".png", image(40, 40, i));
  const auto data = open(folder);
  std::vector<std::string> digests(4);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (unsigned k = 0; k < 8; ++k) data->at((i + k) % 4);
      digests[i] = data->sha256();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
}

}  // namespace
}  // namespace ballast::data::image_folder_test
