// SPDX-License-Identifier: Apache-2.0
//
// The table of an image folder's files and their labels.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::data {

struct LabelRow {
  std::string file;  // relative to the folder
  Label label = 0;
};

// Lines `file<TAB>label`, or a header line with columns `file` and `label` (or `class`) and lines with that many columns.
// Throws InputError naming the line that cannot be used: a label that is no number from 0, a file listed twice or outside
// the folder.
std::vector<LabelRow> read_label_table(const std::filesystem::path& file);

}  // namespace ballast::data
