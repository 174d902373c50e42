// SPDX-License-Identifier: Apache-2.0
//
// ballast summary LOG..., and summary --paired A B

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/bounds.hpp"
#include "ballast/report/paired.hpp"
#include "ballast/report/source.hpp"
#include "ballast/report/table.hpp"
#include "ballast/report/tested.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/stats/round_down.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct SummaryArguments {
  std::vector<std::string> logs;
  std::vector<double> radii;
  std::optional<double> alpha;
  double rho = 0.001;
  bool paired = false, explain = false;
  std::optional<double> cap;
};

constexpr int curve_columns = 60;

// A person looks at a terminal that knows more than ASCII.
bool shows_pictures() {
  if (!isatty(STDOUT_FILENO)) return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value && *value) return std::string_view(value).find("UTF-8") != std::string_view::npos;
  }
  return false;
}

std::string line_of(const std::string& name, std::span<const double> radii, const std::function<double(double)>& value) {
  std::string line = fmt::format("{:<19}", name);
  for (const double r : radii) line += fmt::format("{:>8}", stats::format_rounded_down(value(r), 4));
  return line + "\n";
}

void print_bounds(const report::Source& source, std::span<const double> radii, const report::Confidence& confidence) {
  const auto bound = [&](double report::AccuracyBounds::*member) {
    return [&, member](double r) { return report::accuracy_bounds(source, r, confidence).*member; };
  };
  const std::uint64_t images = report::planned_images(source);
  say("with probability {} at least, for one radius at a time but for \"all radii\"{}:\n", report::probability_beside(confidence.rho),
      !source.manifest                  ? ", if these rows are all that were planned"
      : images > source.log.rows.size() ? fmt::format(", of the {} images planned, those without a row being failures", images)
                                        : "");
  say("{}", line_of("  appendix D", radii, bound(&report::AccuracyBounds::appendix_d)));
  say("{}", line_of("  inverted", radii, bound(&report::AccuracyBounds::inverted)));
  say("{}", line_of("  all radii", radii, bound(&report::AccuracyBounds::uniform)));
  say("{}", line_of("  population", radii, bound(&report::AccuracyBounds::population)));
}

void print_mean_radius(const report::Source& source, const std::optional<report::Confidence>& confidence) {
  say("average certified radius {}", stats::format_rounded_down(report::average_certified_radius(source.log.rows), 4));
  if (confidence) {
    const auto bounds = report::radius_bounds(source, *confidence);
    say(" (at least {} on these images, {} in the population)", stats::format_rounded_down(bounds.test_set, 4),
        stats::format_rounded_down(bounds.population, 4));
  }
  say("\n");
}

void print_log(const report::Source& source, const SummaryArguments& arguments) {
  const std::span<const log::Record> rows = source.log.rows;
  const std::string standing = report::standing(source);
  say("{}: {}{}{}\n", printable(source.file), run::counted(rows.size(), "image"),
      source.settings ? ", " + report::description(*source.settings) : "", standing.empty() ? "" : "; " + standing);
  if (source.is_predict()) {
    const auto rates = report::predict_rates(rows);
    say("correct {:.4f}, wrong {:.4f}, abstained {:.4f}\n", rates.correct, rates.wrong, rates.abstained);
    return;
  }
  if (source.is_attack()) {
    const auto rates = report::attack_rates(rows);
    say("successful {:.4f} (mean distance {:.4f}), still correct {:.4f}\n", rates.successful, rates.mean_distance, rates.correct);
    return;
  }
  const auto radii = arguments.radii.empty() ? report::table_radii({&source, 1}) : arguments.radii;
  say("{}", report::printed_accuracy(source, radii));
  if (shows_pictures()) say("{}", report::accuracy_curve(rows, curve_columns));
  const auto confidence = report::confidence_of(source, arguments.alpha, arguments.rho);
  if (confidence) print_bounds(source, radii, *confidence);
  else if (report::alpha_of(source, arguments.alpha))
    say("no bounds: whether it went on after its first plan may depend on what its rows said\n");
  print_mean_radius(source, confidence);
}

// "cohen" for all certificates but those of a fixed number of samples by another bound; "-" where it is not known.
std::string_view bound_of(const report::Source& source) {
  if (!source.settings) return "-";
  const auto* fixed = std::get_if<procedure::FixedSamples>(&source.settings->method);
  return stats::to_string(fixed ? fixed->bound : stats::Bound::cohen);
}

