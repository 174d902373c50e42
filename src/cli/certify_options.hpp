// SPDX-License-Identifier: Apache-2.0
//
// How to certify: the options of `certify`, and of `plan`, which says what they will cost.

#pragma once

#include "smoothing_run.hpp"

namespace ballast::cli {

struct CertifyArguments : SmoothingArguments {
  std::uint64_t selection_samples = 100, samples = 100'000;
  double alpha = 0.001;
  bool family_wise = false;
  std::string bound = "cohen", selection = "split";
  std::vector<double> radii;
  std::optional<double> tolerance, futility;
  std::optional<std::string> target;

  void add_options_to(CLI::App& command);

  // Throws InputError where options do not go together.
  log::Settings settings() const;
};

}  // namespace ballast::cli
