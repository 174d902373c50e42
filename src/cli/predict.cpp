// SPDX-License-Identifier: Apache-2.0
//
// ballast predict MODEL DATA LOG --sigma S

#include <fmt/format.h>

#include "ballast/report/accuracy.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "say.hpp"
#include "single_image.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

struct PredictArguments : SmoothingArguments {
  procedure::PredictRequest request;
  std::string log;
  bool quiet = false;
};

std::string predict_rates_text(const std::vector<log::Record>& rows) {
  const auto rates = report::predict_rates(rows);
  return fmt::format("correct {:.4f}, wrong {:.4f}, abstained {:.4f}", rates.correct, rates.wrong, rates.abstained);
}

void predict(PredictArguments arguments) {
  prepare_single_image(arguments, arguments.log);
  const procedure::PredictRequest& request = arguments.request;
  procedure::check(request, spelling);
  const FinishedRun run = run_smoothing(
      arguments, request, [&](const auto& now) { return procedure::complete(request, now, spelling); }, arguments.log, arguments.quiet,
      [](const auto&, const std::vector<log::Record>& so_far) { return predict_rates_text(so_far); });
  const auto& [settings, rows, class_names] = run;
  if (arguments.quiet && !arguments.log.empty()) return;
  if (arguments.data.is_single_image()) return say("{}", predicted_sentence(arguments, run));
  say("{}, {} {}, n {}, alpha {}: {}\n{}\n", run::counted(rows.size(), "image"), procedure::scale_name_of(settings), settings.scale,
      procedure::samples_of(settings), settings.alpha, arguments.log, predict_rates_text(rows));
}

}  // namespace

void add_predict(CLI::App& program) {
  auto& command = *program.add_subcommand("predict", "Classify each image by the smoothed classifier, or abstain (the paper's PREDICT)");
  auto arguments = std::make_shared<PredictArguments>();
  arguments->model.add_to(command);
  arguments->data.add_to(command);
  add_log_to(command, arguments->log);
  add_noise_to(command, arguments->request);
  add_seed_to(command, arguments->seed);
  command.add_option("--n", arguments->request.samples, "samples")->check(whole_number())->capture_default_str();
  command.add_option("--alpha", arguments->request.alpha, "allowed probability that an answer is wrong")->capture_default_str();
  arguments->data.add_range_to(command);
  arguments->data.add_shard_to(command);
  arguments->model.add_remote_to(command);
  arguments->add_together_to(command);
  command.add_flag("--quiet", arguments->quiet, "no progress")->group(heading::running);
  add_examples(command, {"ballast predict model.onnx fashion-mnist predicted.tsv --sigma 0.25 --max 100"});
  command.callback([arguments] { predict(*arguments); });
}

}  // namespace ballast::cli
