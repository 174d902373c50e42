// SPDX-License-Identifier: Apache-2.0
//
// ballast merge LOG... --out FILE: the logs of shards as one.

#include "ballast/log/merge.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/run/progress.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

namespace fs = std::filesystem;

struct MergeArguments {
  std::vector<std::string> logs;
  std::string out;
};

void merge_logs(const MergeArguments& a) {
  const log::Merged merged = log::merge(std::vector<fs::path>(a.logs.begin(), a.logs.end()));
  const bool there = fs::exists(a.out);
  require(!there || read_whole(a.out, log::largest_log) == merged.text,
          fmt::format("{}: is there already, and is another log; name another file", a.out));
  log::require_manifest_or_none(log::manifest_path(a.out));
  log::Manifest manifest;
  for (const auto& entry : merged.manifest.entries) {
    manifest.entries.push_back(entry);
    if (entry.name == "ballast") manifest.add("command", command_line());
  }
  if (!there) write_whole(a.out, merged.text);
  log::write_manifest(manifest, log::manifest_path(a.out));
  say("{}: {} of {}\n", a.out, run::counted(merged.rows, "row"), run::counted(a.logs.size(), "log"));
}

}  // namespace

void add_merge(CLI::App& program) {
  auto& command = *program.add_subcommand("merge", "Put the logs of shards together: nothing missing, nothing twice");
  auto a = std::make_shared<MergeArguments>();
  command.add_option("LOG", a->logs, "logs of one run's shards (--shard I/K), or of ranges that follow each other")->required();
  command.add_option("--out", a->out, "file for the rows; its manifest beside it. As if one process had made it, which may go on with it")
      ->required();
  add_examples(command, {"ballast merge part1.tsv part2.tsv --out whole.tsv"});
  command.callback([a] { merge_logs(*a); });
}

}  // namespace ballast::cli
