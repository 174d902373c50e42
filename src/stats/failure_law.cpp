// SPDX-License-Identifier: Apache-2.0
//
// Convolution in double: all terms are positive, so each operation adds its
// own relative error, and these are summed up on the way.

#include "failure_law.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>

#include "binomial_mass.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

// The probabilities of k + 1, k + 2, ... successes, away from the mean, and a bound of what follows.
struct Side {
  std::vector<long double> mass;
  long double rest = 0;
};

// Requires k at or above the mean but for one, `first` its probability, 0 < p < 1.
Side outwards(std::uint64_t k, std::uint64_t n, Chance chance, long double first, long double negligible) {
  const long double odds = chance.success / chance.failure;
  Side side;
  long double term = first;
  for (; k < n; ++k) {
    const long double ratio = static_cast<long double>(n - k) * odds / static_cast<long double>(k + 1);
    side.rest = ratio < 1 ? term * ratio / (1 - ratio) : 1;  // the ratios fall: at most a geometric series
    if (side.rest <= negligible) return side;
    term *= ratio;
    side.mass.push_back(term);
  }
  side.rest = 0;
  return side;
}

// How many outputs of a convolution are summed at once, in registers.
constexpr std::size_t tile_size = 16;

// Each output is a sum of at most shorter.size() products, one after another.
std::vector<double> convolved(std::span<const double> longer, std::span<const double> shorter) {
  if (longer.size() < shorter.size()) return convolved(shorter, longer);
  const std::size_t size = longer.size() + shorter.size() - 1;
  const std::size_t tiled = (size + tile_size - 1) / tile_size * tile_size;
  const std::size_t margin = shorter.size() - 1;
  std::vector<double> padded(margin + tiled);
  std::copy(longer.begin(), longer.end(), padded.begin() + static_cast<std::ptrdiff_t>(margin));
  std::vector<double> result(tiled);
  for (std::size_t tile = 0; tile < tiled; tile += tile_size) {
    double sums[tile_size] = {};
    const double* from = padded.data() + margin + tile;
    for (const double weight : shorter) {
      for (std::size_t i = 0; i < tile_size; ++i) sums[i] += weight * from[i];
      --from;
    }
    std::copy(std::begin(sums), std::end(sums), result.begin() + static_cast<std::ptrdiff_t>(tile));
  }
  result.resize(size);
  return result;
}

// How many of these may be summed, from the first on, within the budget.
template <typename Iterator>
std::ptrdiff_t number_within(Iterator begin, Iterator end, long double budget) {
  long double sum = 0;
  return std::find_if(begin, end, [&](double mass) { return (sum += mass) > budget; }) - begin;
}

template <typename Iterator>
long double total(Iterator begin, Iterator end) {
  return std::accumulate(begin, end, 0.0L);
}

}  // namespace

CountLaw failures_among(std::uint64_t samples, double failure, double negligible) {
  if (failure == 0) return {.first = 0, .mass = {1.0}};
  if (failure == 1) return {.first = samples, .mass = {1.0}};
  const Chance chance = chance_of_success(failure);  // what is counted are failures
  const auto mode = std::min(samples, static_cast<std::uint64_t>(static_cast<long double>(samples) * chance.success));
  const Mass middle = binomial_mass(mode, samples, chance);
  const Side above = outwards(mode, samples, chance, middle.value, negligible);
  const Side below = outwards(samples - mode, samples, chance.swapped(), middle.value, negligible);
  CountLaw law{.first = mode - below.mass.size()};
  law.mass.assign(below.mass.rbegin(), below.mass.rend());
  law.mass.push_back(static_cast<double>(middle.value));
  law.mass.insert(law.mass.end(), above.mass.begin(), above.mass.end());
  const long double steps = static_cast<long double>(std::max(above.mass.size(), below.mass.size()) + 1);
  law.relative_error = static_cast<double>(middle.relative_error + step_error * steps) + double_epsilon;
  law.outside = static_cast<double>(above.rest + below.rest) * (1 + 2 * law.relative_error);
  return law;
}

std::vector<CountLaw> failures_between(const std::vector<std::uint64_t>& looks, double failure, double negligible) {
  std::vector<CountLaw> laws;
  std::uint64_t before = 0;
  for (const std::uint64_t look : looks) {
    laws.push_back(failures_among(look - before, failure, negligible));
    before = look;
  }
  return laws;
}

void FailureLaw::add(const CountLaw& samples) {
  if (mass_.empty()) return;
  const std::size_t terms = std::min(mass_.size(), samples.mass.size());
  mass_ = convolved(mass_, samples.mass);
  first_ += static_cast<std::int64_t>(samples.first);
  lost_ += samples.outside;
  relative_error_ += samples.relative_error + static_cast<double>(terms + 1) * double_epsilon;
  drop_ends();
}

void FailureLaw::drop_ends() {
  const auto above = number_within(mass_.rbegin(), mass_.rend(), negligible_);
  lost_ += total(mass_.end() - above, mass_.end());
  mass_.resize(mass_.size() - static_cast<std::size_t>(above));
  lost_ += stop_up_to(most_within(negligible_));
}

long double FailureLaw::stop_up_to(std::int64_t failures) {
  const auto end = mass_.begin() + std::clamp<std::ptrdiff_t>(failures + 1 - first_, 0, std::ssize(mass_));
  const long double stopped = total(mass_.begin(), end);
  first_ += end - mass_.begin();
  mass_.erase(mass_.begin(), end);
  return stopped;
}

long double FailureLaw::stop_from(std::int64_t failures) {
  const auto begin = mass_.begin() + std::clamp<std::ptrdiff_t>(failures - first_, 0, std::ssize(mass_));
  const long double stopped = total(begin, mass_.end());
  mass_.erase(begin, mass_.end());
  return stopped;
}

std::int64_t FailureLaw::most_within(long double budget) const { return first_ - 1 + number_within(mass_.begin(), mass_.end(), budget); }

std::int64_t FailureLaw::fewest_within(long double budget) const {
  return first_ + std::ssize(mass_) - number_within(mass_.rbegin(), mass_.rend(), budget);
}

long double FailureLaw::running() const { return total(mass_.begin(), mass_.end()); }

}  // namespace ballast::stats
