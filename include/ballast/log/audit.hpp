// SPDX-License-Identifier: Apache-2.0
//
// Checks a log, whoever made it, by what can be computed again from the log alone.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ballast/log/log_writer.hpp"
#include "ballast/log/settings.hpp"

namespace ballast::log {

// What a log without a manifest does not say. Where it is not given, sigma is
// looked for in the file's name (sigma_0.25) and n is taken to be 100,000.
struct AuditOptions {
  std::optional<double> sigma, alpha;
  std::optional<std::uint64_t> samples;
  std::optional<std::uint64_t> images;  // of the data set, to see whether rows are missing at the end
};

struct Finding {
  std::size_t line = 0;  // of the file; 0: of the log as a whole
  std::string
      kind;  // one word for programs: correct, abstention, order, missing, radius, counts, success, alpha, tie, rounding, manifest, redrawn
  std::string text;
};

struct Audit {
  Log log;
  std::optional<Manifest> manifest;
  std::optional<Settings> settings;    // of a log with a manifest
  std::vector<double> fitting_alphas;  // of those in use, and the stated one: what the radii are possible with
  std::vector<Finding> findings;       // in the order of the lines
  std::vector<std::string> notes;      // what was found out, and what could not be checked
};

// Throws InputError where the log or its manifest cannot be read.
Audit audit(const std::filesystem::path& file, const AuditOptions& options);

// What two rows of one image differ in, time aside: "counts 3:97,5:3 there, 3:98,5:2 here"; empty where in nothing.
std::string difference(const Record& there, const Record& here, Kind kind);

}  // namespace ballast::log
