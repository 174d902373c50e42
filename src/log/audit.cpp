// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/audit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/columns.hpp"

namespace ballast::log {
namespace {

// What any log's row must be, whoever made it.
void check_row(Audit& audit, std::size_t line, const Record& row) {
  const bool right = row.predict && *row.predict == row.label;
  if (row.correct != right) {
    find(audit, line, "correct",
         fmt::format("correct is {}, and predict {} with label {} makes it {}", int{row.correct}, row.predict.value_or(-1), row.label,
                     int{right}));
  }
  if (!row.predict && row.radius > 0) find(audit, line, "abstention", fmt::format("abstains, and has a radius of {}", row.radius));
}

// A cell with all its digits, and classes by their names.
std::string shown(const Column& column, const Record& row) {
  const Cell cell = column.value(row);
  return std::holds_alternative<double>(cell) ? fmt::format("{}", std::get<double>(cell)) : column.text(row);
}

void check_without_settings(Audit& audit, const AuditOptions& options, const std::filesystem::path& file) {
  const auto& names = audit.log.columns.names;
  const bool has_counts = std::count(names.begin(), names.end(), "counts") > 0;
  if (has_counts)
    find(audit, 0, "manifest",
         fmt::format("has no manifest {}, which says how it was made: nothing follows from its votes",
                     manifest_path(file).filename().string()));
  if (audit.log.columns.kind == Kind::attack) return note(audit, "a log of attack: only labels and order were checked");
  if (audit.log.columns.kind != Kind::predict) return check_lattice(audit, options, file);
  if (!has_counts) note(audit, "a PREDICT log without counts: only labels and order were checked");
}

}  // namespace

std::string difference(const Record& there, const Record& here, Kind kind) {
  std::vector<std::string> parts;
  for (const Column* column : columns_of(kind)) {
    if (column->name == "idx" || column->name == "time") continue;
    const std::string before = shown(*column, there), now = shown(*column, here);
    if (before != now) parts.push_back(fmt::format("{} is {} there, {} here", column->name, before, now));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

Audit audit(const std::filesystem::path& file, const AuditOptions& options) {
  Audit audit;
  audit.log = read_log(file);
  require(!audit.log.rows.empty(), fmt::format("{}: has no rows", file.string()));
  const auto manifest = manifest_path(file);
  if (std::filesystem::exists(manifest)) audit.manifest = read_manifest(manifest);
  try {
    if (audit.manifest) audit.settings = settings_from(*audit.manifest);
    check_order(audit, options);
    for (std::size_t i = 0; i < audit.log.rows.size(); ++i) check_row(audit, audit.log.lines[i], audit.log.rows[i]);
    if (audit.settings) check_conclusions(audit, *audit.settings);
    else check_without_settings(audit, options, file);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", (audit.manifest ? manifest : file).string(), error.what()));
  }
  std::stable_sort(audit.findings.begin(), audit.findings.end(), [](const Finding& a, const Finding& b) { return a.line < b.line; });
  return audit;
}

}  // namespace ballast::log
