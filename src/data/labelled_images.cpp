// SPDX-License-Identifier: Apache-2.0
//
// Any folder of images, with a file of labels.

#include <algorithm>
#include <unordered_map>

#include "ballast/core/errors.hpp"
#include "class_labels.hpp"
#include "folder.hpp"
#include "image_list.hpp"
#include "image_names.hpp"
#include "known_classes.hpp"

namespace ballast::data {

namespace {

// The images in a folder and below, found by the names that a table has for them.
class FoundImages {
 public:
  // table: names may also be relative to its folder.
  FoundImages(const std::filesystem::path& folder, const std::filesystem::path& table)
      : folder_(std::filesystem::absolute(folder / "").lexically_normal()), table_folder_(std::filesystem::absolute(table).parent_path()) {
    for (const std::filesystem::path& file : files_below(folder)) {
      if (!is_image(file)) continue;
      const std::filesystem::path name = file.lexically_relative(folder);
      by_name_.emplace(name.generic_string(), files_.size());
      const auto [stem, is_new] = by_stem_.emplace(std::filesystem::path(name).replace_extension().generic_string(), files_.size());
      if (!is_new) stem->second = several;
      files_.push_back({file, name.generic_string()});
    }
    require(!files_.empty(), folder.string() + ": holds no images");
    is_listed_.resize(files_.size());
  }

  // By its name, with or without the extension (where one image alone has it then). Null where there is none.
  const LabelledFile* take(const std::string& name, const std::string& place) {
    std::size_t found = find(name, by_name_);
    if (found == several) found = find((table_folder_ / name).lexically_normal().lexically_relative(folder_), by_name_);
    if (found == several) found = find(name, by_stem_);
    if (found == several) return nullptr;
    require(!is_listed_[found], place + ": lists a file for the second time");
    is_listed_[found] = true;
    return &files_[found];
  }

  void require_all_listed(const std::filesystem::path& labels) const {
    const auto missing = std::find(is_listed_.begin(), is_listed_.end(), false);
    if (missing == is_listed_.end()) return;
    throw InputError(files_[static_cast<std::size_t>(missing - is_listed_.begin())].path.string() + ": has no label in " + labels.string());
  }

  const std::vector<LabelledFile>& all() const { return files_; }

 private:
  using Positions = std::unordered_map<std::string, std::size_t>;
  static constexpr std::size_t several = static_cast<std::size_t>(-1);  // or none

  static std::size_t find(const std::filesystem::path& name, const Positions& positions) {
    const auto found = positions.find(name.lexically_normal().generic_string());
    return found == positions.end() ? several : found->second;
  }

  std::filesystem::path folder_, table_folder_;
  std::vector<LabelledFile> files_;
  std::vector<bool> is_listed_;
  Positions by_name_, by_stem_;
};

bool is_ilsvrc_validation(const LabelledFile& file) { return file.path.filename().string().starts_with("ILSVRC2012_val_"); }

// Ids of a part of ImageNet would be numbered otherwise than those of all.
void require_all_of_imagenet(const LabelTable& table, const std::vector<LabelledFile>& files, const ClassLabels& classes,
                             const OpenOptions& options) {
  if (!options.synsets.empty() || !options.class_names.empty() || classes.classes == imagenet_classes) return;
  const bool are_ids = std::all_of(table.rows.begin(), table.rows.end(), [](const LabelRow& row) { return is_wordnet_id(row.class_text); });
  require(
      !are_ids || !std::all_of(files.begin(), files.end(), is_ilsvrc_validation),
      table.path.string() + ": names " + std::to_string(classes.classes) + " of ImageNet's 1000 classes; name them all by --synsets FILE");
}

ImageList in_order_of_files(const LabelTable& table, const FoundImages& images, const ClassLabels& classes,
                            const std::filesystem::path& folder) {
  ImageList list{images.all(), classes.classes, classes.names};
  require(list.files.size() == table.rows.size(), table.path.string() + ": lists " + std::to_string(table.rows.size()) + " classes, but " +
                                                      folder.string() + " holds " + std::to_string(list.files.size()) + " images");
  for (std::size_t i = 0; i < list.files.size(); ++i) list.files[i].label = classes.labels[i];
  return list;
}

ImageList in_order_of_table(const LabelTable& table, FoundImages& images, const ClassLabels& classes, const std::filesystem::path& folder) {
  ImageList list{{}, classes.classes, classes.names};
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (const LabelledFile* file = images.take(table.rows[i].file, place_of(table, table.rows[i])))
      list.files.push_back({file->path, file->name, classes.labels[i]});
  }
  require(!list.files.empty(), table.path.string() + ": none of the listed files is in " + folder.string());
  images.require_all_listed(table.path);
  return list;
}

}  // namespace

ImageList list_labelled_images(const std::filesystem::path& folder, const OpenOptions& options) {
  const LabelTable table = read_label_table(options.labels, TableForm::any);
  ClassOptions how{.names = options.class_names, .order = options.label_order, .numbers_need_order = !table.has_files};
  if (!options.synsets.empty()) how.synsets = read_synsets(options.synsets);
  const ClassLabels classes = labels_of(table, how);
  FoundImages images(folder, options.labels);
  require_all_of_imagenet(table, images.all(), classes, options);
  return table.has_files ? in_order_of_table(table, images, classes, folder) : in_order_of_files(table, images, classes, folder);
}

}  // namespace ballast::data
