// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/vote_counter.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::run {
namespace {

// The last entry stands for "nan", whatever the number of entries.
std::uint64_t votes_of(const std::vector<std::uint64_t>& votes, std::size_t label, bool nan) {
  if (nan) return votes.empty() ? 0 : votes.back();
  return label + 1 < votes.size() ? votes[label] : 0;
}

data::Example example_of(std::uint64_t index, const data::Dataset& dataset) {
  require(index < dataset.size(), fmt::format("image {} is not in the data, which has {}", index, dataset.size()));
  return dataset.at(index);
}

}  // namespace

std::vector<std::size_t> random_rows(std::size_t rows, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> all(rows), chosen;
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  std::sample(all.begin(), all.end(), std::back_inserter(chosen), std::min(rows, count), random);
  return chosen;
}

log::Record replayed(const log::Record& row, const data::Dataset& dataset, smooth::Executor& executor, const Procedure& procedure) {
  return complete_row(procedure, executor, example_of(row.index, dataset), row.index);
}

log::Record votes_again(const log::Record& row, const data::Dataset& dataset, smooth::Executor& executor, const noise::NoisyWriter& noise,
                        const procedure::Settings& settings, std::uint64_t seed) {
  const data::Example example = example_of(row.index, dataset);
  smooth::VoteCounter votes(executor, noise, example.image, seed, static_cast<std::uint32_t>(row.index));
  const bool predicts = procedure::is<procedure::Prediction>(settings);
  log::Record again = row;
  again.label = example.label;
  if (!predicts) again.selection = votes.next(noise::Purpose::selection, procedure::selection_samples_of(settings)).votes;
  again.counts = votes.next(predicts ? noise::Purpose::prediction : noise::Purpose::estimation, row.samples).votes;
  return again;
}

std::vector<std::uint64_t> fresh_votes(std::uint64_t index, std::uint64_t samples, const data::Dataset& dataset, smooth::Executor& executor,
                                       const noise::NoisyWriter& noise, std::uint64_t seed) {
  const data::Example example = example_of(index, dataset);
  smooth::VoteCounter votes(executor, noise, example.image, seed, static_cast<std::uint32_t>(index));
  return votes.next(noise::Purpose::auditing, samples).votes;
}

std::vector<std::vector<std::uint64_t>> votes_of_first(std::span<const std::uint64_t> samples, std::uint64_t index,
                                                       const data::Dataset& dataset, smooth::Executor& executor,
                                                       const noise::NoisyWriter& noise, std::uint64_t seed) {
  const data::Example example = example_of(index, dataset);
  smooth::VoteCounter counter(executor, noise, example.image, seed, static_cast<std::uint32_t>(index));
  std::vector<std::vector<std::uint64_t>> all;
  std::uint64_t drawn = 0;
  for (const std::uint64_t wanted : samples) {
    std::vector<std::uint64_t> votes = counter.next(noise::Purpose::estimation, wanted - drawn).votes;
    if (!all.empty()) std::transform(votes.begin(), votes.end(), all.back().begin(), votes.begin(), std::plus<>());
    all.push_back(std::move(votes));
    drawn = wanted;
  }
  return all;
}

std::uint64_t most_moved(std::uint64_t votes, double share) {
  constexpr double false_alarm = 1e-6;
  auto most = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(votes)));
  while (most < votes && share > 0 && stats::binomial_upper_tail(most + 1, votes, share) > false_alarm) ++most;
  return most;
}

std::uint64_t moved_votes(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  const std::size_t classes = std::max(a.size(), b.size());
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t x, std::uint64_t y) { sum += x > y ? x - y : y - x; };
  for (std::size_t c = 0; c < classes; ++c) add(votes_of(a, c, false), votes_of(b, c, false));
  add(votes_of(a, 0, true), votes_of(b, 0, true));
  return (sum + 1) / 2;
}

}  // namespace ballast::run
