// SPDX-License-Identifier: Apache-2.0
//
// What the commands that count votes share: model, data and noise put together,
// and a run with a log.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/log/settings.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "options.hpp"

namespace ballast::cli {

struct SmoothingArguments {
  ModelArguments model;
  DataArguments data;
  NoiseArguments noise;
  bool together = false;  // under mpirun

  // --together, of what adds rows to a log.
  void add_together_to(CLI::App& command);
};

// Opened and found to fit together.
struct SmoothingSetup {
  std::unique_ptr<data::Dataset> dataset;
  std::vector<std::size_t> indices;
  ModelArguments::Opened model;
  noise::NoiseKind noise_kind;
  noise::NoisyWriter noise;
};
SmoothingSetup open_setup(const SmoothingArguments& arguments);

// The settings with what they take from model, images and noise: the noise's
// law, scale and error, the steps in which votes are best counted, and each
// image's share of a family-wise alpha.
log::Settings completed(log::Settings settings, const SmoothingArguments& arguments, const SmoothingSetup& setup, int micro_batch);

// Everything that rows depend on but the seed.
log::Manifest manifest_of(const log::Settings& settings, const SmoothingArguments& arguments, const SmoothingSetup& setup);

// What follows from what a manifest says of model, data and noise: the same for another alpha or more samples. Of a model that is asked it
// follows nothing, since its description is its vendor's to write, who could then know the noise beforehand.
std::optional<std::uint64_t> default_seed(const log::Manifest& manifest);
std::uint64_t seed_of(const log::Manifest& manifest);

struct FinishedRun {
  log::Settings settings;
  std::vector<log::Record> rows;
};

// so_far: shown behind the progress. Throws std::runtime_error if the run was stopped before its end.
using Describe = std::function<std::string(const log::Settings& settings, const std::vector<log::Record>& rows)>;
FinishedRun run_smoothing(const SmoothingArguments& arguments, const log::Settings& settings, const std::string& log_file, bool quiet,
                          const Describe& so_far);

}  // namespace ballast::cli
