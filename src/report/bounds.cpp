// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "ballast/report/accuracy.hpp"
#include "ballast/stats/test_set.hpp"

namespace ballast::report {
namespace {

constexpr double rounding = 1e-12;  // more than the relative error of any sum here

}  // namespace

AccuracyBounds accuracy_bounds(std::span<const log::Record> rows, double r, const Confidence& confidence) {
  const stats::TestSet set{rows.size(), certified(rows, r)};
  const auto [alpha, rho] = confidence;
  return {.appendix_d = alpha <= 0.5 ? stats::bernstein_bound(set, alpha, rho) : 0,
          .inverted = stats::inverted_bound(set, alpha, rho),
          .uniform = stats::uniform_bound(set, alpha, rho),
          .population = stats::population_bound(set, alpha, rho)};
}

RadiusBounds radius_bounds(std::span<const log::Record> rows, double largest, const Confidence& confidence) {
  const auto [alpha, rho] = confidence;
  std::vector<double> radii = certified_radii(rows);
  RadiusBounds bounds;
  // A certified radius exceeds the true one with probability at most alpha, and then by at most `largest`.
  if (radii.size() >= 2) bounds.population = std::max(0.0, stats::mean_lower_bound(radii, 0, largest, rho) - alpha * largest * (1 + rounding));
  std::sort(radii.begin(), radii.end());
  const auto wrong = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(stats::most_wrong(rows.size(), alpha, rho), rows.size()));
  bounds.test_set = std::accumulate(radii.begin(), radii.end() - wrong, 0.0) / static_cast<double>(rows.size()) * (1 - rounding);
  return bounds;
}

}  // namespace ballast::report
