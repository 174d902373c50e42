// SPDX-License-Identifier: Apache-2.0
//
// What a folder holds, in a fixed order.

#pragma once

#include <filesystem>
#include <vector>

namespace ballast::data {

// The subfolders, sorted by name bytewise, hidden ones left out. Throws InputError if the folder cannot be read.
std::vector<std::filesystem::path> subfolders_of(const std::filesystem::path& folder);

// The files in the folder and below, sorted by path bytewise, hidden ones left out. Throws InputError as above.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

}  // namespace ballast::data
