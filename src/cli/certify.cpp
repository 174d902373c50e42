// SPDX-License-Identifier: Apache-2.0
//
// ballast certify MODEL DATA LOG --sigma S

#include <fmt/format.h>

#include "ballast/report/accuracy.hpp"
#include "commands.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

struct Arguments : SmoothingArguments {
  smooth::CertifyOptions options;
};

std::string accuracy_so_far(const std::vector<log::Record>& rows, double sigma) {
  return fmt::format("certified {:.3f} at 0, {:.3f} at {}, {:.3f} at {}", report::certified_accuracy(rows, 0),
                     report::certified_accuracy(rows, sigma), sigma, report::certified_accuracy(rows, 2 * sigma), 2 * sigma);
}

void certify(Arguments& arguments) {
  auto& options = arguments.options;
  options.sigma = arguments.noise.sigma;
  smooth::check(options);
  log::Manifest settings;
  settings.add("method", "certify");
  settings.add("sigma", options.sigma);
  settings.add("alpha", options.alpha);
  settings.add("n0", options.selection_samples);
  settings.add("n", options.estimation_samples);
  const auto rows = run_smoothing(
      arguments, log::Kind::certify, settings,
      [&](smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed) {
        return run::certify_procedure(workers, noise, seed, options);
      },
      [&](const std::vector<log::Record>& so_far) { return accuracy_so_far(so_far, options.sigma); });
  if (arguments.quiet) return;
  fmt::print("{} images, sigma {}, n {}, alpha {}: {}\n{}", rows.size(), options.sigma, options.estimation_samples, options.alpha,
             arguments.log, report::accuracy_table(rows, report::sensible_radii(rows)));
}

}  // namespace

void add_certify(CLI::App& program) {
  auto& command = *program.add_subcommand("certify", "Certify a radius for each image (the paper's CERTIFY)");
  auto arguments = std::make_shared<Arguments>();
  arguments->add_to(command);
  command.add_option("--n0", arguments->options.selection_samples, "samples to guess the class")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--n", arguments->options.estimation_samples, "samples to bound its probability")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--alpha", arguments->options.alpha, "allowed probability that a certificate is wrong")->capture_default_str();
  command.callback([arguments] { certify(*arguments); });
}

}  // namespace ballast::cli
