// SPDX-License-Identifier: Apache-2.0
//
// ballast predict MODEL DATA LOG --sigma S

#include <fmt/format.h>

#include "ballast/report/accuracy.hpp"
#include "commands.hpp"
#include "say.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

struct Arguments : SmoothingArguments {
  std::string log;
  std::uint64_t samples = 10'000;
  double alpha = 0.001;
  bool quiet = false;
};

std::string rates_text(const std::vector<log::Record>& rows) {
  const auto rates = report::predict_rates(rows);
  return fmt::format("correct {:.4f}, wrong {:.4f}, abstained {:.4f}", rates.correct, rates.wrong, rates.abstained);
}

void predict(Arguments& arguments) {
  log::Settings wanted;
  wanted.method = log::Method::predict;
  wanted.alpha = arguments.alpha;
  wanted.samples = arguments.samples;
  wanted.noise = arguments.noise.kind == "split" ? "split" : "grid";
  run::check(wanted);
  const auto [settings, rows] =
      run_smoothing(arguments, wanted, arguments.log, arguments.quiet,
                    [](const log::Settings&, const std::vector<log::Record>& so_far) { return rates_text(so_far); });
  if (arguments.quiet) return;
  say("{} images, {} {}, n {}, alpha {}: {}\n{}\n", rows.size(), scale_name(settings.smoothing.law), settings.smoothing.scale,
      settings.samples, settings.alpha, arguments.log, rates_text(rows));
}

}  // namespace

void add_predict(CLI::App& program) {
  auto& command = *program.add_subcommand("predict", "Classify each image by the smoothed classifier, or abstain (the paper's PREDICT)");
  auto arguments = std::make_shared<Arguments>();
  arguments->model.add_to(command);
  arguments->data.add_to(command);
  command.add_option("LOG", arguments->log, "file for the rows, one an image; LOG.json beside it says how they were made")->required();
  arguments->noise.add_to(command);
  command.add_option("--n", arguments->samples, "samples")->check(whole_number())->capture_default_str();
  command.add_option("--alpha", arguments->alpha, "allowed probability that an answer is wrong")->capture_default_str();
  arguments->data.add_range_to(command);
  arguments->data.add_shard_to(command);
  arguments->model.add_remote_to(command);
  arguments->add_together_to(command);
  command.add_flag("--quiet", arguments->quiet, "no progress");
  command.callback([arguments] { predict(*arguments); });
}

}  // namespace ballast::cli
