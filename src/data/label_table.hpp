// SPDX-License-Identifier: Apache-2.0
//
// Files of labels as text: tables of files and their classes, and lists of classes alone.

#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace ballast::data {

struct LabelRow {
  std::string file;        // as it is written, a path inside the folder; empty in a list of classes
  std::string class_text;  // a name or a number
  std::size_t line = 0;    // from 1 on
};

struct LabelTable {
  std::filesystem::path path;
  std::vector<LabelRow> rows;  // at least one
  bool has_files = true;
};

enum class TableForm {
  tabs,  // separated by tabs, whatever else fields hold
  any    // by what the first line has of tab, `;`, `,` and white space; without any of them a list of classes
};

// Lines `file class`; or a header that names the columns, which are `file`, `filename`, `path`, `image` or the like, and `label`, `class`,
// `classid` or the like, in any case of letters, and lines with that many columns. Where separators are `;` or `,`, a field may stand in
// quotes. Throws InputError naming the line that cannot be used: a file listed twice or outside the folder, an empty class, other columns.
LabelTable read_label_table(const std::filesystem::path& file, TableForm form);

// "FILE, line N".
std::string place_of(const LabelTable& table, const LabelRow& row);

}  // namespace ballast::data
