// SPDX-License-Identifier: Apache-2.0

#include "radius_search.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace ballast::verify {
namespace {

constexpr double largest_step = 8;   // the factor by which a radius grows at most
constexpr double smallest_step = 2;  // and at least
constexpr double least_part = 0x1p-60;

struct Bracket {
  double low, bound_at_low;    // verified: the bound is above 0
  double high, bound_at_high;  // not verified
  bool is_closed() const { return std::isfinite(high); }
};

void take(Bracket& bracket, double radius, double bound) {
  if (bound > 0) bracket.low = radius, bracket.bound_at_low = bound;
  else bracket.high = radius, bracket.bound_at_high = bound;
}

// Where the line through the bounds at 0 and at `low` falls to 0, within the steps that are allowed.
double grown(double at_zero, const Bracket& bracket, double most) {
  const double fall = at_zero - bracket.bound_at_low;
  const double guess = fall > 0 ? bracket.low * at_zero / fall : largest_step * bracket.low;
  return std::min(most, std::clamp(guess, smallest_step * bracket.low, largest_step * bracket.low));
}

// Interpolation, truncation towards the middle, projection on what bisection would be sure of after so many steps.
double itp_point(const Bracket& bracket, double first_width, double precision, int steps_taken) {
  const double width = bracket.high - bracket.low, middle = (bracket.low + bracket.high) / 2;
  const double falling = bracket.bound_at_low - bracket.bound_at_high;
  const double interpolated = bracket.low + width * (bracket.bound_at_low / falling);
  if (!std::isfinite(interpolated)) return middle;
  const double truncation = 0.2 / first_width * width * width;
  const double side = middle >= interpolated ? 1 : -1;
  const double truncated = truncation <= std::abs(middle - interpolated) ? interpolated + side * truncation : middle;
  const double halvings = std::ceil(std::log2(first_width / precision)) + 1;
  const double room = std::max(0.0, precision / 2 * std::exp2(halvings - steps_taken) - width / 2);
  return std::abs(truncated - middle) <= room ? truncated : middle - side * room;
}

}  // namespace

double greatest_verified_radius(const std::function<double(double)>& bound, double at_zero, double start, const RadiusOptions& options) {
  if (!(at_zero > 0) || !(options.most > 0)) return 0;
  Bracket bracket{0, at_zero, INFINITY, -INFINITY};
  for (double radius = std::min(start, options.most); !bracket.is_closed(); radius = grown(at_zero, bracket, options.most)) {
    take(bracket, radius, bound(radius));
    if (bracket.low >= options.most || bracket.low > std::numeric_limits<double>::max() / (2 * largest_step)) return bracket.low;
  }
  // Nothing is known from below yet: halve until something is.
  const double least = bracket.high * least_part;
  while (bracket.low == 0 && bracket.high > least) {
    const double radius =
        std::clamp(itp_point(bracket, bracket.high, bracket.high * options.tolerance, 0), bracket.high / 16, bracket.high / 2);
    take(bracket, radius, bound(radius));
  }
  const double first_width = bracket.high - bracket.low, precision = std::max(bracket.low * options.tolerance, first_width * 0x1p-52);
  for (int steps = 0; bracket.low > 0 && bracket.high - bracket.low > bracket.low * options.tolerance; ++steps) {
    double radius = itp_point(bracket, first_width, precision, steps);
    if (!(radius > bracket.low && radius < bracket.high)) radius = (bracket.low + bracket.high) / 2;
    if (!(radius > bracket.low && radius < bracket.high)) break;  // neighbouring doubles
    take(bracket, radius, bound(radius));
  }
  return bracket.low;
}

}  // namespace ballast::verify
