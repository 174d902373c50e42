// SPDX-License-Identifier: Apache-2.0
//
// GTSRB and Tiny ImageNet as they are unpacked.

#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::image_sets_test {
namespace {

using namespace testing;

Bytes ppm(int width, int height, unsigned start) {
  return joined({letters("P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n"),
                 pattern(static_cast<std::size_t>(3 * width * height), start)});
}

const std::string header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n";

// Signs of a class in its folder: 00000_00000.ppm, ...
void write_class(const TempFolder& folder, const std::string& place, const std::string& name, int label, unsigned count) {
  std::string table = header;
  for (unsigned i = 0; i < count; ++i) {
    const std::string file = "00000_0000" + std::to_string(i) + ".ppm";
    folder.write(place + name + "/" + file, ppm(30 + static_cast<int>(i), 30, static_cast<unsigned>(label)));
    table += file + ";30;30;5;5;25;25;" + std::to_string(label) + "\r\n";
  }
  folder.write(place + name + "/GT-" + name + ".csv", table);
}

void write_test(const TempFolder& folder, const std::string& place, const std::string& table_place) {
  folder.write(place + "00000.ppm", ppm(40, 36, 1));
  folder.write(place + "00001.ppm", ppm(20, 36, 2));
  folder.write(table_place + "GT-final_test.csv", header + "00000.ppm;40;36;5;5;34;30;16\r\n00001.ppm;20;36;5;5;14;30;1\r\n");
}

struct Expected {
  std::string folder, split;
  std::vector<Label> labels;
};

void expect(const TempFolder& root, const Expected& expected) {
  const auto data = open_dataset((root / expected.folder).string(), {.split = expected.split, .resize = Resizing{16}, .crop = 16});
  ASSERT_EQ(data->size(), expected.labels.size()) << expected.folder;
  for (std::size_t i = 0; i < data->size(); ++i) EXPECT_EQ(data->at(i).label, expected.labels[i]) << expected.folder << " " << i;
}

TEST(Gtsrb, EitherPartIsFoundAsItIsUnpacked) {
  const TempFolder folder;
  write_class(folder, "GTSRB/Final_Training/Images/", "00000", 0, 2);
  write_class(folder, "GTSRB/Final_Training/Images/", "00014", 14, 1);
  write_test(folder, "GTSRB/Final_Test/Images/", "");
  for (const std::string place : {"", "GTSRB"}) {
    expect(folder, {place, "test", {16, 1}});
    expect(folder, {place, "train", {0, 0, 14}});
    EXPECT_EQ(open_dataset((folder / place).string(), {})->classes(), 43);
  }
  for (const std::string split : {"test", "train"}) {
    expect(folder, {"GTSRB/Final_Training/Images", split, {0, 0, 14}});
    expect(folder, {"GTSRB/Final_Test/Images", split, {16, 1}});
  }
}

TEST(Gtsrb, TheWholeImageIsTakenAndNotItsRegion) {
  const TempFolder folder;
  write_test(folder, "Final_Test/Images/", "Final_Test/Images/");
  const auto data = open_dataset(folder.path().string(), {.resize = Resizing{0}});
  EXPECT_EQ(data->at(0).image.shape, (ImageShape{3, 36, 40}));
  EXPECT_EQ(data->at(1).image.shape, (ImageShape{3, 36, 20}));
  EXPECT_EQ(data->at(1).image.bytes()[0], 2);
}

TEST(Gtsrb, WhatIsMissingIsNamed) {
  const TempFolder folder;
  const auto refused = [&](const std::string& place, const std::string& split) {
    return refusal([&] { open_dataset((folder / place).string(), {.split = split, .resize = Resizing{16}}); });
  };
  folder.write("Final_Test/Images/00000.ppm", ppm(40, 36, 1));
  folder.write("Final_Test/Images/GT-final_test.test.csv", std::string("Filename;Width\r\n00000.ppm;40\r\n"));
  EXPECT_TRUE(
      contains(refused("", "test"), "GT-final_test.test.csv has no classes; GT-final_test.csv (GTSRB_Final_Test_GT.zip) is needed"));
  folder.write("GT-final_test.csv", header + "00000.ppm;40;36;5;5;34;30;16\r\n00009.ppm;20;36;5;5;14;30;1\r\n");
  EXPECT_TRUE(contains(refused("", "test"), "GT-final_test.csv, line 3: the image is not in"));
  folder.write("GT-final_test.csv", header + "00000.ppm;40;36;5;5;34;30;43\r\n");
  EXPECT_TRUE(contains(refused("", "test"), "labels up to 43; GTSRB's are 0 to 42"));
  EXPECT_TRUE(contains(refused("", "train"), "images of the split test, and none of train"));
  write_class(folder, "Training/", "00003", 3, 1);
  EXPECT_EQ(refused("", "train"), "");
  folder.write("Training/00004/00000_00000.ppm", ppm(30, 30, 0));
  EXPECT_TRUE(contains(refused("", "train"), "00004: has no GT-00004.csv"));
}

struct TinyImageNet : ::testing::Test {
  TempFolder folder;

