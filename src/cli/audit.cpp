// SPDX-License-Identifier: Apache-2.0
//
// ballast audit LOG...: checks anybody's log.

#include "ballast/log/audit.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "audit_draws.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/run/progress.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct AuditArguments : DrawArguments {
  std::vector<std::string> logs;
  log::AuditOptions options;
  bool json = false;
};

// What was found out about one log.
struct Audited {
  std::string file;
  log::Audit audit;
  std::string not_checked;  // why it could not be held against model and data, where these were named
  std::string not_made;     // what could have been checked, and by what
};

// What this audit did not look at.
std::string checks_not_made(const log::Audit& audit, const AuditArguments& a) {
  if (!audit.settings || procedure::is<procedure::Attack>(*audit.settings)) return "";
  const bool computed = procedure::is<procedure::Verification>(*audit.settings);
  if (a.model.file.empty())
    return computed ? "its radii were not computed again (--model, --data)" : "its votes were not drawn again (--model, --data)";
  return computed || a.fresh ? "" : "its claims were not held against fresh draws (--fresh)";
}

// Of one kind not all: the first ones say what it is, and --json says all.
void print_findings(const std::string& file, const std::vector<log::Finding>& findings) {
  constexpr std::size_t most_of_a_kind = 10;
  std::map<std::string, std::size_t> seen;
  for (const auto& finding : findings) {
    if (++seen[finding.kind] <= most_of_a_kind)
      say("{}{}: {}\n", file, finding.line > 0 ? fmt::format(", line {}", finding.line) : "", printable(finding.text));
  }
  for (const auto& [kind, count] : seen) {
    if (count > most_of_a_kind) say("{}: and {} more of this kind ({}; --json lists all)\n", file, count - most_of_a_kind, kind);
  }
}

void print(const Audited& audited) {
  const auto& [name, audit, not_checked, not_made] = audited;
  const std::string file = printable(name);
  print_findings(file, audit.findings);
  for (const std::string& note : audit.notes) say("{}: note: {}\n", file, printable(note));
  const std::string rows = run::counted(audit.log.rows.size(), "row");
  const std::string result = audit.findings.empty() ? fmt::format("all {}checks passed", not_checked.empty() ? "" : "other ")
                                                    : run::counted(audit.findings.size(), "finding");
  say("{}: {}, {}{}\n", file, rows, result, not_made.empty() ? "" : "; " + not_made);
  if (!not_checked.empty()) say("{}: NOT CHECKED against model and data: {}\n", file, printable(not_checked));
}

OrderedJson to_json(const Audited& audited) {
  const log::Audit& audit = audited.audit;
  OrderedJson findings = OrderedJson::array();
  for (const auto& finding : audit.findings) {
    findings.push_back(
        {{"line", finding.line > 0 ? OrderedJson(finding.line) : OrderedJson(nullptr)}, {"kind", finding.kind}, {"text", finding.text}});
  }
  return {{"log", audited.file},
          {"rows", audit.log.rows.size()},
          {"alphas", audit.fitting_alphas},
          {"findings", findings},
          {"notes", audit.notes},
          {"not_made", audited.not_made.empty() ? OrderedJson(nullptr) : OrderedJson(audited.not_made)},
          {"not_checked", audited.not_checked.empty() ? OrderedJson(nullptr) : OrderedJson(audited.not_checked)}};
}

void audit_all(AuditArguments& a, int& status) {
  require(a.model.file.empty() == a.data.name.empty(), "--model and --data go together: rows are drawn again from both");
  require(!a.fresh || !a.model.file.empty(), "--fresh needs --model and --data, which its samples are drawn from");
  require(!a.fresh || *a.fresh >= 1, "--fresh 0: at least one sample a row is needed");
  require(!a.rows || *a.rows >= 1, "--rows 0: at least one row is needed");
  require(std::isfinite(a.moved) && a.moved >= 0 && a.moved < 1, fmt::format("--moved {}: a share from 0 on, below 1, is needed", a.moved));
  a.quiet = a.quiet || a.json;
  std::vector<Audited> audits;
  for (const std::string& file : a.logs) {
    Audited audited{file, log::audit(file, a.options), "", ""};
    audited.not_made = checks_not_made(audited.audit, a);
    note_seeds(audited.audit);
    if (!a.model.file.empty()) audited.not_checked = check_draws(audited.audit, a, file);
    audits.push_back(std::move(audited));
  }
  OrderedJson all = OrderedJson::array();
  for (const Audited& audited : audits) {
    if (a.json) all.push_back(to_json(audited));
    else print(audited);
    if (!audited.audit.findings.empty() || !audited.not_checked.empty()) status = 1;
  }
  if (a.json) say("{}\n", all.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace

void add_audit(CLI::App& program, int& status) {
  auto& command =
      *program.add_subcommand("audit", "Check logs, ours or the reference implementation's; exit status 1 where something is found");
  auto a = std::make_shared<AuditArguments>();
  command.add_option("LOG", a->logs, "logs of certify, verify, predict or attack")->required();
  a->model.add_to(command, "--model", false);
  a->model.add_remote_to(command, "--model");
  a->data.add_to(command, "--data", false);
  command.add_option("--cascade", a->cascade, "with --model: of a log of verify --cascade, its other models")
      ->delimiter(',')
      ->check(CLI::ExistingFile);
  command.add_option("--rows", a->rows, "with --model and --data: so many rows, chosen at random, are drawn again (10; with --fresh all)")
      ->check(whole_number());
  command
      .add_option(
          "--fresh", a->fresh,
          "instead of drawing rows again: so many samples of each under a seed that nobody knew, to refute what is claimed of it, however "
          "the log was made")
      ->check(whole_number());
  command.add_option("--moved", a->moved, "share of a row's votes that may differ where the log's arithmetic is not this machine's")
      ->capture_default_str();
  command.add_option("--sigma", a->options.sigma, "of a log without a manifest (default: from the file's name)");
  command.add_option("--n", a->options.samples, "of a log without a manifest (default: 100000)")->check(whole_number());
  command.add_option("--alpha", a->options.alpha, "stated for a log without a manifest: is checked, else inferred");
  command.add_option("--images", a->options.images, "size of the data set, to see whether rows are missing at the end")
      ->check(whole_number());
  command.add_flag("--json", a->json, "print JSON");
  command.add_flag("--quiet", a->quiet, "no progress");
  add_examples(command, {"ballast audit log.tsv", "ballast audit log.tsv --model model.onnx --data fashion-mnist"});
  command.callback([a, &status] { audit_all(*a, status); });
}

}  // namespace ballast::cli
