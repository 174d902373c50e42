// SPDX-License-Identifier: Apache-2.0
//
// Giving up only removes certificates, so nothing here can make one wrong.

#include "futility_boundary.hpp"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

#include "binomial_tail.hpp"
#include "failure_law.hpp"
#include "shape_policy.hpp"

namespace ballast::stats {
namespace {

// Part of the allowed loss that all cutting of windows together may cost, about.
constexpr double futility_cutting_error = 1e-10;

// The largest c with P(Bin(most, null_failure) <= c) <= alpha: fixed-n
// Clopper-Pearson certifies up to here.
std::int64_t clopper_pearson_cutoff(const SequentialDesign& design) {
  const Chance chance = chance_of_success(design.null_failure);  // what is counted are failures
  std::int64_t within = -1;
  auto beyond = static_cast<std::int64_t>(design.most);
  while (beyond - within > 1) {
    const std::int64_t middle = within + (beyond - within) / 2;
    const bool passes = lower_tail(static_cast<std::uint64_t>(middle), design.most, chance).most <= design.alpha;
    (passes ? within : beyond) = middle;
  }
  return within;
}

// The median of Beta(c + 1, N - c): the probability of failure at which fixed-n
// Clopper-Pearson certifies half the time.
double even_failure(const SequentialDesign& design) {
  const auto cutoff = static_cast<double>(clopper_pearson_cutoff(design));
  return boost::math::ibeta_inv(cutoff + 1, static_cast<double>(design.most) - cutoff, 0.5, ShapePolicy());
}

// How much of the loss is allowed up to each look: 1 at the last.
// (ln(n_j/n_1) + ln(n_2/n_1)) / (ln(N/n_1) + ln(n_2/n_1)). Requires two looks.
std::vector<double> shares(const std::vector<std::uint64_t>& looks) {
  const auto logarithm = [&](std::uint64_t look) { return std::log(static_cast<double>(look) / static_cast<double>(looks[0])); };
  std::vector<double> result;
  for (const std::uint64_t look : looks) {
    result.push_back((logarithm(look) + logarithm(looks[1])) / (logarithm(looks.back()) + logarithm(looks[1])));
  }
  return result;
}

std::vector<std::int64_t> never(const std::vector<std::uint64_t>& looks) {
  std::vector<std::int64_t> result;
  for (const std::uint64_t look : looks) result.push_back(static_cast<std::int64_t>(look) + 1);
  return result;
}

}  // namespace

std::vector<std::int64_t> futility_boundary(const SequentialDesign& design, const std::vector<std::uint64_t>& looks,
                                            const std::vector<std::int64_t>& certify_at) {
  std::vector<std::int64_t> boundary = never(looks);
  if (design.futility == 0 || looks.size() == 1) return boundary;
  const double negligible = futility_cutting_error * design.futility / (4 * static_cast<double>(looks.size()));
  const std::vector<CountLaw> steps = failures_between(looks, even_failure(design), negligible);
  const std::vector<double> allowed = shares(looks);
  FailureLaw law(negligible);
  long double given_up = 0;
  for (std::size_t j = 0; j + 1 < looks.size(); ++j) {  // after the last look it has given up anyway
    law.add(steps[j]);
    const long double left = design.futility * allowed[j] / law.growth() - law.lost() - given_up;
    boundary[j] = std::max(law.fewest_within(left), certify_at[j] + 1);
    given_up += law.stop_from(boundary[j]);
  }
  return boundary;
}

}  // namespace ballast::stats
