// SPDX-License-Identifier: Apache-2.0
//
// ballast certify MODEL DATA LOG --sigma S

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "certify_options.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "say.hpp"
#include "single_image.hpp"

namespace ballast::cli {
namespace {

struct CommandArguments : CertifyArguments {
  std::string log;
  bool quiet = false;
};

std::string accuracy_so_far(const procedure::Settings& settings, const std::vector<log::Record>& rows) {
  std::string text;
  for (const double radius : procedure::telling_radii(settings)) {
    text += fmt::format("{} {:.3f} at {}", text.empty() ? "certified" : ",", report::certified_accuracy(rows, radius), radius);
  }
  return text;
}

std::string samples_text(const std::vector<log::Record>& rows) {
  double sum = 0;
  for (const log::Record& row : rows) sum += static_cast<double>(row.samples);
  return fmt::format("{:.0f} samples an image", sum / static_cast<double>(rows.size()));
}

// Radii asked for instead, where they go with the rest.
std::string by_radii(CertifyArguments arguments, const procedure::Settings& settings, const procedure::Circumstances& circumstances) {
  if (!procedure::is<procedure::FixedSamples>(settings)) return "";
  const std::uint64_t samples = arguments.request.samples;
  arguments.ask_for_radii(procedure::largest_radius(settings).value_or(0));
  try {
    arguments.check();
    arguments.complete()(circumstances);
  } catch (const InputError&) {
    return "";
  }
  const std::uint64_t fewer = arguments.request.samples;
  return fmt::format("--radii {}{} needs far fewer samples", fmt::join(arguments.request.radii, ","),
                     fewer < samples ? fmt::format(" --n {}", fewer) : "");
}

void certify(CommandArguments arguments) {
  prepare_single_image(arguments, arguments.log);
  if (arguments.data.may_lack_label && arguments.data.label.empty() && procedure::is_sequential(arguments.request)) {
    require(arguments.request.target != "label", "--target label: the image has none; give it by --label");
    arguments.request.target = "predicted";
  }
  arguments.check();
  const FinishedRun run = run_smoothing(arguments, arguments.request, arguments.complete(), arguments.log, arguments.quiet, accuracy_so_far,
                                        [&](const auto& settings, const auto& now) { return by_radii(arguments, settings, now); });
  const auto& [settings, rows, class_names] = run;
  if (arguments.quiet && !arguments.log.empty()) return;
  if (arguments.data.is_single_image()) return say("{}", certified_sentence(arguments, run));
  const bool exact = procedure::is<procedure::Splitting>(settings);
  const std::string chance = exact ? "exact" : fmt::format("n {}, alpha {}", procedure::samples_of(settings), settings.alpha);
  say("{}, {} {}, {}: {}\n", run::counted(rows.size(), "image"), procedure::scale_name_of(settings), settings.scale, chance, arguments.log);
  if (procedure::sequential(settings)) say("{}\n", samples_text(rows));
  if (const auto norm = procedure::norm_of(settings); norm != "l2")
    say("radii are {} radii, noise {}\n", norm, traits(*settings.noise).name);
  const auto* named = std::get_if<procedure::NamedRadii>(&settings.method);
  say("{}", report::accuracy_table(rows, named ? named->radii : report::sensible_radii(rows)));
}

}  // namespace

void add_certify(CLI::App& program) {
  auto& command = *program.add_subcommand("certify", "Certify a radius for each image (the paper's CERTIFY, and with fewer samples)");
  auto arguments = std::make_shared<CommandArguments>();
  arguments->model.add_to(command);
  arguments->data.add_to(command);
  add_log_to(command, arguments->log);
  arguments->add_request_to(command);
  arguments->data.add_range_to(command);
  arguments->data.add_shard_to(command);
  arguments->model.add_remote_to(command);
  arguments->add_together_to(command);
  command.add_flag("--quiet", arguments->quiet, "no progress")->group(heading::running);
  add_examples(command, {"ballast certify model.onnx fashion-mnist log.tsv --sigma 0.25 --max 100",
                         "ballast certify model.onnx fashion-mnist few.tsv --sigma 0.25 --radii 0,0.5"});
  command.callback([arguments] { certify(*arguments); });
}

}  // namespace ballast::cli
