// SPDX-License-Identifier: Apache-2.0
//
// Files that are written whole or not at all.

#pragma once

#include <filesystem>
#include <string>

namespace ballast {

// By a temporary name beside the file, then a rename: what was there before stays until all is written. A link stays, and what it leads to
// is replaced. Throws InputError where the file cannot be opened, std::runtime_error where it cannot be written whole.
void write_whole(const std::filesystem::path& file, const std::string& bytes);

}  // namespace ballast
