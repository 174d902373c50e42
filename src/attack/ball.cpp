// SPDX-License-Identifier: Apache-2.0

#include "ball.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::attack {
namespace {

constexpr double levels = 255;  // grid steps from 0 to 1

double norm(std::span<const double> values) {
  double largest = 0, sum = 0;  // scaled, as squares of small gradients underflow
  for (const double value : values) largest = std::max(largest, std::abs(value));
  if (largest == 0 || !std::isfinite(largest)) return largest;
  for (const double value : values) sum += (value / largest) * (value / largest);
  return std::isfinite(sum) ? largest * std::sqrt(sum) : std::numeric_limits<double>::quiet_NaN();
}

// The least double that is not below the distance: each sum and product below is off by half an epsilon at most.
double distance_above(std::span<const double> origin, std::span<const float> pixels) {
  long double sum = 0;
  for (std::size_t i = 0; i < origin.size(); ++i) {
    const long double difference = static_cast<long double>(pixels[i]) - static_cast<long double>(origin[i]);
    sum += difference * difference;
  }
  const auto operations = static_cast<long double>(origin.size() + 8);
  const long double above = std::sqrt(sum * (1 + operations * std::numeric_limits<long double>::epsilon()));
  const auto rounded = static_cast<double>(above);
  return static_cast<long double>(rounded) < above ? std::nextafter(rounded, std::numeric_limits<double>::infinity()) : rounded;
}

// The largest whole number that is at most (255 radius)^2, or one less.
std::int64_t most_squares(double radius) {
  const long double squares = static_cast<long double>(levels * levels) * radius * radius;
  const long double below = squares * (1 - 4 * std::numeric_limits<long double>::epsilon());
  return static_cast<std::int64_t>(std::min<long double>(below, 1e18L));
}

// Grid steps from a byte for a shift, no further than black and white.
int grid_steps(std::uint8_t byte, double shift) {
  return static_cast<int>(std::clamp(std::round(levels * shift), -static_cast<double>(byte), levels - static_cast<double>(byte)));
}

std::int64_t squares_of(std::span<const int> steps) {
  std::int64_t sum = 0;
  for (const int step : steps) sum += std::int64_t{step} * step;
  return sum;
}

std::vector<int> grid_steps(std::span<const std::uint8_t> bytes, std::span<const double> shift, double factor) {
  std::vector<int> steps(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) steps[i] = grid_steps(bytes[i], factor * shift[i]);
  return steps;
}

// Two factors between which the last one lies whose steps have at most so many squares.
struct Bracket {
  double fits, beyond;
};
Bracket longest_factor(std::span<const std::uint8_t> bytes, std::span<const double> shift, std::int64_t most) {
  const auto fits = [&](double factor) { return squares_of(grid_steps(bytes, shift, factor)) <= most; };
  constexpr double largest = 1 << 20;
  Bracket bracket{0, 1};
  while (bracket.beyond < largest && fits(bracket.beyond)) bracket = {bracket.beyond, 2 * bracket.beyond};
  for (int i = 0; i < 50; ++i) {
    const double middle = (bracket.fits + bracket.beyond) / 2;
    (fits(middle) ? bracket.fits : bracket.beyond) = middle;
  }
  return bracket;
}

}  // namespace

std::vector<double> unit_values(const Image& image) {
  if (!image.is_8bit()) {
    const std::vector<float> pixels = image.unit_pixels();
    return {pixels.begin(), pixels.end()};
  }
  std::vector<double> values;
  for (const std::uint8_t byte : image.bytes()) values.push_back(byte / levels);
  return values;
}

void ascend(std::span<double> shift, std::span<const double> gradient, double length) {
  const double steepness = norm(gradient);
  if (!(steepness > 0) || !std::isfinite(steepness)) return;
  for (std::size_t i = 0; i < shift.size(); ++i) shift[i] += length * (gradient[i] / steepness);
}

void project(std::span<double> shift, double radius) {
  const double length = norm(shift);
  if (length <= radius) return;
  for (double& value : shift) value *= radius / length;
}

void keep_in_range(std::span<double> shift, std::span<const double> origin) {
  for (std::size_t i = 0; i < shift.size(); ++i) shift[i] = std::clamp(shift[i], -origin[i], 1 - origin[i]);
}

Perturbed as_floats(const Image& origin, std::span<const double> shift, double radius) {
  const std::vector<double> start = unit_values(origin);
  std::vector<float> pixels(start.size());
  double shorter = 1, less = 0x1p-26;  // a float's rounding is of that size
  for (bool home = false;; home = shorter == 0) {
    for (std::size_t i = 0; i < start.size(); ++i) {
      pixels[i] = std::clamp(static_cast<float>(start[i] + shorter * shift[i]), 0.0f, 1.0f);
    }
    const double distance = distance_above(start, pixels);
    if (distance <= radius) return {{origin.shape, std::move(pixels)}, distance};
    require(!home, fmt::format("radius = {}: must be above {}, by which floats miss the image's own bytes", radius, distance));
    shorter = std::max(0.0, shorter - less);
    less *= 2;
  }
}

Perturbed on_grid(const Image& origin, std::span<const double> shift, double radius) {
  constexpr double slack = 1e-9;  // a shift that was projected to a whole number of steps may lie just below it
  const std::vector<std::uint8_t>& bytes = origin.bytes();
  const std::int64_t most = std::min(most_squares(radius), most_squares(norm(shift) * (1 + slack)));
  const Bracket factor = longest_factor(bytes, shift, most);
  std::vector<int> steps = grid_steps(bytes, shift, factor.fits);
  std::int64_t squares = squares_of(steps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const int next = grid_steps(bytes[i], factor.beyond * shift[i]);
    const std::int64_t more = std::int64_t{next} * next - std::int64_t{steps[i]} * steps[i];
    if (squares + more > most) continue;
    squares += more;
    steps[i] = next;
  }
  std::vector<std::uint8_t> moved(bytes.size());
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = static_cast<std::uint8_t>(bytes[i] + steps[i]);
  const double distance = std::sqrt(static_cast<double>(squares)) / levels;
  const double above = std::nextafter(std::nextafter(distance, 1e300), 1e300);
  return {{origin.shape, std::move(moved)}, squares == 0 ? 0 : std::min(above, radius)};
}

}  // namespace ballast::attack
