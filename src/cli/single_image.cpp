// SPDX-License-Identifier: Apache-2.0

#include "single_image.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::cli {
namespace {

constexpr int radius_decimals = 4;

std::string name_of(const SmoothingArguments& arguments) { return printable(arguments.data.name); }

// How sure an answer is, and by how many samples.
std::string confidence(const procedure::Settings& settings, const log::Record& row) {
  if (procedure::is<procedure::Splitting>(settings)) return "exactly (no chance is involved)";
  return fmt::format("with confidence {:.8g} % (alpha {}, {} samples)", 100 * (1 - settings.alpha), settings.alpha, row.samples);
}

// A class by its name and number, where it has a name.
std::string class_text(Label label, const std::vector<std::string>& names) {
  const auto place = static_cast<std::size_t>(label);
  return place < names.size() ? fmt::format("{} (class {})", printable(names[place]), label) : fmt::format("class {}", label);
}

std::string verdict(const SmoothingArguments& arguments, const FinishedRun& run) {
  if (arguments.data.label.empty()) return "";
  const log::Record& row = run.rows.front();
  return fmt::format("; its label is {}, so that is {}", class_text(row.label, run.class_names), row.correct ? "right" : "wrong");
}

std::string abstention(const SmoothingArguments& arguments, const FinishedRun& run) {
  return fmt::format("{}: no answer: the classifier abstains, as no class could be shown {}\n", name_of(arguments),
                     confidence(run.settings, run.rows.front()));
}

}  // namespace

void add_log_to(CLI::App& command, std::string& log) {
  command.add_option(
      "LOG", log, "file for the rows, one an image; LOG.json beside it says how they were made; may be left out where DATA is one image");
}

void prepare_single_image(SmoothingArguments& arguments, const std::string& log) {
  require(!log.empty() || arguments.data.is_single_image(), "LOG is required, unless DATA is one image; an empty name cannot be written");
  arguments.data.may_lack_label = log.empty();
}

std::string certified_sentence(const SmoothingArguments& arguments, const FinishedRun& run) {
  const log::Record& row = run.rows.front();
  if (!row.predict) return abstention(arguments, run);
  return fmt::format("{}: {}, certified within {} radius {} (pixels in [0, 1]) {}{}\n", name_of(arguments),
                     class_text(*row.predict, run.class_names), procedure::norm_of(run.settings),
                     stats::format_rounded_down(row.radius, radius_decimals), confidence(run.settings, row), verdict(arguments, run));
}

std::string predicted_sentence(const SmoothingArguments& arguments, const FinishedRun& run) {
  const log::Record& row = run.rows.front();
  if (!row.predict) return abstention(arguments, run);
  return fmt::format("{}: {}, the smoothed classifier's answer, {}{}\n", name_of(arguments), class_text(*row.predict, run.class_names),
                     confidence(run.settings, row), verdict(arguments, run));
}

}  // namespace ballast::cli
