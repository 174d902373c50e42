// SPDX-License-Identifier: Apache-2.0
//
// ballast report LOG... --out DIR: a page, tables and figures.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/log/recertify.hpp"
#include "ballast/report/figure.hpp"
#include "ballast/report/images.hpp"
#include "ballast/report/page.hpp"
#include "ballast/report/table.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "report_files.hpp"
#include "report_pictures.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

namespace fs = std::filesystem;

struct ReportArguments {
  std::vector<std::string> logs;
  std::string out, title = "Certified accuracy", gold, attacked;
  std::vector<double> radii;
  std::optional<double> alpha;
  double rho = 0.001;
  std::vector<double> vary_alpha;
  std::vector<std::uint64_t> vary_samples;
  DataArguments data;
  std::size_t pictures = 50;
};

// A log as if certified otherwise: with another alpha, or its counts in proportion.
report::Source varied(const report::Source& source, const log::Recertification& wanted, const std::string& title) {
  require(source.settings.has_value(), fmt::format("{}: has no manifest, which says how its votes were drawn", source.file));
  report::Source result = source;
  result.title = title;
  try {
    result.settings = log::recertified(*source.settings, wanted, source.log.rows.size());
    for (log::Record& row : result.log.rows) row = log::recertified(row, *source.settings, *result.settings, 0);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", source.file, error.what()));
  }
  return result;
}

// One curve a value, as Figure 8 of Cohen et al. 2019.
std::vector<report::Source> vary(const std::vector<report::Source>& sources, const ReportArguments& a) {
  if (a.vary_alpha.empty() && a.vary_samples.empty()) return sources;
  require(a.vary_alpha.empty() || a.vary_samples.empty(), "--vary-alpha and --vary-n do not go together");
  require(sources.size() == 1, "--vary-alpha and --vary-n take one log");
  std::vector<report::Source> result;
  for (const double alpha : a.vary_alpha) {
    log::Recertification wanted;
    wanted.alpha = alpha;
    result.push_back(varied(sources[0], wanted, fmt::format("alpha = {}", alpha)));
  }
  for (const std::uint64_t samples : a.vary_samples) {
    const std::uint64_t drawn = sources[0].settings ? procedure::samples_of(*sources[0].settings) : samples;
    require(samples <= drawn,
            fmt::format("--vary-n {}: only {} samples were drawn, and more would show radii that nobody has proved", samples, drawn));
    log::Recertification wanted;
    wanted.samples = samples;
    wanted.scale = true;
    result.push_back(varied(sources[0], wanted, fmt::format("n = {} (illustration)", samples)));
  }
  return result;
}

// A table and a figure each: radii of different norms have no common axis, and accuracies of different images are no comparison.
struct Comparable {
  std::string suffix;  // of its files
  std::vector<report::Source> sources;
};

std::vector<Comparable> comparable(const std::vector<report::Source>& certified) {
  const auto groups = report::image_groups(certified);
  std::map<std::string, std::map<std::size_t, std::vector<report::Source>>> by_norm;
  for (std::size_t i = 0; i < certified.size(); ++i) by_norm[std::string(report::norm_of(certified[i]))][groups[i]].push_back(certified[i]);
  std::vector<Comparable> all;
  for (const auto& [norm, by_images] : by_norm) {
    std::size_t number = 0;
    for (const auto& [group, sources] : by_images) {
      ++number;
      all.push_back({(by_norm.size() == 1 ? "" : "-" + norm) + (number == 1 ? "" : fmt::format("-{}", number)), sources});
    }
    if (number > 1)
      warn("these logs are of {} different sets of images, so they have a table and a figure each: accuracy{}.md to accuracy{}.md\n",
           number, all[all.size() - number].suffix, all.back().suffix);
  }
  return all;
}

void write_figures(const fs::path& folder, const Comparable& of, const ReportArguments& a) {
  const auto& sources = of.sources;
  const bool drawn = report::draw(report::certified_figure(sources), folder / ("accuracy" + of.suffix));
  const bool known =
      std::any_of(sources.begin(), sources.end(), [&](const auto& s) { return report::confidence_of(s, a.alpha, a.rho).has_value(); });
  if (known && drawn) report::draw(report::bounds_figure(sources, a.alpha, a.rho), folder / ("bounds" + of.suffix));
  if (!drawn) say("no gnuplot: the figure is only its program, {}\n", (folder / ("accuracy" + of.suffix + ".gp")).string());
}

