// SPDX-License-Identifier: Apache-2.0

#include "smoothing_run.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "job.hpp"
#include "logged_run.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

// That of a log that is continued, else one that nobody has seen before.
std::uint64_t kept_or_fresh_seed(const std::string& log_file) {
  std::error_code unknown;
  const auto manifest = log::manifest_path(log_file);
  if (std::filesystem::exists(log_file, unknown) && std::filesystem::exists(manifest, unknown)) {
    if (const auto seed = log::read_manifest(manifest).number("seed")) return *seed;
  }
  return noise::fresh_seed();
}

std::uint64_t seed_of_run(const SmoothingArguments& arguments, const log::Manifest& manifest, const std::string& log_file) {
  if (arguments.seed) return *arguments.seed;
  if (const auto seed = default_seed(manifest)) return *seed;
  return of_rank_zero(job_group() && job_group()->rank() > 0 ? 0 : kept_or_fresh_seed(log_file));
}

// A certificate holds whatever a model was trained for, but a model that does not know the noise earns small ones.
void warn_of_other_noise(const graph::Graph& graph, const procedure::NoiseRequest& noise) {
  const auto found = graph.metadata.find("ballast.sigma");
  if (found == graph.metadata.end()) return;
  double trained = 0;
  const char *begin = found->second.data(), *end = begin + found->second.size();
  const auto [read_to, error] = std::from_chars(begin, end, trained);
  if (error != std::errc{} || read_to != end || (noise.sigma && *noise.sigma == trained)) return;
  warn("warning: the model was trained with Gaussian noise of sigma {}, not with this noise; radii may be smaller than need be\n", trained);
}

// Where every image takes as many.
std::uint64_t samples_of_image(const procedure::Settings& settings) {
  if (procedure::sequential(settings)) return 0;
  return procedure::samples_of(settings) + procedure::selection_samples_of(settings);
}

}  // namespace

void SmoothingArguments::add_together_to(CLI::App& command) {
  command
      .add_flag("--together", together,
                "under mpirun: all processes share out the samples of each image, not the images (for a few slow images)")
      ->group(heading::running);
}

SmoothingSetup open_setup(const SmoothingArguments& arguments, const procedure::NoiseRequest& noise) {
  procedure::check(noise, spelling);
  auto dataset = arguments.data.open();
  auto indices = run::indices(arguments.data.range, dataset->size());
  const NoiseKind kind = procedure::noise_of(noise, dataset->is_8bit(), spelling);
  const double scale = procedure::scale_of(noise);
  ModelArguments asked = arguments.model;
  asked.ask_first(dataset->at(indices.front()).image, kind, scale);
  auto model = asked.open(DataArguments::shape_of(*dataset));
  std::string label_map = fit_classes(dataset, model, arguments.data.label_offset);
  run::check_fit(*dataset, *model.classifier);
  run::check_countable(*model.classifier);
  auto class_names = names_of_classes(*dataset, model);
  noise::NoisyWriter writer(kind, scale, model.classifier->affine());
  return {std::move(dataset), std::move(indices), std::move(model), std::move(label_map), std::move(class_names), kind, std::move(writer)};
}

procedure::Circumstances SmoothingSetup::circumstances(const DataArguments& data, int micro_batch) const {
  return {noise_kind, noise.noise_error(model.classifier->image_shape().size()), static_cast<std::uint64_t>(micro_batch),
          run::whole_indices(data.range, dataset->size()).size()};
}

log::Manifest manifest_of(const procedure::Settings& settings, const SmoothingArguments& arguments, const SmoothingSetup& setup) {
  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line());
  log::add_to(manifest, settings);
  arguments.model.describe(manifest, setup.model);
  arguments.data.describe(manifest, *setup.dataset);
  if (!setup.label_map.empty()) manifest.add("label_map", setup.label_map);
  if (!setup.class_names.empty())
    manifest.add("class_names", nlohmann::json(setup.class_names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  arguments.data.describe_rows(manifest, *setup.dataset);
  return manifest;
}

std::optional<std::uint64_t> default_seed(const log::Manifest& manifest) {
  if (manifest.find("model_sha256_of")) return {};
  std::string text;
  for (const char* name : {"model_sha256", "data_sha256", "split", "noise", "sigma", "lambda"}) {
    if (const auto* entry = manifest.find(name)) text += fmt::format("{}={}\n", name, entry->json);
  }
  return noise::derive_seed({text});
}

std::uint64_t seed_of(const log::Manifest& manifest) {
  const auto seed = manifest.number("seed");
  require(seed.has_value(), "the manifest has no entry 'seed'");
  return *seed;
}

FinishedRun run_smoothing(const SmoothingArguments& given, const procedure::NoiseRequest& noise, const Complete& complete,
                          const std::string& log_file, bool quiet, const Describe& so_far, const ForLess& for_less) {
  require(!given.model.is_remote() || given.data.range.shards == 1 || given.seed,
          "--shard: the noise for a model that is asked is drawn afresh; give all shards the same --seed");
  SmoothingArguments arguments = given;
  const std::string read = arguments.model.prepare(&arguments.data);
  const bool tells = !quiet && !(job_group() && job_group()->rank() > 0);
  if (tells && !read.empty()) warn("{}\n", read);
  const SmoothingSetup setup = open_setup(arguments, noise);
  if (tells) {
    tell_of_images(arguments.data, *setup.dataset);
    warn_of_other_noise(setup.model.graph, noise);
  }
  if (!quiet && arguments.model.is_remote())
    warn("the certificates are of whatever function answers at {}; nothing here can check that it stays the same one\n",
         arguments.model.file);
  const model::Classifier& classifier = *setup.model.classifier;
  const auto executor = smooth::executor_of(classifier, arguments.model.threads);
  if (tells && !arguments.model.is_remote() && !arguments.data.is_single_image())
    warn_of_accuracy(arguments.model, setup.model, *setup.dataset, setup.indices, *executor);
  const procedure::Circumstances circumstances = setup.circumstances(arguments.data, executor->micro_batch());
  const procedure::Settings settings = complete(circumstances);
  log::Manifest manifest = manifest_of(settings, arguments, setup);
  const std::uint64_t seed = seed_of_run(arguments, manifest, log_file);
  manifest.add("seed", seed);
  const run::Procedure procedure = run::procedure_of(settings, setup.noise, seed);
  const LoggedRun job{*setup.dataset,
                      setup.indices,
                      *executor,
                      arguments.together         ? run::Spread::together
                      : classifier.has_devices() ? run::Spread::samples  // all of it works at one image
                                                 : run::spread_of(settings),
                      log_file,
                      log::kind_of(settings),
                      manifest,
                      quiet,
                      [&](const std::vector<log::Record>& so_far_rows) { return so_far(settings, so_far_rows); },
                      samples_of_image(settings),
                      for_less ? for_less(settings, circumstances) : ""};
  auto rows = log_file.empty() ? run_without_log(job, procedure) : run_into_log(job, procedure);
  return {settings, std::move(rows), setup.class_names};
}

}  // namespace ballast::cli
