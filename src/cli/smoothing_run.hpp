// SPDX-License-Identifier: Apache-2.0
//
// What the commands that count votes share: model, data and noise put together,
// and a run with a log.

#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  std::optional<std::uint64_t> seed;  // of the noise
  bool together = false;              // under mpirun

  // --together, of what adds rows to a log.
  void add_together_to(CLI::App& command);
};

// Opened and found to fit together.
struct SmoothingSetup {
  std::unique_ptr<data::Dataset> dataset;
  std::vector<std::size_t> indices;
  ModelArguments::Opened model;
  std::string label_map;                 // fit_classes
  std::vector<std::string> class_names;  // of the model's classes, where they are known
  NoiseKind noise_kind;
  noise::NoisyWriter noise;

  // What settings depend on beside the request.
  procedure::Circumstances circumstances(const DataArguments& data, int micro_batch) const;
};
SmoothingSetup open_setup(const SmoothingArguments& arguments, const procedure::NoiseRequest& noise);

// Everything that rows depend on but the seed.
log::Manifest manifest_of(const procedure::Settings& settings, const SmoothingArguments& arguments, const SmoothingSetup& setup);

// What follows from what a manifest says of model, data and noise: the same for another alpha or more samples. Of a model that is asked it
// follows nothing, since its description is its vendor's to write, who could then know the noise beforehand.
std::optional<std::uint64_t> default_seed(const log::Manifest& manifest);

// That of a log. Throws InputError where it has none.
std::uint64_t seed_of(const log::Manifest& manifest);

struct FinishedRun {
  procedure::Settings settings;
  std::vector<log::Record> rows;
  std::vector<std::string> class_names;  // of the model's classes; empty where they are not known
};

// From a request to settings, and what is shown behind the progress.
using Complete = std::function<procedure::Settings(const procedure::Circumstances& circumstances)>;
using Describe = std::function<std::string(const procedure::Settings& settings, const std::vector<log::Record>& rows)>;
// What would take less than these settings, in a few words; nothing where nothing does.
using ForLess = std::function<std::string(const procedure::Settings& settings, const procedure::Circumstances& circumstances)>;

// log_file: empty for rows without a log. Throws std::runtime_error if the run was stopped before its end.
FinishedRun run_smoothing(const SmoothingArguments& arguments, const procedure::NoiseRequest& noise, const Complete& complete,
                          const std::string& log_file, bool quiet, const Describe& so_far, const ForLess& for_less = {});

}  // namespace ballast::cli
