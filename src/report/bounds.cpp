// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/bounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ballast/report/accuracy.hpp"
#include "ballast/stats/test_set.hpp"

namespace ballast::report {
namespace {

constexpr double rounding = 1e-12;  // more than the relative error of a sum in long double of up to ten million terms

}  // namespace

std::string probability_beside(double rho) { return 1 - rho < 1 ? fmt::format("{}", 1 - rho) : fmt::format("1 - {}", rho); }

AccuracyBounds accuracy_bounds(std::span<const log::Record> rows, double r, const Confidence& confidence,
                               std::optional<std::uint64_t> planned) {
  const stats::TestSet set{planned.value_or(rows.size()), certified(rows, r)};
  const auto [alpha, rho] = confidence;
  return {.appendix_d = alpha <= 0.5 ? stats::bernstein_bound(set, alpha, rho) : 0,
          .inverted = stats::inverted_bound(set, alpha, rho),
          .uniform = stats::uniform_bound(set, alpha, rho),
          .population = stats::population_bound(set, alpha, rho)};
}

RadiusBounds radius_bounds(std::span<const log::Record> rows, std::optional<double> known_largest, const Confidence& confidence,
                           std::optional<std::uint64_t> planned) {
  const std::uint64_t images = planned.value_or(rows.size());
  const auto [alpha, rho] = confidence;
  std::vector<double> radii = certified_radii(rows);
  RadiusBounds bounds;
  const double largest = known_largest.value_or(0);
  // A certified radius exceeds the true one with probability at most alpha, and then by at most `largest`.
  if (radii.size() >= 2 && images == radii.size() && largest > 0) {
    const double mean = stats::mean_lower_bound(radii, 0, largest, rho) - alpha * largest * (1 + rounding);
    bounds.population = std::nextafter(std::max(0.0, mean), 0.0);
  }
  std::sort(radii.begin(), radii.end());
  const auto wrong = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(stats::most_wrong(images, alpha, rho), rows.size()));
  const long double sum = std::accumulate(radii.begin(), radii.end() - wrong, 0.0L);
  bounds.test_set = static_cast<double>(sum / static_cast<long double>(images)) * (1 - rounding);
  return bounds;
}

}  // namespace ballast::report
