// SPDX-License-Identifier: Apache-2.0
//
// Data sets kept as NumPy arrays.

#pragma once

#include <filesystem>
#include <memory>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// The arrays `images` and `labels` of an .npz file.
std::unique_ptr<Dataset> open_npz(const std::filesystem::path& file);

// Images in an .npy file, their labels in the file beside it: NAME_labels.npy, or A_y_B.npy for A_X_B.npy.
std::unique_ptr<Dataset> open_npy(const std::filesystem::path& images_file);

}  // namespace ballast::data
