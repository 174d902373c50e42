// SPDX-License-Identifier: Apache-2.0

#include "gtsrb.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "class_labels.hpp"
#include "folder.hpp"

namespace ballast::data {

namespace {

using Path = std::filesystem::path;

constexpr int classes = 43;
constexpr const char* test_table = "GT-final_test.csv";
constexpr const char* first_test_image = "00000.ppm";
constexpr const char* test_table_without_classes = "GT-final_test.test.csv";

Path class_table(const Path& class_folder) { return class_folder / ("GT-" + class_folder.filename().string() + ".csv"); }

bool is_gtsrb_training(const Path& folder) {
  if (!is_folder(folder)) return false;
  const std::vector<Path> below = subfolders_of(folder);
  return std::any_of(below.begin(), below.end(), [](const Path& one) { return is_file(class_table(one)); });
}

// Where a folder holds the images of a part.
std::vector<Path> places(const Path& folder, const std::array<const char*, 3>& parts) {
  std::vector<Path> all{folder};
  for (const Path& base : {folder, folder / "GTSRB"}) {
    for (const char* part : parts) all.push_back(base / part);
  }
  return all;
}

std::optional<Path> find_training(const Path& folder) {
  for (const Path& place : places(folder, {"Final_Training/Images", "Training", "Final_Training"})) {
    if (is_gtsrb_training(place)) return place;
  }
  return {};
}

// The images of the test, and their table.
struct Test {
  Path images, table;
};

std::optional<Test> find_test(const Path& folder) {
  for (const Path& images : places(folder, {"Final_Test/Images", "Final_Test", "Test"})) {
    if (!is_folder(images)) continue;
    for (const char* above : {"", "..", "../..", "../../.."}) {
      const Path table = (images / above / test_table).lexically_normal();
      if (is_file(table) && is_file(images / first_test_image)) return Test{images, table};
    }
    require(!is_file(images / test_table_without_classes), images.string() + ": " + test_table_without_classes + " has no classes; " +
                                                               test_table + " (GTSRB_Final_Test_GT.zip) is needed beside it");
  }
  return {};
}

void add(const Path& images, const Path& table_file, const Path& root, ImageList& list) {
  const LabelTable table = read_label_table(table_file, TableForm::any);
  const ClassLabels labels = labels_of(table, {});
  require(labels.classes <= classes,
          table_file.string() + ": has labels up to " + std::to_string(labels.classes - 1) + "; GTSRB's are 0 to 42");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Path file = images / table.rows[i].file;
    require(is_file(file), place_of(table, table.rows[i]) + ": the image is not in " + images.string());
    list.files.push_back({file, file.lexically_relative(root).generic_string(), labels.labels[i]});
  }
}

ImageList list_training(const Path& folder) {
  ImageList list{{}, classes};
  for (const Path& one : subfolders_of(folder)) {
    require(is_file(class_table(one)), one.string() + ": has no " + class_table(one).filename().string());
    add(one, class_table(one), folder, list);
  }
  return list;
}

ImageList list_test(const Test& test) {
  ImageList list{{}, classes};
  add(test.images, test.table, test.images, list);
  return list;
}

}  // namespace

std::optional<ImageList> try_list_gtsrb(const Path& folder, const std::string& split) {
  if (is_gtsrb_training(folder)) return list_training(folder);
  const std::optional<Path> training = find_training(folder);
  const std::optional<Test> test = find_test(folder);
  if (!training && !test) return {};
  const bool is_test = test && (split == "test" || test->images == folder);
  require(is_test || (training && split == "train"),
          folder.string() + ": holds GTSRB's images of the split " + (training ? "train" : "test") + ", and none of " + split);
  return is_test ? list_test(*test) : list_training(*training);
}

}  // namespace ballast::data