void make_report(const ReportArguments& a) {
  require(a.rho > 0 && a.rho < 1, fmt::format("rho = {}: must lie between 0 and 1 (not included)", a.rho));
  require(!a.alpha || (*a.alpha > 0 && *a.alpha < 1),
          fmt::format("alpha = {}: must lie between 0 and 1 (not included)", a.alpha.value_or(0)));
  std::vector<report::Source> sources;
  for (const std::string& log : a.logs) sources.push_back(named_log(log));
  sources = vary(sources, a);
  std::optional<report::Source> gold;
  if (!a.gold.empty()) gold = report::read_certified(a.gold);
  std::vector<report::Source> certified, predicted;
  for (const report::Source& source : sources) (source.is_predict() ? predicted : certified).push_back(source);
  require(!gold || !predicted.empty(), "--gold judges logs of predict, and there is none");

  report::PageContent content;
  content.version = BALLAST_VERSION;
  content.title = a.title;
  content.radii = a.radii.empty() ? report::table_radii(certified) : a.radii;
  content.alpha = a.alpha;
  content.rho = a.rho;
  content.gold = gold ? &*gold : nullptr;
  add_pictures(content, sources, a.data, a.pictures, a.attacked);
  const std::string page = report::page(sources, content);
  std::vector<std::pair<std::string, report::Table>> tables;
  const std::vector<Comparable> figures = comparable(certified);
  for (const auto& [suffix, alike] : figures) {
    tables.emplace_back("accuracy" + suffix, report::accuracy_table(alike, content.radii));
    tables.emplace_back("bounds" + suffix, report::bounds_table(alike, content.radii, &report::AccuracyBounds::inverted, a.alpha, a.rho));
  }
  if (!predicted.empty()) tables.emplace_back("predict", gold ? report::predict_table(predicted, *gold) : report::predict_table(predicted));

  const fs::path folder(a.out);
  make_folder(folder);
  for (const auto& [name, table] : tables) write_table(folder, name, table);
  for (const Comparable& alike : figures) write_figures(folder, alike, a);
  write_whole(folder / "report.html", page);
  say("{}: open it in a browser\n", (folder / "report.html").string());
}

}  // namespace

void add_report(CLI::App& program) {
  auto& command = *program.add_subcommand("report", "A page, tables and figures from logs");
  auto a = std::make_shared<ReportArguments>();
  command
      .add_option("LOG", a->logs,
                  "logs of certify, verify or predict, ours or the reference implementation's; NAME=LOG says what its curve is called")
      ->required();
  command.add_option("--out", a->out, "folder for report.html, tables (md, tex, csv) and figures (svg, pdf, png)")->required();
  command.add_option("--title", a->title, "of the page")->capture_default_str();
  command.add_option("--radii", a->radii, "radii of the tables, e.g. 0,0.25,0.5 (default: quarter steps)")
      ->delimiter(',')
      ->check(at_least_0());
  command.add_option("--alpha", a->alpha, "of logs without a manifest: allowed error of each certificate, for the bounds");
  command.add_option("--rho", a->rho, "allowed probability that a bound is wrong")->capture_default_str();
  command.add_option("--gold", a->gold, "logs of predict are judged by this log of the same images, too");
  command.add_option("--vary-alpha", a->vary_alpha, "of one log: a curve for each alpha, from its votes")->delimiter(',');
  command
      .add_option("--vary-n", a->vary_samples, "of one log: a curve for each number of samples, its counts in proportion (an illustration)")
      ->delimiter(',')
      ->check(whole_number());
  a->data.add_to(command, "--images", false);
  command.add_option("--pictures", a->pictures, "with --images: so many images are shown: wrong ones, the least and the most robust")
      ->capture_default_str();
  command.add_option("--attacked", a->attacked, "with --images: folder of attack --save, whose images are shown beside theirs");
  add_examples(command, {"ballast report log.tsv other.tsv --out report", "ballast report log.tsv --out report --images fashion-mnist"});
  command.callback([a] { make_report(*a); });
}

}  // namespace ballast::cli
