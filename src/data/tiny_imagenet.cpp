// SPDX-License-Identifier: Apache-2.0

#include "tiny_imagenet.hpp"

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "class_labels.hpp"
#include "folder.hpp"
#include "image_names.hpp"
#include "text.hpp"

namespace ballast::data {

namespace {

using Path = std::filesystem::path;

constexpr const char* ids_file = "wnids.txt";
constexpr const char* annotations = "val_annotations.txt";
constexpr std::uintmax_t largest_annotations = std::uintmax_t{1} << 26;
constexpr std::size_t columns = 6;

std::vector<std::string> ids_in(const Path& root) {
  const Path file = root / ids_file;
  require(is_file(file), root.string() + ": has no " + ids_file + ", which says what Tiny ImageNet's classes are");
  return read_synsets(file).sorted;
}

Label label_of(const std::string& id, const std::vector<std::string>& ids, const std::string& place) {
  const auto found = std::lower_bound(ids.begin(), ids.end(), id);
  require(found != ids.end() && *found == id, place + ": the class " + word_shown(id) + " is not in " + ids_file);
  return static_cast<Label>(found - ids.begin());
}

ImageList list_validation(const Path& folder, const Path& root) {
  const std::vector<std::string> ids = ids_in(root);
  const Path table = folder / annotations;
  const Bytes contents = read_file(table, largest_annotations);
  ImageList list{{}, static_cast<int>(ids.size()), ids};
  for_each_line({reinterpret_cast<const char*>(contents.data()), contents.size()}, [&](std::string_view line, std::size_t number) {
    const std::string place = table.string() + ", line " + std::to_string(number);
    const std::vector<std::string> words = words_of(line, columns + 1);
    require(words.size() == columns, place + ": is not a file, a WordNet id and the four numbers of a box");
    require(Path(words[0]).filename() == words[0] && words[0].find('\0') == std::string::npos, place + ": the file is not one of images/");
    const Path file = folder / "images" / words[0];
    require(is_file(file), place + ": the image is not in " + file.parent_path().string());
    list.files.push_back({file, "images/" + words[0], label_of(words[1], ids, place)});
  });
  require(!list.files.empty(), table.string() + ": lists no files");
  std::sort(list.files.begin(), list.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(list.files.begin(), list.files.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  require(twice == list.files.end(), table.string() + ": lists a file for the second time");
  return list;
}

ImageList list_training(const Path& folder, const Path& root) {
  const std::vector<std::string> ids = ids_in(root);
  ImageList list{{}, static_cast<int>(ids.size()), ids};
  for (const Path& one : subfolders_of(folder)) {
    const Label label = label_of(one.filename().string(), ids, one.string());
    for (const Path& file : files_below(one)) {
      if (is_image(file)) list.files.push_back({file, file.lexically_relative(folder).generic_string(), label});
    }
  }
  require(!list.files.empty(), folder.string() + ": holds no images");
  return list;
}

Path above(const Path& folder) { return (std::filesystem::absolute(folder / "") / "..").lexically_normal(); }

bool is_tiny_imagenet_training(const Path& folder) {
  return std::filesystem::absolute(folder / "").parent_path().filename() == "train" && is_file(above(folder) / ids_file);
}

}  // namespace

std::optional<ImageList> try_list_tiny_imagenet(const Path& folder, const std::string& split) {
  if (is_file(folder / annotations)) return list_validation(folder, above(folder));
  if (is_tiny_imagenet_training(folder)) return list_training(folder, above(folder));
  const Path val = folder / "val", train = folder / "train";
  const bool is_root = is_file(folder / ids_file) && is_folder(train);
  if (!is_file(val / annotations) && !is_root) return {};
  if (split == "train") return list_training(train, folder);
  require(is_file(val / annotations), folder.string() + ": has no val/" + annotations + " for the split test");
  return list_validation(val, folder);
}

}  // namespace ballast::data