// One line a log, by noise level and bound.
void print_side_by_side(std::vector<const report::Source*> logs, const SummaryArguments& arguments) {
  std::vector<log::Record> all;
  for (const report::Source* source : logs) all.insert(all.end(), source->log.rows.begin(), source->log.rows.end());
  const auto radii = arguments.radii.empty() ? report::sensible_radii(all) : arguments.radii;
  const auto key = [](const report::Source* source) {
    const auto& s = source->settings;
    return std::tuple(s && s->noise ? traits(*s->noise).name : "", s ? s->scale : 0.0, bound_of(*source));
  };
  std::stable_sort(logs.begin(), logs.end(), [&](const report::Source* a, const report::Source* b) { return key(a) < key(b); });
  say("\n{:<16}{:<9}", "noise", "bound");
  for (const double r : radii) say("{:>8}", fmt::format("{}", r));
  say("  log\n");
  for (const report::Source* source : logs) {
    const auto& s = source->settings;
    say("{:<16}{:<9}", s ? report::scale_text(*source) : "-", bound_of(*source));
    for (const double r : radii) say("{:>8}", report::accuracy_text(*source, r));
    say("  {}{}\n", printable(source->file), s && s->illustration ? " (illustration)" : "");
  }
}

void print_difference(const std::string& name, const report::Difference& d, const std::string& more) {
  const std::string interval = std::isfinite(d.interval.low) ? fmt::format("[{:+.4f}, {:+.4f}]", d.interval.low, d.interval.high)
                                                             : "not known: radii have no largest one (--cap)";
  say("{:>10} {:>9.4f} {:>9.4f} {:>+9.4f}   {}{}\n", name, d.a, d.b, d.a - d.b, interval, more);
}

// Which images a log is of, as far as its manifest says.
void require_same_images(const report::Source& a, const report::Source& b) {
  if (!a.manifest || !b.manifest) return;
  for (const char* name : {"data_sha256", "split"}) {
    const auto there = a.manifest->text(name), here = b.manifest->text(name);
    require(!there || !here || *there == *here,
            fmt::format("--paired: the two logs are of different images: {} is {} in the one, {} in the other", name, there.value_or(""),
                        here.value_or("")));
  }
  const auto labels_of = [](const report::Source& source) { return source.manifest->text("labels").value_or("fine"); };
  require(labels_of(a) == labels_of(b), fmt::format("--paired: the two logs are of different labels: {} in the one, {} in the other",
                                                    printable(labels_of(a)), printable(labels_of(b))));
}

// A difference of accuracies is one only where both logs were certified at the radius.
std::vector<double> paired_radii(const report::Source& a, const report::Source& b, const std::vector<double>& asked) {
  for (const double r : asked) {
    for (const report::Source* source : {&a, &b})
      require(report::is_tested(*source, r), fmt::format("--radii {}: {} was not certified at this radius", r, printable(source->file)));
  }
  if (!asked.empty()) return asked;
  std::vector<log::Record> all = a.log.rows;
  all.insert(all.end(), b.log.rows.begin(), b.log.rows.end());
  std::vector<double> radii = report::tested_radii(a).value_or(report::tested_radii(b).value_or(report::sensible_radii(all)));
  std::erase_if(radii, [&](double r) { return !report::is_tested(a, r) || !report::is_tested(b, r); });
  return radii;
}

void print_paired(const report::Source& a, const report::Source& b, const SummaryArguments& arguments) {
  const auto certifies = [](const report::Source& source) { return !source.is_predict() && !source.is_attack(); };
  require(certifies(a) && certifies(b), "--paired compares certified radii; a log of predict or attack has none");
  require(report::norm_of(a) == report::norm_of(b), "--paired: the two logs hold radii of different norms");
  require_same_images(a, b);
  const auto radii = paired_radii(a, b, arguments.radii);
  const auto comparison =
      report::compare(a.log.rows, b.log.rows, radii, report::largest_radius(a), report::largest_radius(b), arguments.rho, arguments.cap);
  say("A: {}\nB: {}\n{} of both; the interval holds the difference in the population with probability {}, one line at a time;\n"
      "p: exact sign test that neither is better\n{:>10} {:>9} {:>9} {:>9}   {:<22}{:>10}\n",
      printable(a.file), printable(b.file), run::counted(comparison.images, "image"), report::probability_beside(arguments.rho), "radius",
      "A", "B", "A - B", "interval", "p");
  for (const auto& line : comparison.accuracy)
    print_difference(fmt::format("{}", line.radius), line, fmt::format("{:>12.2g}", line.p_value));
  print_difference("mean", comparison.mean_radius, arguments.cap ? fmt::format("   of radii cut at {}", *arguments.cap) : "");
}

