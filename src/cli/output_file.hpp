// SPDX-License-Identifier: Apache-2.0
//
// Files that are there whole or not at all.

#pragma once

#include <filesystem>
#include <string>

namespace ballast::cli {

// A temporary name, then a rename. Throws std::runtime_error where it cannot be written.
void write_whole(const std::filesystem::path& file, const std::string& bytes);

}  // namespace ballast::cli
