// SPDX-License-Identifier: Apache-2.0

#include "smoothing_run.hpp"

#include <fmt/format.h>

#include <charconv>

#include "ballast/core/errors.hpp"
#include "ballast/noise/stream.hpp"
#include "job.hpp"
#include "logged_run.hpp"

namespace ballast::cli {
namespace {

// What the noise depends on: the model, the images and the noise's law. Not on the machine, nor on what is concluded from the votes, so
// that another alpha or more samples see the same draws.
std::uint64_t default_seed(const log::Manifest& manifest) {
  std::string text;
  for (const char* name : {"model_sha256", "data_sha256", "split", "noise", "sigma", "lambda"}) {
    if (const auto* entry = manifest.find(name)) text += fmt::format("{}={}\n", name, entry->json);
  }
  return noise::derive_seed({text});
}

// A certificate holds whatever a model was trained for, but a model that does not know the noise earns small ones.
void warn_of_other_noise(const graph::Graph& graph, const NoiseArguments& noise) {
  const auto found = graph.metadata.find("ballast.sigma");
  if (found == graph.metadata.end()) return;
  double trained = 0;
  const char *begin = found->second.data(), *end = begin + found->second.size();
  const auto [read_to, error] = std::from_chars(begin, end, trained);
  if (error != std::errc{} || read_to != end || (noise.sigma && *noise.sigma == trained)) return;
  fmt::print(stderr,
             "warning: the model was trained with Gaussian noise of sigma {}, not with this noise; radii may be smaller than need be\n",
             trained);
}

}  // namespace

void SmoothingArguments::add_together_to(CLI::App& command) {
  command.add_flag("--together", together,
                   "under mpirun: all processes share out the samples of each image, not the images (for a few slow images)");
}

SmoothingSetup open_setup(const SmoothingArguments& arguments) {
  arguments.noise.check();
  auto dataset = arguments.data.open();
  auto indices = run::indices(arguments.data.range, dataset->size());
  const auto kind = arguments.noise.kind_for(*dataset);
  auto model = arguments.model.open(DataArguments::shape_of(*dataset));
  run::check_fit(*dataset, *model.classifier);
  noise::NoisyWriter noise(kind, arguments.noise.scale(), model.classifier->affine());
  return {std::move(dataset), std::move(indices), std::move(model), kind, std::move(noise)};
}

log::Settings completed(log::Settings settings, const SmoothingArguments& arguments, const SmoothingSetup& setup, int micro_batch) {
  settings.noise = std::string(noise::to_string(setup.noise_kind));
  settings.smoothing = {log::law_named(settings.noise).value_or(NoiseLaw::uniform), arguments.noise.scale()};
  settings.law_error = setup.noise.law_error(setup.model.classifier->image_shape().size());
  settings.step = static_cast<std::uint64_t>(micro_batch);
  if (settings.family > 1) {
    settings.family = run::whole_indices(arguments.data.range, setup.dataset->size()).size();
    settings.alpha /= static_cast<double>(settings.family);
  }
  return settings;
}

log::Manifest manifest_of(const log::Settings& settings, const SmoothingArguments& arguments, const SmoothingSetup& setup) {
  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line(), false);
  log::add_to(manifest, settings);
  arguments.model.describe(manifest, setup.model);
  arguments.data.describe(manifest, *setup.dataset);
  arguments.data.describe_rows(manifest, *setup.dataset);
  manifest.add("seed", arguments.noise.seed.value_or(default_seed(manifest)));
  return manifest;
}

std::uint64_t seed_of(const log::Manifest& manifest) {
  const auto* entry = manifest.find("seed");
  require(entry, "the manifest has no entry 'seed'");
  std::uint64_t seed = 0;
  const char *begin = entry->json.data(), *end = begin + entry->json.size();
  const auto [read_to, error] = std::from_chars(begin, end, seed);
  require(error == std::errc{} && read_to == end,
          fmt::format("the manifest's seed is {}; a whole number below 2^64 is needed", entry->json));
  return seed;
}

FinishedRun run_smoothing(const SmoothingArguments& arguments, const log::Settings& wanted, const std::string& log_file, bool quiet,
                          const Describe& so_far) {
  const SmoothingSetup setup = open_setup(arguments);
  if (!quiet && !(job_team() && job_team()->rank() > 0)) warn_of_other_noise(setup.model.graph, arguments.noise);
  if (!quiet && arguments.model.is_remote())
    fmt::print(stderr, "the certificates are of whatever function answers at {}; nothing here can check that it stays the same one\n",
               arguments.model.file);
  smooth::Workers workers(*setup.model.classifier, arguments.model.threads);
  const log::Settings settings = completed(wanted, arguments, setup, workers.micro_batch());
  const log::Manifest manifest = manifest_of(settings, arguments, setup);
  const run::Procedure procedure = run::procedure_of(settings, setup.noise, seed_of(manifest));
  const LoggedRun job{*setup.dataset,
                      setup.indices,
                      workers,
                      arguments.together ? run::Spread::together : run::spread_of(settings.method),
                      log_file,
                      log::kind_of(settings.method),
                      manifest,
                      quiet,
                      [&](const std::vector<log::Record>& so_far_rows) { return so_far(settings, so_far_rows); }};
  auto rows = run_into_log(job, procedure);
  return {settings, std::move(rows)};
}

}  // namespace ballast::cli
