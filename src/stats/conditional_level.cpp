// SPDX-License-Identifier: Apache-2.0

#include "conditional_level.hpp"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "budget_search.hpp"
#include "failure_law.hpp"
#include "shape_policy.hpp"

namespace ballast::stats {
namespace {

// Part of alpha that goes to each end of the pilot's law, about.
constexpr double pilot_cutting_error = 1e-6;

// How exactly the logarithm of alpha' is found, and about how far it is from one null to the next.
constexpr double level_width = 2e-3;
constexpr double reach = 0.008;

// Part of alpha that is left for the roundings of the mean, a few hundred of one epsilon.
constexpr double rounding = 1e-12;

// P(Bin(n, q) <= k).
double cumulative(std::int64_t k, std::uint64_t n, double q) {
  if (k < 0) return 0;
  if (k >= static_cast<std::int64_t>(n)) return 1;
  return boost::math::ibetac(static_cast<double>(k) + 1, static_cast<double>(n) - static_cast<double>(k), q, ShapePolicy());
}

// A k in [0, n) near which P(Bin(n, q) <= k) is alpha: Cornish and Fisher's first terms.
std::int64_t near_cutoff(std::uint64_t n, double q, double alpha) {
  const auto trials = static_cast<double>(n);
  const double z = -std::numbers::sqrt2 * boost::math::erfc_inv(2 * alpha, ShapePolicy());
  const double k = trials * q + std::sqrt(trials * q * (1 - q)) * z + (1 - 2 * q) * (z * z - 1) / 6 - 0.5;
  return static_cast<std::int64_t>(std::clamp(k, 0.0, trials - 1));
}

// The most failures of all n samples with which Clopper-Pearson rejects q at
// level alpha: the largest k with P(Bin(n, q) <= k) <= alpha, -1 where there is none.
std::int64_t cutoff(std::uint64_t n, double q, double alpha) {
  if (alpha >= 1) return static_cast<std::int64_t>(n);
  std::int64_t k = near_cutoff(n, q, alpha);
  while (cumulative(k + 1, n, q) <= alpha) ++k;
  while (cumulative(k, n, q) > alpha) --k;
  return k;
}

// A(F1) at the pilot's window: the greatest chance from F1 on.
std::vector<double> levels(const TwoStageSizes& sizes, const CountLaw& pilot, double q, double pooled_alpha) {
  std::vector<double> result(pilot.mass.size());
  double greatest = 0;
  for (std::size_t i = result.size(); i-- > 0;) {
    const std::uint64_t failures = pilot.first + i;
    const std::uint64_t total = sizes.total[failures];
    const std::int64_t left = cutoff(total, q, pooled_alpha) - static_cast<std::int64_t>(failures);
    greatest = std::max(greatest, cumulative(left, total - sizes.pilot, q));
    result[i] = greatest;
  }
  return result;
}

// At least the mean of A over the pilot's failures, A being 1 outside its window.
double mean(const std::vector<double>& level, const CountLaw& pilot) {
  const long double inside = std::inner_product(level.begin(), level.end(), pilot.mass.begin(), 0.0L);
  return static_cast<double>((inside + pilot.outside) * (1 + 2 * pilot.relative_error));
}

}  // namespace

double ConditionalLevel::after(std::uint64_t pilot_failures) const {
  if (pilot_failures < first) return 1;
  return pilot_failures - first < level.size() ? level[pilot_failures - first] : 0;
}

ConditionalLevel conditional_level(const TwoStageSizes& sizes, double null_failure, double alpha, double guess) {
  const CountLaw pilot = failures_among(sizes.pilot, null_failure, pilot_cutting_error * alpha);
  const auto spent = [&](double log_alpha) { return mean(levels(sizes, pilot, null_failure, std::exp(log_alpha)), pilot); };
  const Search search{.guess = std::log(guess), .reach = reach, .width = level_width};
  const double pooled_alpha = std::exp(largest_within(alpha * (1 - rounding), search, spent));
  return {.pooled_alpha = pooled_alpha, .first = pilot.first, .level = levels(sizes, pilot, null_failure, pooled_alpha)};
}

}  // namespace ballast::stats
