// SPDX-License-Identifier: Apache-2.0
//
// Which arrays of an .npz file are images and labels.

#pragma once

#include <array>
#include <filesystem>
#include <string>

namespace ballast::data {

// The names of its images and labels: the one usual pair that it has, of the split (test or train) where names say one. Throws InputError
// where there is none or several, naming what is there.
std::array<std::string, 2> array_names(const std::filesystem::path& file, const std::string& split);

}  // namespace ballast::data
