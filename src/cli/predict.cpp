// SPDX-License-Identifier: Apache-2.0
//
// ballast predict MODEL DATA LOG --sigma S

#include <fmt/format.h>

#include "ballast/report/accuracy.hpp"
#include "commands.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

struct Arguments : SmoothingArguments {
  smooth::PredictOptions options;
};

std::string rates_text(const std::vector<log::Record>& rows) {
  const auto rates = report::predict_rates(rows);
  return fmt::format("correct {:.4f}, wrong {:.4f}, abstained {:.4f}", rates.correct, rates.wrong, rates.abstained);
}

void predict(Arguments& arguments) {
  auto& options = arguments.options;
  options.sigma = arguments.noise.sigma;
  smooth::check(options);
  log::Manifest settings;
  settings.add("method", "predict");
  settings.add("sigma", options.sigma);
  settings.add("alpha", options.alpha);
  settings.add("n", options.samples);
  const auto rows = run_smoothing(
      arguments, log::Kind::predict, settings,
      [&](smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed) {
        return run::predict_procedure(workers, noise, seed, options);
      },
      rates_text);
  if (arguments.quiet) return;
  fmt::print("{} images, sigma {}, n {}, alpha {}: {}\n{}\n", rows.size(), options.sigma, options.samples, options.alpha, arguments.log,
             rates_text(rows));
}

}  // namespace

void add_predict(CLI::App& program) {
  auto& command = *program.add_subcommand("predict", "Classify each image by the smoothed classifier, or abstain (the paper's PREDICT)");
  auto arguments = std::make_shared<Arguments>();
  arguments->add_to(command);
  command.add_option("--n", arguments->options.samples, "samples")->check(whole_number())->capture_default_str();
  command.add_option("--alpha", arguments->options.alpha, "allowed probability that an answer is wrong")->capture_default_str();
  command.callback([arguments] { predict(*arguments); });
}

}  // namespace ballast::cli
