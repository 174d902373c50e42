// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/anytime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "binomial_mass.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

constexpr long double pi = std::numbers::pi_v<long double>;

// ln Gamma(n + 1/2) - (ln(2 pi)/2 + n ln n - n), by (2n)! = 4^n n! Gamma(n + 1/2) / sqrt(pi).
long double half_integer_error(std::uint64_t n) { return n == 0 ? -0.5L * std::log(2.0L) : stirling_error(2 * n) - stirling_error(n); }

// The sum over n >= 0 of prod_{i <= n} (t + i) x / (a + i), from above: with a = k + 1/2 and x = 1 - q the upper part of the incomplete
// beta integral. Requires (t + 1) x < a + 1.
long double series(long double t, long double a, long double x) {
  long double sum = 1, term = 1, steps = 1;
  for (long double i = 1;; ++i, ++steps) {
    const long double ratio = (t + i) * x / (a + i);  // falls towards x, or rises to it
    term *= ratio;
    sum += term;
    const long double most = std::max(ratio, x);
    const long double rest = term * most / (1 - most);
    if (rest <= long_epsilon * sum) return (sum + 2 * rest) * (1 + 8 * long_epsilon * steps);
  }
}

// A lower bound of M_t(q): the integral of theta^(F - 1/2) (1 - theta)^(k - 1/2) over [0, q], over that of theta^(-1/2) (1 - theta)^(-1/2)
// and over q^F (1 - q)^k. With E = B(k + 1/2, F + 1/2) / (q^F (1 - q)^k) it is
// (E - sqrt(q (1 - q)) S / (k + 1/2)) / (2 asin sqrt(q)), S the series above; and ln E is a deviance and Stirling's errors.
// Requires 0 < k and (F + 1/2) / t < q < 1.
long double least_evidence(std::uint64_t draws, std::uint64_t failures, double q) {
  const Chance chance = chance_of_success(q);
  const auto t = static_cast<long double>(draws), k = static_cast<long double>(draws - failures);
  const Deviance deviance = enclosed_deviance(failures, draws, chance);
  const long double log_whole = 0.5L * std::log(2 * pi / t) + deviance.value + half_integer_error(draws - failures) +
                                half_integer_error(failures) - stirling_error(draws);
  const long double whole = std::exp(log_whole);
  const long double whole_error = deviance.error + 5 * stirling_bound + 16 * long_epsilon * (1 + std::abs(log_whole));
  const long double beyond =
      std::sqrt(chance.success * chance.failure) / (k + 0.5L) * series(t, k + 0.5L, chance.failure) * (1 + 16 * long_epsilon);
  return (whole * (1 - whole_error) - beyond) / (2 * std::asin(std::sqrt(chance.success))) * (1 - 32 * long_epsilon);
}

// The same from below by the lower part of the integral: sqrt(q (1 - q)) / (F + 1/2) times the sum over n >= 0 of
// prod_{i <= n} (t + i) q / (F + 1/2 + i), over 2 asin sqrt(q). Every term is above 0, so that a partial sum will do: one that is above
// the limit, or else nearly all of it.
long double least_evidence_from_below(std::uint64_t draws, std::uint64_t failures, double q, long double limit) {
  const auto t = static_cast<long double>(draws), a = static_cast<long double>(failures) + 0.5L, x = static_cast<long double>(q);
  const long double factor = std::sqrt(x * (1 - x)) / (a * 2 * std::asin(std::sqrt(x)));
  long double sum = 1, term = 1;
  for (long double i = 1;; ++i) {
    const long double ratio = (t + i) * x / (a + i);  // falls towards x
    term *= ratio;
    sum += term;
    const long double evidence = factor * sum * (1 - (8 * i + 32) * long_epsilon);
    if (evidence > limit || (ratio < 1 && term * ratio / (1 - ratio) <= long_epsilon * sum)) return evidence;
  }
}

// Whether the part below q needs fewer terms than the part beyond it: its terms rise up to their largest one and then fall to nothing,
// like a bell, or at last by the factor q; those beyond fall at once by a factor of (1 - q) / (1 - F / t).
bool is_quicker_from_below(std::uint64_t draws, std::uint64_t failures, double q) {
  const auto t = static_cast<double>(draws), f = static_cast<double>(failures);
  const double magnitude = 45;  // ln(1 / epsilon)
  const double below = (t * q - f + std::sqrt(2 * magnitude * t * q) + magnitude) / (1 - q), above = magnitude * (1 - f / t) / (q - f / t);
  return below < above;
}

}  // namespace

double anytime_failure_bound(std::uint64_t draws, std::uint64_t failures, double alpha) {
  require_alpha(alpha);
  require(failures <= draws && draws <= most_trials,
          fmt::format("{} failures in {} draws: at most as many as draws, and {} of these, are allowed", failures, draws, most_trials));
  if (failures == draws) return 1;
  // The evidence against q rises from here on and is at most 2 below.
  const double start = std::nextafter((static_cast<double>(failures) + 0.5) / static_cast<double>(draws), 1.0);
  double within = start, beyond = 1;  // nothing says that q is not `within`; `beyond` is out of the question, or 1
  if (within >= 1) return 1;
  const auto evidence = [&](double q) {
    if (is_quicker_from_below(draws, failures, q))
      return least_evidence_from_below(draws, failures, q, 2 / static_cast<long double>(alpha));
    return least_evidence(draws, failures, q);
  };
  const auto is_beyond = [&](double q) { return evidence(q) * alpha * (1 - 4 * long_epsilon) > 1; };
  for (;;) {
    const double middle = within + (beyond - within) / 2;
    if (middle <= within || middle >= beyond) return beyond;
    (is_beyond(middle) ? beyond : within) = middle;
  }
}

}  // namespace ballast::stats
