// SPDX-License-Identifier: Apache-2.0
//
// ballast audit LOG...: checks anybody's log.

#include "ballast/log/audit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

#include "ballast/core/errors.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/run/redraw.hpp"
#include "commands.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> logs;
  ModelArguments model;
  DataArguments data;
  log::AuditOptions options;
  std::size_t rows = 10;
  bool json = false, quiet = false;
};

std::string value_of(const log::Manifest& manifest, const std::string& name) {
  const auto* entry = manifest.find(name);
  return entry ? entry->json : "missing";
}

// Entries in which the log's maker and this machine differ, so that counts need not agree.
std::vector<std::string> other_circumstances(const log::Manifest& there, const log::Manifest& here) {
  std::vector<std::string> lines;
  for (const char* name : {"engine", "precision", "instruction_set"}) {
    if (value_of(there, name) != value_of(here, name)) {
      lines.push_back(fmt::format("{} {} there, {} here", name, value_of(there, name), value_of(here, name)));
    }
  }
  return lines;
}

// Draws some rows again. What differs is a finding, or a note where this machine's arithmetic is not the log's.
void redraw(log::Audit& audit, const Arguments& arguments, const std::string& file) {
  require(audit.manifest && audit.settings, fmt::format("{}: has no manifest, which says how its votes were drawn", file));
  const log::Manifest& manifest = *audit.manifest;
  const log::Settings& settings = *audit.settings;
  if (manifest.find("recertified_from")) {
    audit.notes.push_back("made by recertify: its votes were drawn in another log, which is the one to draw again");
    return;
  }
  const auto dataset = arguments.data.open();
  const auto opened = arguments.model.open(DataArguments::shape_of(*dataset));
  log::Manifest here;
  arguments.model.describe(here, opened);
  arguments.data.describe(here, *dataset);
  for (const char* name : {"model_sha256", "data_sha256", "split"}) {
    if (value_of(manifest, name) == value_of(here, name)) continue;
    audit.findings.push_back(
        {0, "manifest",
         fmt::format("{} is {} there, {} here: not the model and data of this log", name, value_of(manifest, name), value_of(here, name))});
    return;
  }
  run::check(settings);
  const auto kind = noise::noise_kind_from(settings.noise);
  require(kind.has_value(), fmt::format("{}: noise '{}' is not known", file, settings.noise));
  const noise::NoisyWriter noise(*kind, settings.smoothing.scale, opened.classifier->affine());
  smooth::Workers workers(*opened.classifier, arguments.model.threads);
  const run::Procedure procedure = run::procedure_of(settings, noise, seed_of(manifest));
  const auto others = other_circumstances(manifest, here);
  const auto chosen = run::random_rows(audit.log.rows.size(), arguments.rows, std::random_device()());
  run::ProgressLine line(arguments.quiet || arguments.json);
  std::size_t done = 0, differing = 0;
  std::uint64_t moved = 0;
  for (const std::size_t i : chosen) {
    const log::Record& row = audit.log.rows[i];
    const log::Kind log_kind = log::kind_of(settings.method);
    const log::Record fresh = log::parse_line(log::to_line(run::redrawn(row, *dataset, workers, procedure), log_kind),
                                              log::parse_header(log::header_line(log_kind)));
    const std::string text = log::difference(row, fresh, log_kind);
    if (!text.empty()) {
      ++differing;
      moved += run::moved_votes(row, fresh);
      if (others.empty()) audit.findings.push_back({audit.log.lines[i], "redrawn", text + ", drawn again"});
    }
    ++done;
    line.show(fmt::format("{}/{} rows drawn again", done, chosen.size()), done == chosen.size());
  }
  std::string note = fmt::format("{} rows drawn again, {} as they were", chosen.size(), chosen.size() - differing);
  for (const std::string& other : others) note += "; not comparable: " + other;
  if (!others.empty() && differing > 0) note += fmt::format("; {} votes moved", moved);
  audit.notes.push_back(note);
}

void print(const std::string& file, const log::Audit& audit) {
  for (const auto& finding : audit.findings) {
    fmt::print("{}{}: {}\n", file, finding.line > 0 ? fmt::format(", line {}", finding.line) : "", finding.text);
  }
  for (const std::string& note : audit.notes) fmt::print("{}: note: {}\n", file, note);
  fmt::print(
      "{}: {} rows, {}\n", file, audit.log.rows.size(),
      audit.findings.empty() ? "nothing found" : fmt::format("{} finding{}", audit.findings.size(), audit.findings.size() == 1 ? "" : "s"));
}

Json to_json(const std::string& file, const log::Audit& audit) {
  Json findings = Json::array();
  for (const auto& finding : audit.findings) {
    findings.push_back({{"line", finding.line > 0 ? Json(finding.line) : Json(nullptr)}, {"kind", finding.kind}, {"text", finding.text}});
  }
  return {{"log", file}, {"rows", audit.log.rows.size()}, {"alphas", audit.fitting_alphas}, {"findings", findings}, {"notes", audit.notes}};
}

void audit_all(const Arguments& a, int& status) {
  require(a.model.file.empty() == a.data.name.empty(), "--model and --data go together: rows are drawn again from both");
  std::vector<std::pair<std::string, log::Audit>> audits;
  for (const std::string& file : a.logs) {
    audits.emplace_back(file, log::audit(file, a.options));
    if (!a.model.file.empty()) redraw(audits.back().second, a, file);
  }
  Json all = Json::array();
  for (const auto& [file, audit] : audits) {
    if (a.json) all.push_back(to_json(file, audit));
    else print(file, audit);
    if (!audit.findings.empty()) status = 1;
  }
  if (a.json) fmt::print("{}\n", all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void add_audit(CLI::App& program, int& status) {
  auto& command =
      *program.add_subcommand("audit", "Check logs, ours or the reference implementation's; exit status 1 where something is found");
  auto a = std::make_shared<Arguments>();
  command.add_option("LOG", a->logs, "logs of certify, verify, predict or attack")->required();
  a->model.add_to(command, "--model", false);
  a->model.add_remote_to(command, "--model");
  a->data.add_to(command, "--data", false);
  command.add_option("--rows", a->rows, "with --model and --data: so many rows, chosen at random, are drawn again")->capture_default_str();
  command.add_option("--sigma", a->options.sigma, "of a log without a manifest (default: from the file's name)");
  command.add_option("--n", a->options.samples, "of a log without a manifest (default: 100000)")->check(whole_number());
  command.add_option("--alpha", a->options.alpha, "stated for a log without a manifest: is checked, else inferred");
  command.add_option("--images", a->options.images, "size of the data set, to see whether rows are missing at the end")
      ->check(whole_number());
  command.add_flag("--json", a->json, "print JSON");
  command.add_flag("--quiet", a->quiet, "no progress");
  command.callback([a, &status] { audit_all(*a, status); });
}

}  // namespace ballast::cli
