// SPDX-License-Identifier: Apache-2.0
//
// ballast certify MODEL DATA LOG --sigma S

#include <fmt/format.h>

#include "ballast/report/accuracy.hpp"
#include "certify_options.hpp"
#include "commands.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct Arguments : CertifyArguments {
  std::string log;
  bool quiet = false;
};

// Three radii at which a person sees how a run goes.
std::vector<double> telling_radii(const log::Settings& settings) {
  if (!settings.radii.empty()) {
    std::vector<double> radii{settings.radii.front(), settings.radii[settings.radii.size() / 2], settings.radii.back()};
    radii.erase(std::unique(radii.begin(), radii.end()), radii.end());
    return radii;
  }
  const double step = settings.smoothing.law == NoiseLaw::gaussian ? settings.smoothing.scale : settings.smoothing.scale / 4;
  return {0, step, 2 * step};
}

std::string accuracy_so_far(const log::Settings& settings, const std::vector<log::Record>& rows) {
  std::string text;
  for (const double radius : telling_radii(settings)) {
    text += fmt::format("{} {:.3f} at {}", text.empty() ? "certified" : ",", report::certified_accuracy(rows, radius), radius);
  }
  return text;
}

std::string samples_text(const std::vector<log::Record>& rows) {
  double sum = 0;
  for (const log::Record& row : rows) sum += static_cast<double>(row.samples);
  return fmt::format("{:.0f} samples an image", sum / static_cast<double>(rows.size()));
}

void certify(Arguments& arguments) {
  const auto [settings, rows] = run_smoothing(arguments, arguments.settings(), arguments.log, arguments.quiet, accuracy_so_far);
  if (arguments.quiet) return;
  const bool staged = log::kind_of(settings.method) == log::Kind::staged;
  const std::string name(settings.noise == "split" ? "lambda" : scale_name(settings.smoothing.law));
  const std::string chance = settings.noise == "split" ? "exact" : fmt::format("n {}, alpha {}", settings.samples, settings.alpha);
  say("{} images, {} {}, {}: {}\n", rows.size(), name, settings.smoothing.scale, chance, arguments.log);
  if (staged) say("{}\n", samples_text(rows));
  if (log::norm_of(settings) != "l2") say("radii are {} radii, noise {}\n", log::norm_of(settings), settings.noise);
  say("{}", report::accuracy_table(rows, settings.radii.empty() ? report::sensible_radii(rows) : settings.radii));
}

}  // namespace

void add_certify(CLI::App& program) {
  auto& command = *program.add_subcommand("certify", "Certify a radius for each image (the paper's CERTIFY, and with fewer samples)");
  auto arguments = std::make_shared<Arguments>();
  arguments->model.add_to(command);
  arguments->data.add_to(command);
  command.add_option("LOG", arguments->log, "file for the rows, one an image; LOG.json beside it says how they were made")->required();
  arguments->noise.add_to(command);
  arguments->add_options_to(command);
  arguments->data.add_range_to(command);
  arguments->data.add_shard_to(command);
  arguments->model.add_remote_to(command);
  arguments->add_together_to(command);
  command.add_flag("--quiet", arguments->quiet, "no progress");
  command.callback([arguments] { certify(*arguments); });
}

}  // namespace ballast::cli
