// SPDX-License-Identifier: Apache-2.0
//
// Rows of a log drawn again from their seeds, to be compared with what is there.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/run/run.hpp"

namespace ballast::run {

// `count` of `rows` numbers 0 ... rows - 1, without repetition, rising.
std::vector<std::size_t> random_rows(std::size_t rows, std::size_t count, std::uint64_t seed);

// The row as this machine, model and data give it.
log::Record redrawn(const log::Record& row, const data::Dataset& dataset, smooth::Workers& workers, const Procedure& procedure);

// How many samples voted otherwise, at least: half the sum of the differences
// of the counts, where both have as many samples.
std::uint64_t moved_votes(const log::Record& a, const log::Record& b);

}  // namespace ballast::run
