// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/audit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::log {
namespace {

std::string text_of(Label label, std::size_t entries) {
  return entries > 1 && label == static_cast<Label>(entries - 1) ? "nan" : std::to_string(label);
}

std::string text_of(const std::vector<std::uint64_t>& votes) {
  std::string text;
  for (std::size_t c = 0; c < votes.size(); ++c) {
    if (votes[c] > 0) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", c + 1 == votes.size() ? "nan" : std::to_string(c), votes[c]);
  }
  return text.empty() ? "-" : text;
}

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

void check_without_settings(Audit& audit, const AuditOptions& options, const std::filesystem::path& file) {
  const auto& names = audit.log.columns.names;
  const bool has_counts = std::count(names.begin(), names.end(), "counts") > 0;
  if (has_counts) note(audit, "has no manifest, which says how it was made, so its votes were not looked at");
  if (audit.log.columns.kind == Kind::attack) return note(audit, "a log of attack: only labels and order were checked");
  if (audit.log.columns.kind != Kind::predict) return check_lattice(audit, options, file);
  if (!has_counts) note(audit, "a PREDICT log without counts: only labels and order were checked");
}

}  // namespace

std::string difference(const Record& there, const Record& here, Kind kind) {
  std::vector<std::string> parts;
  const auto compare = [&](const char* name, const auto& a, const auto& b) {
    if (a != b) parts.push_back(fmt::format("{} is {} there, {} here", name, a, b));
  };
  compare("label", there.label, here.label);
  compare("predict", there.predict.value_or(-1), here.predict.value_or(-1));
  if (kind != Kind::predict) {
    compare("radius", there.radius, here.radius);
    compare("p_lower", there.p_lower.value_or(0), here.p_lower.value_or(0));
    compare("selection", text_of(there.selection), text_of(here.selection));
  }
  compare("correct", int{there.correct}, int{here.correct});
  compare("n", there.samples, here.samples);
  compare("count", there.count, here.count);
  compare("runner_up", text_of(there.runner_up, there.counts.size()), text_of(here.runner_up, here.counts.size()));
  compare("runner_up_count", there.runner_up_count, here.runner_up_count);
  compare("counts", text_of(there.counts), text_of(here.counts));
  if (kind == Kind::staged && there.looks != here.looks) parts.push_back("looks differ");
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
