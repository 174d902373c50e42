// SPDX-License-Identifier: Apache-2.0
//
// How a network that is being trained does on images it is not trained on.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace ballast::train {

// Estimates, without any guarantee: from few noisy copies of each image.
struct Validation {
  static constexpr std::array<double, 4> radii{0, 0.5, 1, 1.5};  // in units of sigma

  double accuracy = 0;                // of noisy copies
  double mean_radius = 0;             // in pixel units; an image whose smoothed label is wrong counts as 0
  std::array<double, 4> certified{};  // certified accuracy at radii * sigma

  // Recipes with a bound of their own: the share of images (with noise, of the first noisy copy of each) that it certifies at its
  // radius. Random projections and unfinished power iterations make it an estimate too, and no certificate.
  std::optional<double> by_bound{};

  // What the best epoch is judged by: what the recipe's own bound certifies, and where that is the same (of up to a million images)
  // the accuracy; for other recipes the mean radius, or without noise the accuracy.
  double merit(double sigma) const {
    if (by_bound) return *by_bound + 1e-6 * accuracy;
    return sigma > 0 ? mean_radius : accuracy;
  }
};

// right: of each image, how many of `draws` noisy copies got the image's label.
// With k of n right, p_A is taken for (k + 1/2) / (n + 1).
Validation estimate(std::span<const std::uint32_t> right, int draws, double sigma);

}  // namespace ballast::train
