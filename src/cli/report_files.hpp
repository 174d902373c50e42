// SPDX-License-Identifier: Apache-2.0
//
// What commands that report leave in a folder.

#pragma once

#include <filesystem>
#include <string>

#include "ballast/report/table.hpp"

namespace ballast::cli {

// LOG, or NAME=LOG, which gives it a title. A file whose whole name is so comes first.
report::Source named_log(const std::string& text);

// Throws InputError where it is not a folder and cannot be made one.
void make_folder(const std::filesystem::path& folder);

// NAME.md, NAME.tex and NAME.csv.
void write_table(const std::filesystem::path& folder, const std::string& name, const report::Table& table);

}  // namespace ballast::cli
