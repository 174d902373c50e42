// SPDX-License-Identifier: Apache-2.0
//
// ballast recertify LOG... --out FILE: new conclusions from a log's votes.

#include "ballast/log/recertify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/log/source.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/run/progress.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "say.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

struct RecertifyArguments {
  std::vector<std::string> logs;
  std::string out, bound;
  log::Recertification wanted;
  std::optional<std::uint64_t> seed;
};

// What is about the conclusions goes, and what is about the draws stays.
log::Manifest new_manifest(const log::Manifest& before, const procedure::Settings& old_settings, const procedure::Settings& now,
                           const std::string& file, std::optional<std::uint64_t> draw_seed) {
  log::Manifest manifest, replaced;
  log::add_to(replaced, old_settings);
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line());
  log::add_to(manifest, now);
  manifest.add("recertified_from", sha256_of_file(file));
  const bool again = before.find("draw_seed");  // from votes that were drawn from others: these cannot be had again by their seed alone
  if (draw_seed) {
    manifest.add("draw_seed", *draw_seed);
    if (!again) manifest.add("drawn_from_n", procedure::samples_of(old_settings));
  }
  for (const auto& entry : before.entries) {
    const bool known = manifest.find(entry.name) || replaced.find(entry.name) || (draw_seed && entry.name == "drawn_from_n");
    if (!known) manifest.entries.push_back(entry);
  }
  return manifest;
}

log::Source read(const std::string& file) {
  log::Source source = log::read_source(file);
  require(source.manifest.has_value(),
          fmt::format("{}: has no manifest {}, which says how its votes were drawn", file, log::manifest_path(file).string()));
  return source;
}

// The rows over which a family-wise alpha is shared: those that were planned, if the log is not complete.
std::size_t family_of(const log::Source& source) {
  return std::max({source.log.rows.size(), static_cast<std::size_t>(source.manifest->number("rows").value_or(0)),
                   static_cast<std::size_t>(log::first_plan(source).value_or(0))});
}

void recertify(const std::string& file, const std::string& out, const RecertifyArguments& arguments) {
  const log::Source source = read(file);
  std::error_code unknown;
  require(!std::filesystem::equivalent(file, out, unknown), fmt::format("{}: is the log itself; name another file", out));
  try {
    const procedure::Settings now = log::recertified(*source.settings, arguments.wanted, family_of(source));
    if (!now.illustration) procedure::check(now);
    const bool draws = !now.illustration && procedure::samples_of(now) != procedure::samples_of(*source.settings);
    const std::uint64_t seed = arguments.seed ? *arguments.seed : draws ? seed_of(*source.manifest) : 0;
    std::vector<log::Record> rows;
    for (const log::Record& row : source.log.rows) rows.push_back(log::recertified(row, *source.settings, now, seed));
    const auto manifest = new_manifest(*source.manifest, *source.settings, now, file, draws ? std::optional(seed) : std::nullopt);
    log::LogWriter log(out, source.log.columns.kind, manifest);
    for (std::size_t i = log.existing().size(); i < rows.size(); ++i) log.append(rows[i]);
    say("{}: {}{}\n", out, run::counted(rows.size(), "image"),
        now.illustration ? "; ILLUSTRATION from scaled counts, not certificates" : "");
    const auto* named = std::get_if<procedure::NamedRadii>(&now.method);
    if (!procedure::is<procedure::Prediction>(now))
      say("{}", report::accuracy_table(rows, named ? named->radii : report::sensible_radii(rows)));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file, error.what()));
  }
}

void recertify_all(RecertifyArguments& arguments) {
  if (!arguments.bound.empty()) arguments.wanted.bound = stats::bound_from(arguments.bound);
  const auto& wanted = arguments.wanted;
  require(wanted.alpha || wanted.samples || wanted.bound || wanted.family_wise,
          "nothing to change: give --alpha, --n, --bound or --family-wise");
  const bool several = arguments.logs.size() > 1;
  require(!several || std::filesystem::is_directory(arguments.out),
          fmt::format("{}: several logs need a folder that exists", arguments.out));
  for (const std::string& file : arguments.logs) {
    const bool folder = std::filesystem::is_directory(arguments.out);
    recertify(file, folder ? (std::filesystem::path(arguments.out) / std::filesystem::path(file).filename()).string() : arguments.out,
              arguments);
  }
}

}  // namespace

void add_recertify(CLI::App& program) {
  auto& command = *program.add_subcommand("recertify", "New certificates from the votes in a log, without the model");
  auto a = std::make_shared<RecertifyArguments>();
  command.add_option("LOG", a->logs, "logs of certify (a fixed number of samples, or --anytime) or predict")->required();
  command.add_option("--out", a->out, "the new log; for several, a folder")->required();
  command.add_option("--alpha", a->wanted.alpha, "allowed probability that a certificate is wrong");
  command.add_option("--n", a->wanted.samples, "fewer samples: so many of the votes, drawn by a seed")->check(whole_number());
  command.add_flag("--scale", a->wanted.scale, "with --n: the counts in proportion instead, marked as an illustration");
  command.add_option("--bound", a->bound, "cohen, pb (a bound on p_B of its own), lecuyer or li")
      ->check(CLI::IsMember({"cohen", "pb", "lecuyer", "li"}));
  command.add_flag("--family-wise", a->wanted.family_wise, "alpha for all images together: each gets its share");
  command.add_option("--seed", a->seed, "of the draw of fewer samples (default: the log's own)")->check(whole_number());
  add_examples(command, {"ballast recertify log.tsv --out looser.tsv --alpha 0.01"});
  command.callback([a] { recertify_all(*a); });
}

}  // namespace ballast::cli
