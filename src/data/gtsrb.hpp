// SPDX-License-Identifier: Apache-2.0
//
// The German Traffic Sign Recognition Benchmark, as its authors offer it.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "image_list.hpp"

namespace ballast::data {

// Its images of a split: folders 00000/ to 00042/ with GT-00000.csv and so on for training, and one folder with GT-final_test.csv in it or
// up to three folders above it for the test. The folder is one of these, or holds them as the archives do (GTSRB/Final_Training/Images,
// GTSRB/Training, GTSRB/Final_Test/Images). Nothing where it holds no such csv file. The regions of interest are not cut out. Throws
// InputError where a listed image is missing or the split is.
std::optional<ImageList> try_list_gtsrb(const std::filesystem::path& folder, const std::string& split);

}  // namespace ballast::data
