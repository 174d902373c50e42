// SPDX-License-Identifier: Apache-2.0
//
// ballast compare DATA --out DIR --entry "NAME=certify MODEL --sigma S" --entry "NAME=verify MODEL --method crown" ...

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/report/figure.hpp"
#include "ballast/report/source.hpp"
#include "ballast/report/table.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "report_files.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

struct CompareArguments {
  DataArguments data;
  std::string out, preset, smoothed;
  std::vector<std::string> others, entries;
  std::vector<double> radii;
  int threads = 0;
  bool quiet = false;
};

// One curve of the comparison: the subcommand, its model and its options.
struct Entry {
  std::string name;
  Words words;
};

// What the paper compares with what, and how (Cohen et al. 2019, appendix J.1). Everything else is the same for all three:
// n0 = 100, n = 100,000, alpha = 0.001.
struct Preset {
  std::string name, data;
  Words smoothing, other;
  Words preprocessing;  // of both models, where they do not carry their own
};

const std::array<Preset, 3>& presets() {
  static const std::array<Preset, 3> all{
      {{"wong", "cifar10", {"--sigma", "0.6"}, {"--method", "wong"}, {"--mean", "0.485,0.456,0.406", "--std", "0.225,0.225,0.225"}},
       {"lmt", "svhn", {"--sigma", "0.1"}, {"--method", "lipschitz"}, {}},
       {"crown", "cifar10", {"--sigma", "1.2"}, {"--method", "crown", "--skip", "4"}, {"--mean", "0.5,0.5,0.5", "--std", "1,1,1"}}}};
  return all;
}

const Preset& preset_named(const std::string& name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) return preset;
  }
  throw InputError(fmt::format("--preset {}: allowed are wong, lmt, crown", name));
}

bool has(const Words& words, const std::string& option) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return word == option || word.starts_with(option + "="); });
}

// A network that `ballast train` wrote begins with its normalisation.
bool carries_preprocessing(const std::string& model) {
  const auto& metadata = graph::load_onnx(model).metadata;
  return std::any_of(metadata.begin(), metadata.end(), [](const auto& entry) { return entry.first.starts_with("ballast."); });
}

Entry entry_of(const std::string& name, const std::string& command, const std::string& model, const Words& options, const Preset& preset) {
  Entry entry{name, {command, model}};
  entry.words.insert(entry.words.end(), options.begin(), options.end());
  if (!preset.preprocessing.empty() && !carries_preprocessing(model))
    entry.words.insert(entry.words.end(), preset.preprocessing.begin(), preset.preprocessing.end());
  return entry;
}

std::vector<Entry> entries_of_preset(const CompareArguments& a) {
  const Preset& preset = preset_named(a.preset);
  require(!a.smoothed.empty() && !a.others.empty(), fmt::format("--preset {} needs --smoothed MODEL and --other MODEL", a.preset));
  Words smoothing = preset.smoothing;
  smoothing.insert(smoothing.end(), {"--n0", "100", "--n", "100000", "--alpha", "0.001"});
  std::vector<Entry> entries{entry_of("smoothing", "certify", a.smoothed, smoothing, preset)};
  for (const std::string& other : a.others)
    entries.push_back(entry_of(fs::path(other).stem().string(), "verify", other, preset.other, preset));
  return entries;
}

Entry entry_from(const std::string& text) {
  const auto equals = text.find('=');
  require(equals != std::string::npos && equals > 0,
          fmt::format("--entry '{}': NAME=certify MODEL OPTIONS or NAME=verify MODEL OPTIONS is needed", text));
  Entry entry{text.substr(0, equals), CLI::detail::split_up(text.substr(equals + 1))};
  for (std::string& word : entry.words) CLI::detail::remove_quotes(word);
  require(entry.words.size() >= 2 && (entry.words[0] == "certify" || entry.words[0] == "verify") && !entry.words[1].starts_with("-"),
          fmt::format("--entry '{}': behind the name, certify or verify and then the model are needed", text));
  return entry;
}

// Names become those of files.
void check_names(const std::vector<Entry>& entries) {
  std::set<std::string> seen;
  for (const Entry& entry : entries) {
    require(entry.name.find_first_of("/\\") == std::string::npos && !entry.name.starts_with("."),
            fmt::format("--entry {}: a name cannot hold a slash or begin with a point", entry.name));
    require(seen.insert(entry.name).second, fmt::format("two entries are called {}", entry.name));
  }
}

std::vector<Entry> entries_of(const CompareArguments& a) {
  std::vector<Entry> entries;
  if (!a.preset.empty()) entries = entries_of_preset(a);
  else require(a.smoothed.empty() && a.others.empty(), "--smoothed and --other go with --preset");
  for (const std::string& text : a.entries) entries.push_back(entry_from(text));
  require(!entries.empty(), "nothing to compare: name entries by --entry, or a --preset");
  check_names(entries);
  return entries;
}

fs::path log_of(const CompareArguments& a, const Entry& entry) { return fs::path(a.out) / (entry.name + ".tsv"); }

