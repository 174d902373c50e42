// SPDX-License-Identifier: Apache-2.0
//
// Images in files of their own, read when asked for.

#pragma once

#include <filesystem>
#include <memory>

#include "ballast/data/dataset.hpp"
#include "ballast/data/open.hpp"

namespace ballast::data {

// The folder's split: its class subfolders or its labels.tsv, or what `labels` of the options says. Throws InputError if it has none of
// these. always_resize: `resize` unset is 256 even where all images have one size.
std::unique_ptr<Dataset> open_image_folder(const std::filesystem::path& folder, const OpenOptions& options, bool always_resize);

// One image, with the label of the options. Throws InputError if they have none.
std::unique_ptr<Dataset> open_single_image(const std::filesystem::path& file, const OpenOptions& options);

}  // namespace ballast::data