// What the lines are, for who has not read the paper.
constexpr const char* explanation_of_certificates =
    "\nwhat the lines say, at each radius r (pixels in [0, 1]):\n"
    "  certified accuracy  share of images whose answer is right and certified to r\n"
    "  appendix D          at least this share of these images truly is, by the\n"
    "                      paper's appendix D: here and there a certificate is wrong\n"
    "  inverted            the same, tighter: by the exact binomial distribution\n"
    "  all radii           the same for all radii together\n"
    "  population          at least this share of all images like these\n"
    "average certified radius: over all images, 0 where the answer is wrong or none\n"
    "n: samples of noise an image\n"
    "alpha: allowed probability that an image's certificate is wrong\n"
    "rho: allowed probability that a bound above is wrong\n";
constexpr const char* explanation_of_paired =
    "\nwhat the lines say: the share of images certified up to a radius, of A and of\n"
    "B; in which interval their difference over all images like these lies; and p,\n"
    "how likely such a difference would be by chance if neither were better.\n"
    "mean: of the certified radii\n";
constexpr const char* explanation_of_predict =
    "\nwhat the line says: the smoothed classifier answered so many images with their\n"
    "label, with another class, or not at all, its votes being too close to call\n";
constexpr const char* explanation_of_attack =
    "\nwhat the line says: so many images were answered otherwise after the attack, at\n"
    "what mean l2 distance; and so many still with their label\n";

// Of what was printed, each once.
void explain(const std::vector<report::Source>& logs, const SummaryArguments& arguments) {
  if (arguments.paired) return say("{}", explanation_of_paired);
  const auto any = [&](const auto& is) { return std::any_of(logs.begin(), logs.end(), is); };
  if (any([](const report::Source& log) { return !log.is_predict() && !log.is_attack(); })) say("{}", explanation_of_certificates);
  if (any([](const report::Source& log) { return log.is_predict(); })) say("{}", explanation_of_predict);
  if (any([](const report::Source& log) { return log.is_attack(); })) say("{}", explanation_of_attack);
}

void summarise(const SummaryArguments& arguments) {
  require(arguments.rho > 0 && arguments.rho < 1, fmt::format("rho = {}: must lie between 0 and 1 (not included)", arguments.rho));
  require(!arguments.alpha || (*arguments.alpha > 0 && *arguments.alpha < 1),
          fmt::format("alpha = {}: must lie between 0 and 1 (not included)", arguments.alpha.value_or(0)));
  require(!arguments.cap || arguments.paired, "--cap goes with --paired");
  require(!arguments.cap || (std::isfinite(*arguments.cap) && *arguments.cap > 0),
          fmt::format("--cap {}: must be above 0", arguments.cap.value_or(0)));
  std::vector<report::Source> logs;
  for (const std::string& file : arguments.logs) logs.push_back(report::read_source(file));
  if (arguments.paired) {
    require(logs.size() == 2, fmt::format("--paired compares two logs, and {} are named", logs.size()));
    print_paired(logs[0], logs[1], arguments);
    if (arguments.explain) explain(logs, arguments);
    return;
  }
  std::vector<const report::Source*> certified;
  for (const report::Source& source : logs) {
    print_log(source, arguments);
    if (!source.is_predict() && !source.is_attack()) certified.push_back(&source);
  }
  if (certified.size() > 1) print_side_by_side(certified, arguments);
  if (arguments.explain) explain(logs, arguments);
}

}  // namespace

void add_summary(CLI::App& program) {
  auto& command = *program.add_subcommand("summary", "Print the certified accuracy that logs hold, and what it proves of the test set");
  auto arguments = std::make_shared<SummaryArguments>();
  command.add_option("LOG", arguments->logs, "logs of certify, verify, predict or attack, ours or the reference implementation's")
      ->required();
  command.add_option("--radii", arguments->radii, "radii of the table, e.g. 0,0.25,0.5 (default: quarter steps)")
      ->delimiter(',')
      ->check(at_least_0());
  command.add_option("--alpha", arguments->alpha, "of logs without a manifest: allowed error of each certificate, for the bounds");
  command.add_option("--rho", arguments->rho, "allowed probability that a bound on the test set or the population is wrong")
      ->capture_default_str();
  command.add_flag("--paired", arguments->paired, "compare two logs on the same images");
  command.add_option("--cap", arguments->cap,
                     "with --paired: mean radii are of radii cut at this one, which needs to be chosen before the results are seen");
  command.add_flag("--explain", arguments->explain, "say behind the lines what they mean");
  add_examples(command, {"ballast summary log.tsv --radii 0,0.25,0.5 --explain", "ballast summary --paired log.tsv other.tsv"});
  command.callback([arguments] { summarise(*arguments); });
}

}  // namespace ballast::cli
