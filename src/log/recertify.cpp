// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/recertify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::log {
namespace {

using Votes = std::vector<std::uint64_t>;

constexpr std::uint64_t most_samples = std::uint64_t{1} << 32;  // of one image, in any log
constexpr std::uint64_t most_drawn = 100'000'000;               // seconds for a row: one after the other

// The greatest number where the sum is above it.
std::uint64_t total(const Votes& votes) {
  return std::accumulate(votes.begin(), votes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, std::uint64_t part) { return part > UINT64_MAX - sum ? UINT64_MAX : sum + part; });
}

std::size_t winner(const Votes& votes) { return static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin()); }

// The class with the most votes beside this one; the lowest of several.
std::size_t runner_up(const Votes& votes, std::size_t label) {
  std::size_t best = label == 0 && votes.size() > 1 ? 1 : 0;
  for (std::size_t other = best; other < votes.size(); ++other) {
    if (other != label && votes[other] > votes[best]) best = other;
  }
  return best;
}

// A generator that no other row or seed shares.
std::mt19937_64 generator(std::uint64_t seed, std::uint64_t index) {
  Sha256 hash;
  hash.add(fmt::format("recertify {} {}", seed, index));
  return std::mt19937_64(std::stoull(to_hex(hash.finish()).substr(0, 16), nullptr, 16));
}

// Uniform on 0 ... bound - 1, exactly.
std::uint64_t below(std::mt19937_64& random, std::uint64_t bound) {
  const std::uint64_t excess = (UINT64_MAX % bound + 1) % bound;
  std::uint64_t word = random();
  while (word > UINT64_MAX - excess) word = random();
  return word % bound;
}

// `count` of the votes, drawn without replacement: distributed as so many samples of the same noise.
Votes drawn(const Votes& votes, std::uint64_t count, std::mt19937_64 random) {
  const std::uint64_t all = total(votes);
  require(count <= all, fmt::format("n = {}: only {} votes are there", count, all));
  const std::uint64_t least = std::min(count, all - count);
  require(least <= most_drawn, fmt::format("n = {} of {}: at most {} votes can be drawn, or left out", count, all, most_drawn));
  Votes ends(votes.size()), taken(votes.size());
  std::partial_sum(votes.begin(), votes.end(), ends.begin());
  for (std::uint64_t i = 0; i < least;) {
    const std::uint64_t place = below(random, all);
    const auto label = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), place) - ends.begin());
    if (ends[label] - place <= taken[label]) continue;  // this vote is drawn already: those of a class go from its last on
    ++taken[label];
    ++i;
  }
  if (least == count) return taken;
  Votes left(votes.size());
  std::transform(votes.begin(), votes.end(), taken.begin(), left.begin(), std::minus<>());
  return left;
}

// The counts in proportion, exactly: products of numbers up to most_samples. What is lost by rounding goes to the runner-up.
Votes scaled(const Votes& votes, std::uint64_t count, std::size_t tested) {
  const auto all = static_cast<long double>(total(votes));
  Votes result;
  for (const std::uint64_t part : votes) {
    result.push_back(static_cast<std::uint64_t>(static_cast<long double>(part) * static_cast<long double>(count) / all));
  }
  result[runner_up(votes, tested)] += count - total(result);
  return result;
}

void conclude(Record& row, const Settings& settings, std::size_t tested, bool is_nan) {
  const Votes& votes = row.counts;
  const std::uint64_t second = votes[runner_up(votes, tested)];
  row.samples = settings.samples;
  row.count = votes[tested];
  row.runner_up = static_cast<Label>(runner_up(votes, tested));
  row.runner_up_count = second;
  bool answers = false;
  if (settings.method == Method::predict) {
    answers = stats::prediction_level(row.count, second, settings.samples, settings.law_error) <= settings.alpha;
  } else {
    const stats::Votes shown{settings.samples, row.count, second};
    const auto claim = settings.method == Method::splitting ? stats::exact_claim(shown) : stats::claim(claim_settings(settings), shown);
    row.p_lower = claim.p_lower;
    row.radius = is_nan ? 0 : claim.radius.value_or(0);
    answers = claim.radius.has_value();
  }
  row.predict = answers && !is_nan ? std::optional(static_cast<Label>(tested)) : std::nullopt;
  row.correct = row.predict == row.label;
}

// Where votes are counted for: the last entry stands for "nan".
std::size_t tested_entry(const Record& row, const Settings& settings) {
  require(!settings.labelled || row.label >= 0, fmt::format("image {}: label {} is no class", row.index, row.label));
  if (settings.labelled) return static_cast<std::size_t>(row.label);
  return winner(settings.selection_samples > 0 && settings.method != Method::predict ? row.selection : row.counts);
}

