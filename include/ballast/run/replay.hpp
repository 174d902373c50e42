// SPDX-License-Identifier: Apache-2.0
//
// Rows of a log drawn again from their seeds, to be compared with what is there.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/noise/noisy_writer.hpp"
#include "ballast/procedure/settings.hpp"
#include "ballast/run/run.hpp"

namespace ballast::run {

// `count` of `rows` numbers 0 ... rows - 1, without repetition, rising.
std::vector<std::size_t> random_rows(std::size_t rows, std::size_t count, std::uint64_t seed);

// The row as this machine, model and data give it.
log::Record replayed(const log::Record& row, const data::Dataset& dataset, smooth::Executor& executor, const Procedure& procedure);

// The row's votes alone, drawn again as many as they are, whatever a procedure would conclude from them on the way: selection and counts,
// and the data's label. For arithmetic that is not the log's, where a test may stop elsewhere. Requires a method that draws.
log::Record votes_again(const log::Record& row, const data::Dataset& dataset, smooth::Executor& executor, const noise::NoisyWriter& noise,
                        const procedure::Settings& settings, std::uint64_t seed);

// Votes by class, the last entry being the class "nan", of so many samples of an image that no procedure draws.
std::vector<std::uint64_t> fresh_votes(std::uint64_t index, std::uint64_t samples, const data::Dataset& dataset, smooth::Executor& executor,
                                       const noise::NoisyWriter& noise, std::uint64_t seed);

// The votes by class, the last entry being the class "nan", of the first so many samples of the row's estimate, for each of these numbers.
// Requires that they ascend.
std::vector<std::vector<std::uint64_t>> votes_of_first(std::span<const std::uint64_t> samples, std::uint64_t index,
                                                       const data::Dataset& dataset, smooth::Executor& executor,
                                                       const noise::NoisyWriter& noise, std::uint64_t seed);

// As many of so many votes as another arithmetic may move that moves this share of them, each by itself: more are seen with probability
// 1e-6 at most.
std::uint64_t most_moved(std::uint64_t votes, double share);

// How many samples voted otherwise, at least: half the sum of the differences of the votes by class (the last entry being the class
// "nan"), where both have as many samples.
std::uint64_t moved_votes(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b);

}  // namespace ballast::run
