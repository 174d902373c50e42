// SPDX-License-Identifier: Apache-2.0
//
// Data sets kept as NumPy arrays.

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// Images and labels of an .npz file under one of the usual pairs of names: `images` and `labels`, x_test and y_test (of the split train:
// x_train and y_train), X and y, arr_0 and arr_1, ... Throws InputError where the file has no such pair, or several, naming what it has.
std::unique_ptr<Dataset> open_npz(const std::filesystem::path& file, const std::string& split);

// Images in an .npy file, their labels in the file beside it: NAME_labels.npy, or A_y_B.npy for A_X_B.npy.
std::unique_ptr<Dataset> open_npy(const std::filesystem::path& images_file);

}  // namespace ballast::data
