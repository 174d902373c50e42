// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/validation.hpp"

#include <algorithm>

#include "ballast/stats/normal.hpp"

namespace ballast::train {

Validation estimate(std::span<const std::uint32_t> right, int draws, double sigma) {
  Validation validation;
  const auto images = static_cast<double>(right.size());
  if (right.empty()) return validation;
  for (const std::uint32_t count : right) {
    validation.accuracy += count / (draws * images);
    const double p = (count + 0.5) / (draws + 1.0);
    const double radius = p > 0.5 ? stats::normal_quantile(p) : -1;  // in units of sigma
    validation.mean_radius += std::max(0.0, radius) * sigma / images;
    for (std::size_t i = 0; i < Validation::radii.size(); ++i) {
      if (radius > 0 && radius >= Validation::radii[i]) validation.certified[i] += 1 / images;
    }
  }
  return validation;
}

}  // namespace ballast::train
