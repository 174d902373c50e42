// SPDX-License-Identifier: Apache-2.0
//
// The checks of an audit, one file each.

#pragma once

#include <array>
#include <string>
#include <vector>

#include "ballast/log/audit.hpp"

namespace ballast::log {

// Alphas that logs without a manifest, or with a wrong one, are tried with.
inline constexpr std::array<double, 11> usual_alphas{0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 1e-4, 1e-5, 1e-6};

inline void note(Audit& audit, std::string text) { audit.notes.push_back(std::move(text)); }
inline void find(Audit& audit, std::size_t line, const char* kind, std::string text) {
  audit.findings.push_back({line, kind, std::move(text)});
}

// Rows missing, repeated, or out of order.
void check_order(Audit& audit, const AuditOptions& options);

// Concludes every row again from its own votes. Throws InputError where the settings cannot be.
void check_conclusions(Audit& audit, const Settings& settings);

// Holds the rows of a sequential or two-stage test to its boundaries, and to the moments at which it may end. Throws InputError where
// the settings ask for a test that nobody waits for.
void check_sequential(Audit& audit, const Settings& settings);

// Throws InputError saying what cannot be in the row of a sequential method that tests this class.
void check_votes(const Record& row, const procedure::Sequential& method, std::size_t tested);

// A row as its line would be read back, but for its time.
Record as_written(Record row, Kind kind);

// All votes; the greatest number where the sum is above it.
std::uint64_t total(const std::vector<std::uint64_t>& votes);

// Radii without votes: each must be one that some number of votes gives.
void check_lattice(Audit& audit, const AuditOptions& options, const std::filesystem::path& file);

}  // namespace ballast::log
