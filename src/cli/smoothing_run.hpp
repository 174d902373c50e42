// SPDX-License-Identifier: Apache-2.0
//
// What `certify` and `predict` share: model, data and noise put together into
// a run with a log.

#pragma once

#include <functional>
#include <string>

#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "options.hpp"

namespace ballast::cli {

struct SmoothingArguments {
  ModelArguments model;
  DataArguments data;
  NoiseArguments noise;
  std::string log;
  bool quiet = false;

  void add_to(CLI::App& command);
};

using MakeProcedure = std::function<run::Procedure(smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed)>;
using Describe = std::function<std::string(const std::vector<log::Record>& rows)>;

// settings: the method's own entries of the manifest. so_far: shown behind the
// progress. Throws std::runtime_error if the run was stopped before its end.
std::vector<log::Record> run_smoothing(const SmoothingArguments& arguments, log::Kind kind, const log::Manifest& settings,
                                       const MakeProcedure& make_procedure, const Describe& so_far);

}  // namespace ballast::cli
