// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/paired.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::report {
namespace {

using Rows = std::span<const log::Record>;

// The rows of b in the order of a's images.
std::vector<log::Record> matched(Rows a, Rows b) {
  std::map<std::uint64_t, const log::Record*> of_image;
  for (const log::Record& row : b)
    require(of_image.emplace(row.index, &row).second, fmt::format("image {} is in the second log twice", row.index));
  std::vector<log::Record> rows;
  for (const log::Record& row : a) {
    const auto found = of_image.find(row.index);
    require(found != of_image.end(),
            fmt::format("image {} is only in the first log, or there twice; both need the same images", row.index));
    require(found->second->label == row.label,
            fmt::format("image {} has label {} in the first log and {} in the second", row.index, row.label, found->second->label));
    rows.push_back(*found->second);
    of_image.erase(found);
  }
  require(of_image.empty(),
          fmt::format("image {} is only in the second log; both need the same images", of_image.empty() ? 0 : of_image.begin()->first));
  require(rows.size() >= 2, "at least two images are needed");
  return rows;
}

AccuracyDifference at_radius(Rows a, Rows b, double radius, double rho) {
  AccuracyDifference result;
  result.radius = radius;
  result.a = certified_accuracy(a, radius);
  result.b = certified_accuracy(b, radius);
  std::vector<double> differences;
  std::uint64_t only_a = 0, only_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int difference = int{is_certified(a[i], radius)} - int{is_certified(b[i], radius)};
    differences.push_back(difference);
    only_a += difference > 0;
    only_b += difference < 0;
  }
  result.interval = stats::mean_interval(differences, -1, 1, rho);
  if (only_a + only_b > 0) result.p_value = stats::two_sided_p_value({only_a, only_a + only_b}, 0.5);
  return result;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Comparison compare(Rows a, Rows all_b, std::span<const double> radii, std::optional<double> largest_a, std::optional<double> largest_b,
                   double rho, std::optional<double> cap) {
  const std::vector<log::Record> b = matched(a, all_b);
  Comparison comparison;
  comparison.images = a.size();
  for (const double radius : radii) comparison.accuracy.push_back(at_radius(a, b, radius, rho));
  auto radii_a = certified_radii(a), radii_b = certified_radii(b);
  if (cap) {
    for (auto* radii_of : {&radii_a, &radii_b}) {
      for (double& radius : *radii_of) radius = std::min(radius, *cap);
    }
    largest_a = std::min(*cap, largest_a.value_or(*cap));
    largest_b = std::min(*cap, largest_b.value_or(*cap));
  }
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(radii_a[i] - radii_b[i]);
  comparison.mean_radius.a = mean(radii_a);
  comparison.mean_radius.b = mean(radii_b);
  if (largest_a == 0.0 && largest_b == 0.0) comparison.mean_radius.interval = {0, 0};
  else if (largest_a && largest_b) comparison.mean_radius.interval = stats::mean_interval(differences, -*largest_b, *largest_a, rho);
  return comparison;
}

}  // namespace ballast::report
