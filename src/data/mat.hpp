// SPDX-License-Identifier: Apache-2.0
//
// SVHN's cropped digits, as they are published: MATLAB files of images and labels.

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// One file: `X`, uint8, height x width x 3 x images; `y`, a label from 1 to 10 for each image, where 10 is the digit 0.
std::unique_ptr<Dataset> open_mat(const std::filesystem::path& file);

// The split's file in the folder, train_32x32.mat or test_32x32.mat; null if it has neither.
std::unique_ptr<Dataset> try_open_svhn_folder(const std::filesystem::path& folder, const std::string& split);

}  // namespace ballast::data