bool is_nan_entry(const Record& row, const Settings& settings, std::size_t tested) {
  if (settings.labelled) return false;
  const bool by_selection = settings.selection_samples > 0 && settings.method != Method::predict;
  return tested + 1 == (by_selection ? row.selection : row.counts).size();
}

}  // namespace

Settings recertified(const Settings& settings, const Recertification& wanted, std::size_t rows) {
  const bool staged = settings.method == Method::radii || settings.method == Method::tolerance;
  require(!staged, fmt::format("a log of {} cannot be recertified: its samples stopped when its own alpha was reached, so its votes say "
                               "nothing at another",
                               to_string(settings.method)));
  require(settings.method != Method::verify, "a log of verify has no votes: there is nothing to recertify");
  require(settings.method != Method::attack, "a log of attack holds no certificates: there is nothing to recertify");
  require(settings.method != Method::splitting, "a log of certify-splitting is exact already: there is nothing to recertify");
  require(!settings.scaled, "the log's counts were scaled, so no certificate can be made from them");
  Settings now = settings;
  require(!wanted.alpha || (*wanted.alpha > 0 && *wanted.alpha < 1),
          fmt::format("alpha is {}; it must lie strictly between 0 and 1", wanted.alpha.value_or(0)));
  // Rows that are not there yet count too: which are there may depend on what they say.
  if (wanted.family_wise) now.family = std::max<std::uint64_t>(rows, settings.family);
  else if (wanted.alpha) now.family = 1;
  if (wanted.alpha || now.family != settings.family) {
    const double alpha = wanted.alpha.value_or(settings.alpha * static_cast<double>(settings.family));
    now.alpha = alpha / static_cast<double>(now.family);
  }
  now.samples = wanted.samples.value_or(settings.samples);
  require(!wanted.scale || wanted.samples, "scaling needs the number of samples to scale to");
  require(wanted.scale || now.samples <= settings.samples,
          fmt::format("n = {}: only {} samples were drawn", now.samples, settings.samples));
  require(now.samples >= 1 && now.samples <= most_samples,
          fmt::format("n = {}: from 1 to {} samples are allowed", now.samples, most_samples));
  now.scaled = wanted.scale;
  now.bound = wanted.bound.value_or(settings.bound);
  require(settings.method != Method::predict || !wanted.bound, "a PREDICT log has no radius, so no bound to choose");
  if (settings.method == Method::certify) stats::check(claim_settings(now));
  require(now.alpha > 0 && now.alpha < 1, fmt::format("alpha is {} for each image; it must lie strictly between 0 and 1", now.alpha));
  return now;
}

Record recertified(const Record& row, const Settings& before, const Settings& now, std::uint64_t seed) {
  require(total(row.counts) > 0, fmt::format("image {}: the row has no counts", row.index));
  require(total(row.counts) == before.samples,
          fmt::format("image {}: its counts add up to {}, and n is {}", row.index, total(row.counts), before.samples));
  require(before.method == Method::predict || total(row.selection) == before.selection_samples,
          fmt::format("image {}: its selection adds up to {}, and n0 is {}", row.index, total(row.selection), before.selection_samples));
  Record result = row;
  const std::size_t chosen = tested_entry(row, before);
  const bool nan = is_nan_entry(row, before, chosen);
  // The selection may name classes that no vote of the estimate fell on, and the other way round.
  const std::size_t classes = std::max({row.counts.size(), row.selection.size(), chosen + (nan ? 1u : 2u), std::size_t{3}});
  const auto widened = [classes](Votes votes) {
    const std::uint64_t last = votes.back();
    votes.back() = 0;
    votes.resize(classes);
    votes.back() = last;
    return votes;
  };
  result.counts = widened(row.counts);
  std::size_t tested = nan ? classes - 1 : chosen;
  if (now.samples != before.samples) {
    result.counts = now.scaled ? scaled(result.counts, now.samples, tested) : drawn(result.counts, now.samples, generator(seed, row.index));
  }
  const bool from_counts = now.method == Method::predict || now.selection_samples == 0;
  if (from_counts) tested = winner(result.counts);
  conclude(result, now, tested, tested + 1 == classes);
  return result;
}

std::optional<Label> tested_class(const Record& row, const Settings& settings) {
  const std::size_t tested = tested_entry(row, settings);
  if (is_nan_entry(row, settings, tested)) return {};
  return static_cast<Label>(tested);
}

}  // namespace ballast::log
