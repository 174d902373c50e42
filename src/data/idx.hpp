// SPDX-License-Identifier: Apache-2.0
//
// The IDX format of MNIST and its relatives: a big-endian header, then bytes.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// Whether the file's name is that of an IDX images file.
bool is_idx_images_name(const std::filesystem::path& file);

// The images file of the split in a folder; nothing if there is none. `split` is test or train.
std::optional<std::filesystem::path> find_idx_images(const std::filesystem::path& folder, const std::string& split);

// The images of the file with the labels beside it (images-idx3 replaced by labels-idx1), each .gz or not.
std::unique_ptr<Dataset> open_idx(const std::filesystem::path& images_file);

}  // namespace ballast::data
