// SPDX-License-Identifier: Apache-2.0

#include "image_list.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "folder.hpp"
#include "label_table.hpp"

namespace ballast::data {

namespace {

constexpr const char* table = "labels.tsv";
constexpr std::array<std::string_view, 6> read{".png", ".jpg", ".jpeg", ".pgm", ".ppm", ".pnm"};
constexpr std::array<std::string_view, 6> other_images{".bmp", ".gif", ".pbm", ".tif", ".tiff", ".webp"};

std::string extension_of(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

// Other images are refused, not skipped: a certified accuracy is one over all of them.
bool is_image(const std::filesystem::path& file) {
  const std::string extension = extension_of(file);
  require(std::find(other_images.begin(), other_images.end(), extension) == other_images.end(),
          file.string() + ": is an image of another format; allowed are PNG, JPEG, PGM and PPM");
  return std::find(read.begin(), read.end(), extension) != read.end();
}

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
  }
  return list;
}

ImageList list_table(const std::filesystem::path& folder) {
  ImageList list;
  for (LabelRow& row : read_label_table(folder / table)) {
    list.classes = std::max(list.classes, row.label + 1);
    for (const std::filesystem::path& path : {folder / row.file, folder / "jpeg" / row.file}) {
      if (!is_file(path)) continue;
      list.files.push_back({path, std::move(row.file), row.label});
      break;
    }
  }
  require(!list.files.empty(), (folder / table).string() + ": none of the listed files is in " + folder.string() + " or its jpeg/");
  return list;
}

}  // namespace

ImageList list_images(const std::filesystem::path& folder, const std::string& split) {
  const std::filesystem::path place = split_folder(folder, split);
  ImageList list = is_file(place / table) ? list_table(place) : list_classes(place);
  require(!list.files.empty(), place.string() +
                                   ": holds no data set; allowed are IDX files, CIFAR's files, PNG, JPEG, PGM or PPM images in a " +
                                   "subfolder a class, or images and labels.tsv");
  return list;
}

}  // namespace ballast::data
