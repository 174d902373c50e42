// SPDX-License-Identifier: Apache-2.0
//
// A log held against its model and images: rows drawn again from their seeds, or its claims against fresh draws.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/log/audit.hpp"
#include "options.hpp"

namespace ballast::cli {

struct DrawArguments {
  ModelArguments model;
  DataArguments data;
  std::vector<std::string> cascade;    // of a log of verify: the models behind the first
  std::optional<std::uint64_t> fresh;  // so many samples a row, under a seed that nobody knew; none: rows are drawn again
  std::optional<std::uint64_t> rows;   // chosen at random; none: 10, or all where draws are fresh
  double moved = 0.02;                 // share of a row's votes that another arithmetic may move
  bool quiet = false;
};

// Adds what is found to the audit. Empty, or why nothing could be compared. Throws InputError where the log cannot be drawn for at all.
std::string check_draws(log::Audit& audit, const DrawArguments& arguments, const std::string& file);

// Notes a seed that does not follow from model, data and noise: whoever chooses a seed can choose among draws.
void note_seeds(log::Audit& audit);

}  // namespace ballast::cli
