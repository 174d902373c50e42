// SPDX-License-Identifier: Apache-2.0
//
// Loader's saddle-point expansion in long double.

#include "binomial_mass.hpp"

#include <cmath>
#include <numbers>

#include "rounding.hpp"

namespace ballast::stats {
namespace {

// Rounding errors of binomial_mass, in units of long_epsilon, each at least twice
// what counting the operations gives.
constexpr long double constant_error = 1024;  // three Stirling errors below series_from, about 100 each; the square root
constexpr long double deviance_error = 256;   // relative error of a deviance, worst where the series is left, about 110
constexpr long double mean_error = 16;        // n p is rounded: the deviance moves by |k - n p| times its relative error
constexpr long double power_error = 16;       // n log p and its exponential

// Below this Stirling's error is taken from the exact factorial; from here on
// ten terms of its series leave less than 2e-23.
constexpr std::uint64_t series_from = 16;

long double stirling_error_of_small(std::uint64_t n) {
  std::uint64_t factorial = 1;
  for (std::uint64_t i = 2; i <= n; ++i) factorial *= i;
  const auto x = static_cast<long double>(n);
  return std::log(static_cast<long double>(factorial)) - (x + 0.5L) * std::log(x) + x -
         0.5L * std::log(2 * std::numbers::pi_v<long double>);
}

// x ln(x/mean) + mean - x for x close to the mean, free of cancellation: with
// v = (x - mean)/(x + mean) it is (x - mean) v + 2x (v^3/3 + v^5/5 + ...).
long double deviance_near_mean(long double x, long double mean) {
  const long double v = (x - mean) / (x + mean);
  long double sum = (x - mean) * v;
  long double term = 2 * x * v;
  for (int j = 3;; j += 2) {
    term *= v * v;
    const long double next = sum + term / static_cast<long double>(j);
    if (next == sum) return sum;
    sum = next;
  }
}

// x ln(x/mean) + mean - x, for x >= 0 and mean > 0.
long double deviance(long double x, long double mean) {
  if (x == 0) return mean;
  if (std::abs(x - mean) < 0.1L * (x + mean)) return deviance_near_mean(x, mean);
  return x * std::log(x / mean) + mean - x;
}

// ln p, accurate also for p near 1.
long double log_of_success(Chance chance) { return chance.success < 0.5L ? std::log(chance.success) : std::log1p(-chance.failure); }

// p^n.
Mass unanimous_mass(std::uint64_t n, Chance chance) {
  const long double exponent = static_cast<long double>(n) * log_of_success(chance);
  return {std::exp(exponent), power_error * long_epsilon * (1 - exponent)};
}

}  // namespace

long double stirling_error(std::uint64_t n) {
  if (n < series_from) return stirling_error_of_small(n);
  static constexpr long double coefficients[] = {1.0L / 12,        -1.0L / 360, 1.0L / 1260,       -1.0L / 1680,      1.0L / 1188,
                                                 -691.0L / 360360, 1.0L / 156,  -3617.0L / 122400, 43867.0L / 244188, -174611.0L / 125400};
  const long double inverse = 1 / static_cast<long double>(n);
  long double sum = 0;
  for (int j = 9; j >= 0; --j) sum = sum * inverse * inverse + coefficients[j];
  return sum * inverse;
}

long double binomial_deviance(std::uint64_t k, std::uint64_t n, Chance chance) {
  const auto trials = static_cast<long double>(n);
  return deviance(static_cast<long double>(k), trials * chance.success) +
         deviance(static_cast<long double>(n - k), trials * chance.failure);
}

Deviance enclosed_deviance(std::uint64_t k, std::uint64_t n, Chance chance) {
  const long double value = binomial_deviance(k, n, chance);
  const long double off_mean = std::abs(static_cast<long double>(k) - static_cast<long double>(n) * chance.success);
  return {value, long_epsilon * (deviance_error * value + mean_error * off_mean)};
}

Mass binomial_mass(std::uint64_t k, std::uint64_t n, Chance chance) {
  if (k == n) return unanimous_mass(n, chance);
  if (k == 0) return unanimous_mass(n, chance.swapped());
  const auto successes = static_cast<long double>(k);
  const auto failures = static_cast<long double>(n - k);
  const auto trials = static_cast<long double>(n);
  const long double distance = binomial_deviance(k, n, chance);
  const long double stirling = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
  const long double scale = std::sqrt(trials / (2 * std::numbers::pi_v<long double> * successes * failures));
  const long double off_mean = std::abs(successes - trials * chance.success);
  return {scale * std::exp(stirling - distance), long_epsilon * (constant_error + deviance_error * distance + mean_error * off_mean)};
}

}  // namespace ballast::stats
