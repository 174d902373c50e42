// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/recertify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::log {
namespace {

using Votes = std::vector<std::uint64_t>;

constexpr std::uint64_t most_drawn = 100'000'000;  // seconds for a row: one after the other

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
Votes scaled_down(const Votes& votes, std::uint64_t count, std::size_t tested) {
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
  const std::uint64_t samples = procedure::samples_of(settings);
  row.samples = samples;
  row.count = votes[tested];
  row.runner_up = static_cast<Label>(runner_up(votes, tested));
  row.runner_up_count = second;
  bool answers = false;
  if (procedure::is<procedure::Prediction>(settings)) {
    answers = stats::prediction_level(row.count, second, samples, settings.noise_error) <= settings.alpha;
  } else {
    const stats::Votes shown{samples, row.count, second};
    const auto claim = procedure::is<procedure::Splitting>(settings) ? stats::exact_claim(shown)
                                                                     : stats::claim(procedure::claim_settings(settings), shown);
    row.p_lower = claim.p_lower;
    row.radius = is_nan ? 0 : claim.radius.value_or(0);
    answers = claim.radius.has_value();
  }
  row.predict = answers && !is_nan ? std::optional(static_cast<Label>(tested)) : std::nullopt;
  row.correct = row.predict == row.label;
}

// Where votes are counted for: the last entry stands for "nan".
std::size_t tested_entry(const Record& row, const Settings& settings) {
  const bool is_label = procedure::target_is_label(settings);
  require(!is_label || row.label >= 0, fmt::format("image {}: label {} is no class", row.index, row.label));
  if (is_label) return static_cast<std::size_t>(row.label);
  return winner(procedure::selection_samples_of(settings) > 0 ? row.selection : row.counts);
}

bool is_nan_entry(const Record& row, const Settings& settings, std::size_t tested) {
  if (procedure::target_is_label(settings)) return false;
  return tested + 1 == (procedure::selection_samples_of(settings) > 0 ? row.selection : row.counts).size();
}

// The better of what is known of the bound: where it was least at the alpha of before, and the end. It holds at each.
Record at_any_time(const Record& row, const Settings& now) {
  Record result = row;
  result.looks.clear();
  result.predict.reset();
  result.radius = 0;
  result.p_lower = 0;
  const auto tested = tested_class(row, now);
  if (tested) check_votes(row, *procedure::sequential(now), static_cast<std::size_t>(*tested));
  auto looks = row.looks;
  if (row.samples > 0) looks.push_back({row.samples, row.samples - row.count});
  for (const Record::Look& look : looks) {
    const auto claim = stats::anytime_claim(look.samples, look.failures, now.alpha, procedure::smoothing_of(now), now.noise_error);
    if (!tested || !claim.radius || (result.predict && *claim.radius <= result.radius)) continue;
    result.predict = tested;
    result.radius = *claim.radius;
    result.p_lower = claim.p_lower;
    result.looks = {look};
  }
  result.correct = result.predict == result.label;
  return result;
}

}  // namespace

Settings recertified(const Settings& settings, const Recertification& wanted, std::size_t rows) {
  using namespace procedure;
  const bool at_any_time = is<Anytime>(settings);
  require(!sequential(settings) || at_any_time,
          fmt::format("a log of {} cannot be recertified: its samples stopped when its own alpha was reached, so its votes say "
                      "nothing at another",
                      name_of(settings.method)));
  require(!is<Verification>(settings), "a log of verify has no votes: there is nothing to recertify");
  require(!is<Attack>(settings), "a log of attack holds no certificates: there is nothing to recertify");
  require(!is<Splitting>(settings), "a log of certify-splitting is exact already: there is nothing to recertify");
  require(!settings.illustration, "the log's counts were scaled, so no certificate can be made from them");
  require(!at_any_time || (!wanted.samples && !wanted.bound), "a log of certify-anytime takes another alpha; n and bound are its own");
  Settings now = settings;
  require(!wanted.alpha || (*wanted.alpha > 0 && *wanted.alpha < 1),
          fmt::format("alpha is {}; it must lie strictly between 0 and 1", wanted.alpha.value_or(0)));
  // Rows that are not there yet count too: which are there may depend on what they say.
  if (wanted.family_wise) now.family_size = std::max<std::uint64_t>(rows, settings.family_size);
  else if (wanted.alpha) now.family_size = 1;
  if (wanted.alpha || now.family_size != settings.family_size) {
    const double alpha = wanted.alpha.value_or(settings.alpha * static_cast<double>(settings.family_size));
    now.alpha = alpha / static_cast<double>(now.family_size);
  }
  require(now.alpha > 0 && now.alpha < 1, fmt::format("alpha is {} for each image; it must lie strictly between 0 and 1", now.alpha));
  require(!wanted.scale || wanted.samples, "scaling needs the number of samples to scale to");
  const std::uint64_t drawn = samples_of(settings), samples = wanted.samples.value_or(drawn);
  require(wanted.scale || samples <= drawn, fmt::format("n = {}: only {} samples were drawn", samples, drawn));
  require(samples >= 1 && samples <= most_samples, fmt::format("n = {}: from 1 to {} samples are allowed", samples, most_samples));
  now.illustration = wanted.scale;
  require(!is<Prediction>(settings) || !wanted.bound, "a PREDICT log has no radius, so no bound to choose");
  if (auto* fixed = std::get_if<FixedSamples>(&now.method)) {
    fixed->samples = samples;
    fixed->bound = wanted.bound.value_or(fixed->bound);
    stats::check(claim_settings(now));
  }
  require(!at_any_time || stats::anytime_claim(samples, 0, now.alpha, smoothing_of(now), now.noise_error).radius,
          fmt::format("alpha is {} for each image: even {} votes for one class would abstain", now.alpha, samples));
  if (auto* prediction = std::get_if<Prediction>(&now.method)) prediction->samples = samples;
  return now;
}

Record recertified(const Record& row, const Settings& before, const Settings& now, std::uint64_t seed) {
  if (procedure::is<procedure::Anytime>(before)) return at_any_time(row, now);
  const std::uint64_t drawn_before = procedure::samples_of(before), selected = procedure::selection_samples_of(before);
  const std::uint64_t samples = procedure::samples_of(now);
  require(total(row.counts) > 0, fmt::format("image {}: the row has no counts", row.index));
  require(total(row.counts) == drawn_before,
          fmt::format("image {}: its counts add up to {}, and n is {}", row.index, total(row.counts), drawn_before));
  require(procedure::is<procedure::Prediction>(before) || total(row.selection) == selected,
          fmt::format("image {}: its selection adds up to {}, and n0 is {}", row.index, total(row.selection), selected));
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
  if (samples != drawn_before) {
    result.counts =
        now.illustration ? scaled_down(result.counts, samples, tested) : drawn(result.counts, samples, generator(seed, row.index));
  }
  if (procedure::selection_samples_of(now) == 0) tested = winner(result.counts);
  conclude(result, now, tested, tested + 1 == classes);
  return result;
}

std::optional<Label> tested_class(const Record& row, const Settings& settings) {
  const std::size_t tested = tested_entry(row, settings);
  if (is_nan_entry(row, settings, tested)) return {};
  return static_cast<Label>(tested);
}

}  // namespace ballast::log
