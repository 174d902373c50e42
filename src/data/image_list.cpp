// SPDX-License-Identifier: Apache-2.0

#include "image_list.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "class_labels.hpp"
#include "folder.hpp"
#include "gtsrb.hpp"
#include "image_names.hpp"
#include "label_table.hpp"
#include "tiny_imagenet.hpp"

namespace ballast::data {

namespace {

constexpr const char* table = "labels.tsv";
// Whether a subfolder named after a split is one, and not a class of that name, whose images lie directly in it.
bool is_split_folder(const std::filesystem::path& folder) {
  return is_folder(folder) && (is_file(folder / table) || !subfolders_of(folder).empty());
}

std::filesystem::path split_folder(const std::filesystem::path& folder, const std::string& split) {
  if (is_file(folder / table)) return folder;
  const std::vector<std::string> of_test{"test", "val"};
  const std::vector<std::string> of_train{"train"};
  for (const std::string& name : split == "test" ? of_test : of_train) {
    if (is_split_folder(folder / name)) return folder / name;
  }
  for (const std::string& name : split == "test" ? of_train : of_test) {
    require(!is_split_folder(folder / name),
            folder.string() + ": has " + name + "/, but no " + (split == "test" ? "test/ or val/" : "train/") + " for the split " + split);
  }
  return folder;
}

ImageList list_classes(const std::filesystem::path& folder) {
  ImageList list;
  for (const std::filesystem::path& class_folder : subfolders_of(folder)) {
    for (const std::filesystem::path& file : files_below(class_folder)) {
      if (is_image(file)) list.files.push_back({file, file.lexically_relative(folder).generic_string(), list.classes});
    }
    ++list.classes;
    list.class_names.push_back(class_folder.filename().string());
  }
  return list;
}

ImageList list_table(const std::filesystem::path& folder) {
  const LabelTable rows = read_label_table(folder / table, TableForm::tabs);
  const ClassLabels labels = labels_of(rows, {});
  ImageList list{{}, labels.classes, labels.names};
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const std::string& name = rows.rows[i].file;
    for (const std::filesystem::path& path : {folder / name, folder / "jpeg" / name}) {
      if (!is_file(path)) continue;
      list.files.push_back({path, name, labels.labels[i]});
      break;
    }
  }
  require(!list.files.empty(), (folder / table).string() + ": none of the listed files is in " + folder.string() + " or its jpeg/");
  return list;
}

bool holds_images(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> files = files_below(folder);
  return std::any_of(files.begin(), files.end(), is_image);
}

}  // namespace

ImageList list_images(const std::filesystem::path& folder, const std::string& split) {
  if (auto tiny = try_list_tiny_imagenet(folder, split)) return std::move(*tiny);
  if (auto signs = try_list_gtsrb(folder, split)) return std::move(*signs);
  const std::filesystem::path place = split_folder(folder, split);
  ImageList list = is_file(place / table) ? list_table(place) : list_classes(place);
  if (list.files.empty() && holds_images(place))
    throw InputError(place.string() + ": holds images without classes; name a file of their labels by --labels FILE, or lay them into " +
                     "a subfolder a class");
  require(!list.files.empty(), place.string() +
                                   ": holds no data set; allowed are IDX files, CIFAR's files, images in a subfolder a class, images and " +
                                   "labels.tsv, and any images with --labels FILE");
  return list;
}

}  // namespace ballast::data