// The words of the subcommand, with the data, the log, and what the comparison says for all entries that do not say it themselves.
Words command_of(const CompareArguments& a, const Entry& entry, const std::string& data) {
  Words words = entry.words;
  words.insert(words.begin() + 2, {data, log_of(a, entry).string()});
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!has(words, option)) words.insert(words.end(), {option, value});
  };
  for (const Words& given : a.data.given()) {
    if (!has(words, given.front())) words.insert(words.end(), given.begin(), given.end());
  }
  add("--start", fmt::format("{}", a.data.range.start));
  add("--skip", fmt::format("{}", a.data.range.skip));
  if (a.data.range.max >= 0) add("--max", fmt::format("{}", a.data.range.max));
  add("--threads", fmt::format("{}", a.threads));
  if (a.quiet) words.push_back("--quiet");
  return words;
}

Words with_one_image(Words words) {
  const auto found = std::find(words.begin(), words.end(), "--max");
  if (found == words.end()) words.insert(words.end(), {"--max", "1"});
  else *(found + 1) = "1";
  if (!has(words, "--quiet")) words.push_back("--quiet");
  return words;
}

enum class Run { words_only, one_image, all };

void run_command(const Words& words, Run how) {
  struct WordsAreRight {};
  CLI::App program;
  add_certify(program);
  add_verify(program);
  require_plain_numbers(program);
  if (how == Run::words_only) program.parse_complete_callback([] { throw WordsAreRight{}; });  // the subcommand would follow
  const Words all = how == Run::one_image ? with_one_image(words) : words;
  try {
    program.parse(Words(all.rbegin(), all.rend()));
  } catch (const WordsAreRight&) {
  }
}

// Options first, and then one image of each entry: what cannot work is said before the long work. Each log goes on from its first row.
void run_entries(const CompareArguments& a, const std::vector<Entry>& entries, const std::string& data) {
  for (const Run how : {Run::words_only, Run::one_image, Run::all}) {
    if (how == Run::one_image) make_folder(a.out);
    for (const Entry& entry : entries) {
      const Words words = command_of(a, entry, data);
      if (how == Run::all && !a.quiet) say("{}: {}\n", entry.name, fmt::join(words, " "));
      try {
        run_command(words, how);
      } catch (const CLI::ParseError& error) {
        throw InputError(fmt::format("{}: {}", entry.name, error.what()));
      } catch (const InputError& error) {
        throw InputError(fmt::format("{}: {}", entry.name, error.what()));
      }
    }
  }
}

void compare(const CompareArguments& a) {
  const std::vector<Entry> entries = entries_of(a);
  require(!a.data.name.empty() || !a.preset.empty(), "DATA is required, or a --preset, which names its own");
  const std::string data = a.data.name.empty() ? preset_named(a.preset).data : a.data.name;
  run_entries(a, entries, data);
  std::vector<report::Source> sources;
  for (const Entry& entry : entries) {
    sources.push_back(report::read_certified(log_of(a, entry).string()));
    sources.back().title = entry.name;
    require(report::norm_of(sources.back()) == report::norm_of(sources.front()),
            fmt::format("{} certifies in another norm than {}: there is no common axis", entry.name, entries.front().name));
  }
  const report::Table table = report::comparison_table(sources, a.radii.empty() ? report::table_radii(sources) : a.radii);
  write_table(a.out, "comparison", table);
  const bool drawn = report::draw(report::certified_figure(sources), fs::path(a.out) / "comparison");
  say("\n{}\n{}: comparison.md, .tex, .csv, {}\n", report::to_markdown(table), a.out,
      drawn ? ".svg, .pdf, .png" : ".gp (no gnuplot: the figure is only its program)");
}

}  // namespace

void add_compare(CLI::App& program) {
  auto& command = *program.add_subcommand("compare", "Certify by several methods and models: one table and one figure");
  auto a = std::make_shared<CompareArguments>();
  a->data.add_to(command, "DATA", false);
  command
      .add_option("--out", a->out, "folder for the logs (NAME.tsv), the table and the figure; the same command goes on with what is there")
      ->required();
  command
      .add_option(
          "--entry", a->entries,
          "\"NAME=certify MODEL OPTIONS\" or \"NAME=verify MODEL OPTIONS\": a curve; DATA, log and what is said here for all are put in")
      ->allow_extra_args(false);
  command.add_option("--preset", a->preset, "settings of the paper's comparisons (J.1): wong, lmt or crown, with --smoothed and --other")
      ->check(CLI::IsMember({"wong", "lmt", "crown"}));
  command.add_option("--smoothed", a->smoothed, "with --preset: the model that is smoothed");
  command.add_option("--other", a->others, "with --preset: a model of the other method; once for each")->allow_extra_args(false);
  command.add_option("--radii", a->radii, "radii of the table, e.g. 0,0.25,0.5 (default: quarter steps)")
      ->delimiter(',')
      ->check(at_least_0());
  a->data.add_range_to(command);
  command.add_option("--threads", a->threads, "0 is one a core")->check(CLI::Range(0, 4096))->capture_default_str();
  command.add_flag("--quiet", a->quiet, "no progress");
  add_examples(command, {"ballast compare fashion-mnist --out both --max 100 \\\n    --entry \"plain=certify model.onnx --sigma 0.25\" "
                         "\\\n    --entry \"deeper=certify other.onnx --sigma 0.25\""});
  command.callback([a] { compare(*a); });
}

}  // namespace ballast::cli
