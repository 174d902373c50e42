// SPDX-License-Identifier: Apache-2.0
//
// A log with what its manifest says of it, read in one way by all that build on it.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ballast/log/log_writer.hpp"
#include "ballast/log/settings.hpp"

namespace ballast::log {

struct Source {
  std::string file;
  Log log;
  std::optional<Manifest> manifest;
  std::optional<Settings> settings;  // of a log with a manifest
};

// What is wrong with which images a log has rows of.
struct RowProblem {
  enum class Kind {
    repeated,   // the image has a row already
    misplaced,  // out of order, or not one of the images that the manifest says
    missing     // rows between those that are there, or between the last and the end of what was planned
  };
  Kind kind = Kind::missing;
  std::size_t line = 0;  // of the file; 0: at its end
  std::string text;
};

// The step between images: what the manifest says, or the commonest one, from the first row on.
struct RowOrder {
  std::uint64_t start = 0, skip = 1;
};
RowOrder row_order(const Log& log, const std::optional<Manifest>& manifest);

// In the order of the lines. Without a manifest it is not known how many rows were planned.
std::vector<RowProblem> row_problems(const Log& log, const std::optional<Manifest>& manifest);

// Throws InputError, naming the file, where the log or its manifest cannot be read or has no rows, and where an image has
// several rows or, by the manifest, none to have: counted, they would say something else than the run did. That rows are missing is
// no error as long as the manifest has room for them: first_plan says how many there were to be.
Source read_source(const std::filesystem::path& file);

// The rows that were planned before any of them was seen: what chance may be reckoned with. None without a manifest.
std::optional<std::uint64_t> first_plan(const Source& source);

// 0.25 for a file called like "cifar_sigma_0.25.tsv", as the reference implementation's are; none where its name holds no such number.
std::optional<double> sigma_in_name(const std::filesystem::path& file);

}  // namespace ballast::log
