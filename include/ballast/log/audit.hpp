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
#include "ballast/stats/fresh_draw.hpp"

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
  // One word for programs: correct, abstention, order, missing, radius, counts, success, alpha, tie, rounding, manifest, redrawn, refuted,
  // votes.
  std::string kind;
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

// A row's claims on a fresh draw of votes (by class, the last entry being the class "nan") of its image: that of its radius, or of its
// lower bound of p_A and its upper one of p_B where each has one of its own (Bound::pb); of PREDICT, that no class is likelier.
// Requires a row that does not abstain, of a method with noise, and votes that name as many classes as the model has.
std::vector<stats::FreshDraw> claims_of(const Record& row, const Settings& settings, const std::vector<std::uint64_t>& votes);

// Holds the rows named by their place in the log, but for those that abstain, against fresh draws of their images. Adds a finding where the
// log cannot be what it says (stats::judge), and a note of what was seen. moved: as there; 0 where the arithmetic is the log's own.
struct FreshVotes {
  std::size_t row = 0;
  std::vector<std::uint64_t> votes;
};
void check_fresh(Audit& audit, const std::vector<FreshVotes>& draws, double moved);

// What two rows of one image differ in, time aside: "counts 3:97,5:3 there, 3:98,5:2 here"; empty where in nothing.
std::string difference(const Record& there, const Record& here, Kind kind);

}  // namespace ballast::log
