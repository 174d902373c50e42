// SPDX-License-Identifier: Apache-2.0
//
// Images in files of their own, read when asked for.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

struct ImageFolderOptions {
  std::string split = "test";
  std::optional<int> resize = {};  // as in OpenOptions
  std::optional<int> crop = {};
  bool always_resize = false;  // `resize` unset is 256 even where all images have one size
};

// The folder's split: its class subfolders or its labels.tsv. Throws InputError if it has neither.
std::unique_ptr<Dataset> open_image_folder(const std::filesystem::path& folder, const ImageFolderOptions& options);

}  // namespace ballast::data
