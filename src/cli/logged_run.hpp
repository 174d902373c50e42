// SPDX-License-Identifier: Apache-2.0
//
// A run into a log, as a person sees it: progress, Ctrl-C, and the other processes of an MPI job.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ballast/log/log_writer.hpp"
#include "ballast/run/run.hpp"

namespace ballast::cli {

struct LoggedRun {
  const data::Dataset& dataset;
  const std::vector<std::size_t>& indices;
  smooth::Executor& executor;
  run::Spread spread;
  std::string file;
  log::Kind kind;
  const log::Manifest& manifest;
  bool quiet;
  std::function<std::string(const std::vector<log::Record>& rows)> so_far;  // shown behind the progress
  std::uint64_t samples_of_image = 0;                                       // of each; 0 where that is not known beforehand
  std::string for_less = {};                                                // what would take less, said where the run is long
};

// All rows. Throws std::runtime_error if it was stopped before its end, and QuietExit in a process that only helped.
std::vector<log::Record> run_into_log(const LoggedRun& job, const run::Procedure& procedure);

// The same rows without a log. Throws InputError in an MPI job.
std::vector<log::Record> run_without_log(const LoggedRun& job, const run::Procedure& procedure);

}  // namespace ballast::cli
