// SPDX-License-Identifier: Apache-2.0
//
// A folder with a model and images that fit, and runs of certify in it.

#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "folder.hpp"
#include "program.hpp"
#include "sample_data.hpp"
#include "sample_model.hpp"

namespace ballast::cli::testing {

using Cells = std::vector<std::string>;

inline Cells cells_of(const std::string& line) {
  Cells cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
  return cells;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// A log's lines as cells, header first.
inline std::vector<Cells> table_of(const std::string& log) {
  std::vector<Cells> table;
  for (const std::string& line : lines_of(contents_of(log))) table.push_back(cells_of(line));
  return table;
}

// A log without its column `time`, the only one that two runs may differ in.
inline std::vector<Cells> rows_of(const std::string& log) {
  std::vector<Cells> table = table_of(log);
  if (table.empty()) return table;
  const auto time = std::find(table[0].begin(), table[0].end(), "time") - table[0].begin();
  for (Cells& cells : table) {
    if (time < static_cast<std::ptrdiff_t>(cells.size())) cells.erase(cells.begin() + time);
  }
  return table;
}

struct Fixture {
  Folder folder;
  std::string model = folder / "model.onnx", images = folder / "t10k-images-idx3-ubyte", log = folder / "log.tsv";

  Fixture() {
    write_file(model, band_model());
    write_file(images, idx_images(sample_images()));
    write_file(folder / "t10k-labels-idx1-ubyte", idx_labels(sample_images()));
  }

  Arguments certify(const std::string& to, const Arguments& more = {}) const {
    Arguments arguments{"certify", model, images, to, "--sigma", "0.25", "--n", "1000", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

// The arguments with the value behind an option replaced, or the option added.
inline Arguments with(Arguments arguments, const std::string& option, const std::string& value) {
  const auto found = std::find(arguments.begin(), arguments.end(), option);
  if (found == arguments.end()) arguments.insert(arguments.end(), {option, value});
  else *(found + 1) = value;
  return arguments;
}

// The program refuses with exit status 2, one line that holds these words, and every file as it was.
inline ::testing::AssertionResult refused(const Folder& folder, const Arguments& arguments, const std::string& words) {
  const auto before = folder.snapshot();
  if (const auto complaint = complained(run(arguments), 2, words); !complaint) return complaint;
  const auto after = folder.snapshot();
  for (const auto& [name, contents] : after) {
    if (!before.count(name)) return ::testing::AssertionFailure() << name << " was written";
    if (before.at(name) != contents) return ::testing::AssertionFailure() << name << " was changed";
  }
  return before.size() == after.size() ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << "a file was removed";
}

}  // namespace ballast::cli::testing
