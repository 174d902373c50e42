// SPDX-License-Identifier: Apache-2.0
//
// ballast summary LOG..., and summary --paired A B

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ballast/core/errors.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/log/settings.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/bounds.hpp"
#include "ballast/report/paired.hpp"
#include "ballast/stats/round_down.hpp"
#include "commands.hpp"

namespace ballast::cli {
namespace {

struct Arguments {
  std::vector<std::string> logs;
  std::vector<double> radii;
  std::optional<double> alpha;
  double rho = 0.001;
  bool paired = false;
};

// A log, and what its manifest says if it has one.
struct NamedLog {
  std::string file;
  log::Log log;
  std::optional<log::Settings> settings;

  bool is_predict() const { return log.columns.kind == log::Kind::predict; }
};

NamedLog read(const std::string& file) {
  NamedLog named{file, log::read_log(file), {}};
  require(!named.log.rows.empty(), fmt::format("{}: has no rows yet", file));
  const auto manifest = log::manifest_path(file);
  if (!std::filesystem::exists(manifest)) return named;
  try {
    named.settings = log::settings_from(log::read_manifest(manifest));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", manifest.string(), error.what()));
  }
  return named;
}

// The error of each certificate, where it is known: exact certificates have none, illustrations no bound on it.
std::optional<double> alpha_of(const NamedLog& named, const Arguments& arguments) {
  if (!named.settings) return arguments.alpha;
  if (named.settings->method == log::Method::splitting || named.settings->scaled) return {};
  return named.settings->alpha;
}

std::string how_certified(const log::Settings& s) {
  switch (s.method) {
    case log::Method::radii: return fmt::format("at radii, n up to {}, alpha {}", s.samples, s.alpha);
    case log::Method::tolerance: return fmt::format("to a tolerance of {}, n up to {}, alpha {}", s.tolerance, s.samples, s.alpha);
    case log::Method::splitting: return "exact by splitting";
    default: break;
  }
  return fmt::format("n {}, alpha {}{}", s.samples, s.alpha,
                     s.selection_samples == 0 && s.method == log::Method::certify ? ", no selection split" : "");
}

std::string scale_text(const log::Settings& s) {
  return fmt::format("{} {}", s.noise == "split" ? "lambda" : scale_name(s.smoothing.law), s.smoothing.scale);
}

std::string description(const log::Settings& s) {
  std::string text = fmt::format(", {}, {} noise, {}", scale_text(s), s.noise, how_certified(s));
  if (s.method == log::Method::certify) text += fmt::format(", bound {}", stats::to_string(s.bound));
  if (s.family > 1) text += fmt::format(" (family-wise over {} images)", s.family);
  if (log::norm_of(s) != "l2") text += fmt::format(", radii are {}", log::norm_of(s));
  if (s.scaled) text += "; ILLUSTRATION from scaled counts, not certificates";
  return text;
}

std::string line_of(const std::string& name, std::span<const double> radii, const std::function<double(double)>& value) {
  std::string line = fmt::format("{:<19}", name);
  for (const double r : radii) line += fmt::format("{:>8}", stats::format_rounded_down(value(r), 4));
  return line + "\n";
}

// The largest radius that a log could have certified.
double largest_radius(const NamedLog& named) {
  double largest = 0;
  for (const log::Record& row : named.log.rows) largest = std::max(largest, row.radius);
  if (!named.settings) return largest;
  const log::Settings& s = *named.settings;
  switch (s.method) {
    case log::Method::certify: return std::max(largest, stats::largest_radius(log::claim_settings(s), s.samples));
    case log::Method::radii: return std::max(largest, s.radii.back());
    case log::Method::tolerance: {
      auto unanimous = s;
      unanimous.method = log::Method::certify;
      unanimous.selection_samples = 1;
      return std::max(largest, stats::largest_radius(log::claim_settings(unanimous), s.samples));
    }
    case log::Method::splitting: return std::max(largest, s.smoothing.scale);
    default: return largest;
  }
}

void print_bounds(const NamedLog& named, std::span<const double> radii, const report::Confidence& confidence) {
  const std::span<const log::Record> rows = named.log.rows;
  const auto bound = [&](double report::AccuracyBounds::*member) {
    return [&, member](double r) { return report::accuracy_bounds(rows, r, confidence).*member; };
  };
  fmt::print("with probability {} at least, for one radius at a time but for \"all radii\":\n", 1 - confidence.rho);
  fmt::print("{}", line_of("  appendix D", radii, bound(&report::AccuracyBounds::appendix_d)));
  fmt::print("{}", line_of("  inverted", radii, bound(&report::AccuracyBounds::inverted)));
  fmt::print("{}", line_of("  all radii", radii, bound(&report::AccuracyBounds::uniform)));
  fmt::print("{}", line_of("  population", radii, bound(&report::AccuracyBounds::population)));
}

void print_mean_radius(const NamedLog& named, const std::optional<report::Confidence>& confidence) {
  const std::span<const log::Record> rows = named.log.rows;
  fmt::print("average certified radius {}", stats::format_rounded_down(report::average_certified_radius(rows), 4));
  if (confidence) {
    const auto bounds = report::radius_bounds(rows, largest_radius(named), *confidence);
    fmt::print(" (at least {} on these images, {} in the population)", stats::format_rounded_down(bounds.test_set, 4),
               stats::format_rounded_down(bounds.population, 4));
  }
  fmt::print("\n");
}

void print_log(const NamedLog& named, const Arguments& arguments) {
  const std::span<const log::Record> rows = named.log.rows;
  fmt::print("{}: {} images{}\n", named.file, rows.size(), named.settings ? description(*named.settings) : "");
  if (named.is_predict()) {
    const auto rates = report::predict_rates(rows);
    fmt::print("correct {:.4f}, wrong {:.4f}, abstained {:.4f}\n", rates.correct, rates.wrong, rates.abstained);
    return;
  }
  const auto radii = arguments.radii.empty() ? report::sensible_radii(rows) : arguments.radii;
  fmt::print("{}", report::accuracy_table(rows, radii));
  std::optional<report::Confidence> confidence;
  if (const auto alpha = alpha_of(named, arguments)) confidence = {*alpha, arguments.rho};
  if (confidence) print_bounds(named, radii, *confidence);
  print_mean_radius(named, confidence);
}

// One line a log, by noise level and bound.
void print_side_by_side(std::vector<const NamedLog*> logs, const Arguments& arguments) {
  std::vector<log::Record> all;
  for (const NamedLog* named : logs) all.insert(all.end(), named->log.rows.begin(), named->log.rows.end());
  const auto radii = arguments.radii.empty() ? report::sensible_radii(all) : arguments.radii;
  const auto key = [](const NamedLog* named) {
    const auto& s = named->settings;
    return std::tuple(s ? s->noise : "", s ? s->smoothing.scale : 0.0, s ? static_cast<int>(s->bound) : 0);
  };
  std::stable_sort(logs.begin(), logs.end(), [&](const NamedLog* a, const NamedLog* b) { return key(a) < key(b); });
  fmt::print("\n{:<14}{:<9}", "noise", "bound");
  for (const double r : radii) fmt::print("{:>8}", fmt::format("{}", r));
  fmt::print("  log\n");
  for (const NamedLog* named : logs) {
    const auto& s = named->settings;
    fmt::print("{:<14}{:<9}", s ? scale_text(*s) : "-", s ? stats::to_string(s->bound) : "-");
    for (const double r : radii) fmt::print("{:>8.4f}", report::certified_accuracy(named->log.rows, r));
    fmt::print("  {}{}\n", named->file, s && s->scaled ? " (illustration)" : "");
  }
}

void print_difference(const std::string& name, const report::Difference& d, const std::string& more) {
  fmt::print("{:>10} {:>9.4f} {:>9.4f} {:>+9.4f}   [{:+.4f}, {:+.4f}]{}\n", name, d.a, d.b, d.a - d.b, d.interval.low, d.interval.high,
             more);
}

void print_paired(const NamedLog& a, const NamedLog& b, const Arguments& arguments) {
  require(!a.is_predict() && !b.is_predict(), "--paired compares certified radii; a log of predict has none");
  require(!a.settings || !b.settings || log::norm_of(*a.settings) == log::norm_of(*b.settings),
          "--paired: the two logs hold radii of different norms");
  std::vector<log::Record> all = a.log.rows;
  all.insert(all.end(), b.log.rows.begin(), b.log.rows.end());
  const auto radii = arguments.radii.empty() ? report::sensible_radii(all) : arguments.radii;
  const auto comparison = report::compare(a.log.rows, b.log.rows, radii, largest_radius(a), largest_radius(b), arguments.rho);
  fmt::print(
      "A: {}\nB: {}\n{} images of both; the interval holds the difference in the population with probability {}, one line at a time;\n"
      "p: exact sign test that neither is better\n{:>10} {:>9} {:>9} {:>9}   {:<22}{:>10}\n",
      a.file, b.file, comparison.images, 1 - arguments.rho, "radius", "A", "B", "A - B", "interval", "p");
  for (const auto& line : comparison.accuracy)
    print_difference(fmt::format("{}", line.radius), line, fmt::format("{:>12.2g}", line.p_value));
  print_difference("mean", comparison.mean_radius, "");
}

void summarise(const Arguments& arguments) {
  require(arguments.rho > 0 && arguments.rho < 1, fmt::format("rho = {}: must lie between 0 and 1 (not included)", arguments.rho));
  require(!arguments.alpha || (*arguments.alpha > 0 && *arguments.alpha < 1),
          fmt::format("alpha = {}: must lie between 0 and 1 (not included)", arguments.alpha.value_or(0)));
  std::vector<NamedLog> logs;
  for (const std::string& file : arguments.logs) logs.push_back(read(file));
  if (arguments.paired) {
    require(logs.size() == 2, fmt::format("--paired compares two logs, and {} are named", logs.size()));
    return print_paired(logs[0], logs[1], arguments);
  }
  std::vector<const NamedLog*> certified;
  for (const NamedLog& named : logs) {
    print_log(named, arguments);
    if (!named.is_predict()) certified.push_back(&named);
  }
  if (certified.size() > 1) print_side_by_side(certified, arguments);
}

}  // namespace

void add_summary(CLI::App& program) {
  auto& command = *program.add_subcommand("summary", "Print the certified accuracy that logs hold, and what it proves of the test set");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("LOG", arguments->logs, "logs of certify or predict, ours or the reference implementation's")->required();
  command.add_option("--radii", arguments->radii, "radii of the table, e.g. 0,0.25,0.5 (default: quarter steps)")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  command.add_option("--alpha", arguments->alpha, "of logs without a manifest: allowed error of each certificate, for the bounds");
  command.add_option("--rho", arguments->rho, "allowed probability that a bound on the test set or the population is wrong")
      ->capture_default_str();
  command.add_flag("--paired", arguments->paired, "compare two logs on the same images");
  command.callback([arguments] { summarise(*arguments); });
}

}  // namespace ballast::cli
