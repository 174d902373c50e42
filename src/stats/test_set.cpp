// SPDX-License-Identifier: Apache-2.0
//
// Bounds over a test set: tails from enclosures, closed forms in long double
// less a bound on their rounding errors.

#include "ballast/stats/test_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

double rounded_down_share(long double value) { return -rounded_up(-std::max(0.0L, value)); }

// part / whole, rounded down. Both are whole numbers that a double holds.
double share_below(std::uint64_t part, std::uint64_t whole) {
  const auto numerator = static_cast<double>(part);
  const auto denominator = static_cast<double>(whole);
  const double quotient = numerator / denominator;
  return std::fma(quotient, denominator, -numerator) > 0 ? std::nextafter(quotient, 0.0) : quotient;
}

void require_rho(double rho) { require(rho > 0 && rho < 1, fmt::format("rho is {}; it must lie strictly between 0 and 1", rho)); }

void require_images(std::uint64_t images) {
  require(images > 0 && images <= most_trials, fmt::format("images is {}; it must be from 1 to {}", images, most_trials));
}

void require_usable(const TestSet& set, double alpha, double rho) {
  require_images(set.images);
  require(set.certified <= set.images,
          fmt::format("certified is {}; it must be at most the number of images, {}", set.certified, set.images));
  require_alpha(alpha);
  require_rho(rho);
}

void require_bounded(std::span<const double> values, double low, double high, double rho) {
  require(std::isfinite(low) && std::isfinite(high) && low < high,
          fmt::format("the range of the values is [{}, {}]; it must be finite, not empty", low, high));
  require(values.size() >= 2, fmt::format("{} values; a mean's bound takes two or more", values.size()));
  for (const double value : values) {
    require(value >= low && value <= high, fmt::format("a value is {}; it must lie in [{}, {}]", value, low, high));
  }
  require_rho(rho);
}

// The mean of values moved to [0, 1], and how far below it the population's mean may lie: more than that with probability at
// most delta, and the same above. Both allow for the rounding of the sums.
struct Spread {
  long double mean;
  long double reach;
};

// sqrt(2 V ln(2/delta) / n) + 7 ln(2/delta) / (3 (n - 1)), V the sample variance.
Spread spread_of(std::span<const double> values, double low, double high, long double delta) {
  const auto n = static_cast<long double>(values.size());
  const long double width = static_cast<long double>(high) - low;
  const auto unit = [&](double value) { return (static_cast<long double>(value) - low) / width; };
  long double sum = 0;
  for (const double value : values) sum += unit(value);
  const long double mean = sum / n;
  long double squares = 0;
  for (const double value : values) squares += (unit(value) - mean) * (unit(value) - mean);
  const long double sum_error = (n + 64) * long_epsilon;  // of a mean of so many numbers in [0, 1]
  const long double variance = squares / (n - 1) + sum_error;
  const long double log_delta = std::log(2 / delta);
  const long double reach = std::sqrt(2 * variance * log_delta / n) + 7 * log_delta / (3 * (n - 1));
  return {mean, reach * (1 + formula_error) + sum_error};
}

// The bound itself; the mean is not below low in any case.
double lower_side(const Spread& spread, double low, double high) {
  const long double width = static_cast<long double>(high) - low;
  const long double error = 4 * long_epsilon * (std::abs(static_cast<long double>(low)) + width);
  return std::max(low, -rounded_up(-(low + width * (spread.mean - spread.reach) - error)));
}

}  // namespace

double bernstein_bound(const TestSet& set, double alpha, double rho) {
  require_usable(set, alpha, rho);
  require(alpha <= 0.5, fmt::format("alpha is {}; Bernstein's bound takes at most 1/2", alpha));
  const auto m = static_cast<long double>(set.images);
  const long double a = alpha;
  const long double share = static_cast<long double>(set.certified) / m;
  const long double log_rho = -std::log(static_cast<long double>(rho));
  const long double loss = a + std::sqrt(2 * a * (1 - a) * log_rho / m) + log_rho / (3 * m);
  return rounded_down_share((share - loss - formula_error * (share + loss)) / (1 - a));
}

std::uint64_t most_wrong(std::uint64_t images, double alpha, double rho) {
  require_usable({.images = images}, alpha, rho);
  std::uint64_t first = 0;
  std::uint64_t last = images;
  while (first < last) {
    const std::uint64_t middle = first + (last - first) / 2;
    const bool enough = binomial_upper_tail(middle + 1, images, alpha) <= rho;
    (enough ? last : first) = enough ? middle : middle + 1;
  }
  return last;
}

double uniform_bound(const TestSet& set, double alpha, double rho) {
  require_usable(set, alpha, rho);
  const std::uint64_t wrong = most_wrong(set.images, alpha, rho);
  return set.certified <= wrong ? 0 : share_below(set.certified - wrong, set.images);
}

// Among b images on which the classifier is not right, Y - m + b or more are certified. One more such image must give one
// more certificate, so that probability does not grow with b, and b* is found by halving. It is 1 at b = m - Y. Tails are
// rounded up, so a tie with rho counts as possible.
double inverted_bound(const TestSet& set, double alpha, double rho) {
  require_usable(set, alpha, rho);
  std::uint64_t possible = set.images - set.certified;
  std::uint64_t excluded = set.images + 1;
  while (excluded - possible > 1) {
    const std::uint64_t middle = possible + (excluded - possible) / 2;
    const std::uint64_t wrong = set.certified + middle - set.images;
    (binomial_upper_tail(wrong, middle, alpha) > rho ? possible : excluded) = middle;
  }
  return share_below(set.images - possible, set.images);
}

double population_bound(const TestSet& set, double alpha, double rho) {
  require_usable(set, alpha, rho);
  const long double certified = lower_confidence_bound({set.certified, set.images}, rho);
  const long double share = (certified - alpha) / (1 - static_cast<long double>(alpha));
  return rounded_down_share(share * (1 - formula_error));
}

Interval mean_interval(std::span<const double> values, double low, double high, double rho) {
  require_bounded(values, low, high, rho);
  const Spread spread = spread_of(values, low, high, static_cast<long double>(rho) / 2);
  const Spread mirrored{.mean = 1 - spread.mean, .reach = spread.reach};
  return {.low = lower_side(spread, low, high), .high = -lower_side(mirrored, -high, -low)};
}

double mean_lower_bound(std::span<const double> values, double low, double high, double rho) {
  require_bounded(values, low, high, rho);
  return lower_side(spread_of(values, low, high, rho), low, high);
}

}  // namespace ballast::stats
