// SPDX-License-Identifier: Apache-2.0

#include "smoothing_run.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "ballast/noise/stream.hpp"

namespace ballast::cli {
namespace {

// Everything that the noise should depend on: what is certified and how, not which machine does it.
std::uint64_t default_seed(const log::Manifest& settings, const log::Manifest& manifest) {
  std::string text;
  for (const auto& entry : settings.entries) text += entry.name + "=" + entry.json + "\n";
  return noise::derive_seed({manifest.find("model_sha256")->json, manifest.find("data_sha256")->json, manifest.find("split")->json, text});
}

std::string progress_text(const run::Status& status, const std::string& so_far) {
  const auto now = static_cast<double>(status.done - status.resumed);
  const double left = now > 0 ? status.seconds / now * static_cast<double>(status.total - status.done) : 0;
  return fmt::format("{}/{} images  {:.2f} s an image  {} left  {}", status.done, status.total, status.seconds / now,
                     run::duration_text(left), so_far);
}

}  // namespace

void SmoothingArguments::add_to(CLI::App& command) {
  model.add_to(command);
  data.add_to(command);
  command.add_option("LOG", log, "file for the rows, one an image; LOG.json beside it says how they were made")->required();
  noise.add_to(command, true);
  data.add_range_to(command);
  command.add_flag("--quiet", quiet, "no progress");
}

std::vector<log::Record> run_smoothing(const SmoothingArguments& arguments, log::Kind kind, const log::Manifest& settings,
                                       const MakeProcedure& make_procedure, const Describe& so_far) {
  const auto dataset = arguments.data.open();
  const auto indices = run::indices(arguments.data.range, dataset->size());
  const auto noise_kind = arguments.noise.kind_for(*dataset);
  const auto opened = arguments.model.open(DataArguments::shape_of(*dataset));
  const auto& classifier = opened.classifier;
  run::check_fit(*dataset, *classifier);
  const noise::NoisyWriter noise(noise_kind, arguments.noise.sigma, classifier->affine());

  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line(), false);
  log::Manifest noisy_settings = settings;
  noisy_settings.add("noise", std::string(noise::to_string(noise_kind)));
  manifest.entries.insert(manifest.entries.end(), noisy_settings.entries.begin(), noisy_settings.entries.end());
  arguments.model.describe(manifest, opened);
  arguments.data.describe(manifest, *dataset);
  manifest.add("start", static_cast<std::uint64_t>(arguments.data.range.start));
  manifest.add("skip", static_cast<std::uint64_t>(arguments.data.range.skip));
  const std::uint64_t seed = arguments.noise.seed.value_or(default_seed(noisy_settings, manifest));
  manifest.add("seed", seed);

  smooth::Workers workers(*classifier, arguments.model.threads);
  const run::Procedure procedure = make_procedure(workers, noise, seed);
  const std::atomic<bool>& stop = stop_on_signal();
  log::LogWriter log(arguments.log, kind, manifest);
  run::ProgressLine line(arguments.quiet);
  const auto rows = run::run(*dataset, indices, log, procedure, stop, [&](const run::Status& status) {
    const bool finished = status.done == status.total;
    if (line.is_due(finished)) line.show(progress_text(status, so_far(*status.rows)), finished);
  });
  if (rows.size() < indices.size()) {
    throw std::runtime_error(
        fmt::format("stopped after {} of {} images; the same command continues {}", rows.size(), indices.size(), arguments.log));
  }
  return rows;
}

}  // namespace ballast::cli