  TinyImageNet() {
    folder.write("wnids.txt", std::string("n00000005\nn00000001\nn00000003\n"));
    const std::string box = "\t0\t0\t62\t62\n";
    folder.write("val/val_annotations.txt", "val_1.JPEG\tn00000005" + box + "val_0.JPEG\tn00000001" + box + "val_10.JPEG\tn00000005" + box);
    for (const std::string name : {"val_0", "val_1", "val_10"}) folder.write("val/images/" + name + ".JPEG", jpeg(16, 16, 3, pattern(768)));
    for (const std::string id : {"n00000001", "n00000003", "n00000005"})
      folder.write("train/" + id + "/images/" + id + "_0.JPEG", jpeg(16, 16, 3, pattern(768)));
    folder.write("train/n00000001/n00000001_boxes.txt", std::string("n00000001_0.JPEG\t0\t0\t62\t62\n"));
    folder.write("test/images/test_0.JPEG", jpeg(16, 16, 3, pattern(768)));
  }

  std::string refused(const std::string& split = "test") const {
    return refusal([&] { open_dataset(folder.path().string(), {.split = split}); });
  }
};

TEST_F(TinyImageNet, ClassesAreTheSortedIds) {
  expect(folder, {"", "test", {0, 2, 2}});  // val_0, val_1, val_10
  expect(folder, {"", "train", {0, 1, 2}});
  expect(folder, {"val", "test", {0, 2, 2}});
  expect(folder, {"train", "test", {0, 1, 2}});
  EXPECT_EQ(open_dataset(folder.path().string(), {})->classes(), 3);
}

TEST_F(TinyImageNet, WhatIsWrongIsNamed) {
  folder.write("val/val_annotations.txt", std::string("val_0.JPEG\tn00000002\t0\t0\t1\t1\n"));
  EXPECT_TRUE(contains(refused(), "line 1: the class n00000002 is not in wnids.txt"));
  folder.write("val/val_annotations.txt", std::string("val_7.JPEG\tn00000001\t0\t0\t1\t1\n"));
  EXPECT_TRUE(contains(refused(), "line 1: the image is not in"));
  folder.write("val/val_annotations.txt", std::string("../val_0.JPEG\tn00000001\t0\t0\t1\t1\n"));
  EXPECT_TRUE(contains(refused(), "line 1: the file is not one of images/"));
  folder.write("val/val_annotations.txt", std::string("val_0.JPEG\tn00000001\n"));
  EXPECT_TRUE(contains(refused(), "line 1: is not a file, a WordNet id and the four numbers"));
  folder.write("val/val_annotations.txt", std::string("val_0.JPEG\tn00000001\t0\t0\t1\t1\nval_0.JPEG\tn00000001\t0\t0\t1\t1\n"));
  EXPECT_TRUE(contains(refused(), "lists a file for the second time"));
  folder.write("train/n00000009/images/a.JPEG", jpeg(16, 16, 3, pattern(768)));
  EXPECT_TRUE(contains(refused("train"), "n00000009: the class n00000009 is not in wnids.txt"));
  std::filesystem::remove(folder / "wnids.txt");
  EXPECT_TRUE(contains(refused(), "has no wnids.txt"));
}

}  // namespace
}  // namespace ballast::data::image_sets_test
