// SPDX-License-Identifier: Apache-2.0
//
// Radii of the three laws of noise and the doubts they stand for: evaluated in
// long double, less a stated error, and rounded down.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ballast/core/errors.hpp"
#include "ballast/stats/radius.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

// The greatest double that is not above a value >= 0 known to formula_error.
double proved(long double value) { return -rounded_up(-std::max(0.0L, value * (1 - formula_error))); }

void require_smoothing(const Smoothing& smoothing) {
  require(smoothing.scale > 0 && std::isfinite(smoothing.scale),
          fmt::format("{} is {}; it must be finite and above 0", traits(smoothing.law).scale_name, smoothing.scale));
}

// 1 - 2 doubt, rounded down; exact from doubt = 1/4 on.
double margin_below(double doubt) {
  const double margin = 1 - 2 * doubt;
  return 1 - margin < 2 * doubt ? std::nextafter(margin, 0.0) : margin;
}

// The product of two numbers >= 0, rounded down.
double product_below(double a, double b) {
  constexpr double exact_from = 0x1p-900;  // from here on the product's rounding error is a double
  const double product = a * b;
  return product < exact_from || std::fma(a, b, -product) < 0 ? std::nextafter(product, 0.0) : product;
}

double uniform_radius(double lambda, double doubt) { return product_below(lambda, margin_below(doubt)); }

double laplace_radius(double lambda, double doubt) {
  return proved(-static_cast<long double>(lambda) * std::log(2 * static_cast<long double>(doubt)));
}

// P(N(0, 1) > x) for x > 0, known to a relative error of epsilon: erfc and exp
// magnify the rounding of their arguments, by at most 1 + x^2 and x.
double gaussian_doubt(long double x) {
  const long double slack = 1 - 4 * x * x * std::numeric_limits<long double>::epsilon();
  return proved(slack * std::erfc(x / std::numbers::sqrt2_v<long double>) / 2);
}

double laplace_doubt(long double x) {
  const long double slack = 1 - 4 * x * std::numeric_limits<long double>::epsilon();
  return proved(slack * std::exp(-x) / 2);
}

double uniform_doubt(long double lambda, long double radius) { return radius >= lambda ? 0 : proved((lambda - radius) / (2 * lambda)); }

// Whether no noise lies beyond some length, so that even certainty has a radius.
bool is_bounded(NoiseLaw law) {
  switch (law) {
    case NoiseLaw::gaussian: return false;
    case NoiseLaw::uniform: return true;
    case NoiseLaw::laplace: return false;
  }
  return false;
}

}  // namespace

double radius_below(const Smoothing& smoothing, double doubt) {
  require_smoothing(smoothing);
  require((doubt > 0 || (doubt == 0 && is_bounded(smoothing.law))) && doubt < 0.5,
          fmt::format("doubt is {}; it must lie strictly between 0 and 1/2", doubt));
  switch (smoothing.law) {
    case NoiseLaw::gaussian: return radius_below(smoothing.scale, doubt);
    case NoiseLaw::uniform: return uniform_radius(smoothing.scale, doubt);
    case NoiseLaw::laplace: return laplace_radius(smoothing.scale, doubt);
  }
  return 0;
}

double doubt_at_radius(const Smoothing& smoothing, double radius) {
  require_smoothing(smoothing);
  require(radius >= 0 && std::isfinite(radius), fmt::format("radius is {}; it must be finite and at least 0", radius));
  if (radius == 0) return 0.5;
  const long double deviations = static_cast<long double>(radius) / smoothing.scale;
  switch (smoothing.law) {
    case NoiseLaw::gaussian: return gaussian_doubt(deviations);
    case NoiseLaw::uniform: return uniform_doubt(smoothing.scale, radius);
    case NoiseLaw::laplace: return laplace_doubt(deviations);
  }
  return 0;
}

double radius_step(const Smoothing& smoothing, double largest) {
  constexpr double gaussian_step = 0.004;
  constexpr int equal_steps = 1000;
  switch (smoothing.law) {
    case NoiseLaw::gaussian: return gaussian_step * smoothing.scale;
    case NoiseLaw::uniform:
    case NoiseLaw::laplace: return largest / equal_steps;
  }
  return largest;
}

}  // namespace ballast::stats
