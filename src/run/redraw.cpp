// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/redraw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "ballast/core/errors.hpp"

namespace ballast::run {
namespace {

// The last entry stands for "nan", whatever the number of entries.
std::uint64_t votes_of(const std::vector<std::uint64_t>& votes, std::size_t label, bool nan) {
  if (nan) return votes.empty() ? 0 : votes.back();
  return label + 1 < votes.size() ? votes[label] : 0;
}

}  // namespace

std::vector<std::size_t> random_rows(std::size_t rows, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> all(rows), chosen;
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  std::sample(all.begin(), all.end(), std::back_inserter(chosen), std::min(rows, count), random);
  return chosen;
}

log::Record redrawn(const log::Record& row, const data::Dataset& dataset, smooth::Workers& workers, const Procedure& procedure) {
  require(row.index < dataset.size(), fmt::format("image {} is not in the data, which has {}", row.index, dataset.size()));
  const data::Example example = dataset.at(row.index);
  log::Record record = procedure(workers, example, row.index);
  record.index = row.index;
  record.label = example.label;
  record.correct = record.predict == example.label;
  return record;
}

std::uint64_t moved_votes(const log::Record& a, const log::Record& b) {
  const std::size_t classes = std::max(a.counts.size(), b.counts.size());
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t x, std::uint64_t y) { sum += x > y ? x - y : y - x; };
  for (std::size_t c = 0; c < classes; ++c) add(votes_of(a.counts, c, false), votes_of(b.counts, c, false));
  add(votes_of(a.counts, 0, true), votes_of(b.counts, 0, true));
  return (sum + 1) / 2;
}

}  // namespace ballast::run
