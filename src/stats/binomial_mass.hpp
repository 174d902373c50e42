// SPDX-License-Identifier: Apache-2.0
//
// The probability of one binomial outcome, with a bound on its rounding error.

#pragma once

#include <cstdint>
#include <limits>

namespace ballast::stats {

// The probabilities of success and failure, each accurate relative to itself
// to the last bit but one, so that neither loses digits when it is tiny.
struct Chance {
  long double success;
  long double failure;

  Chance swapped() const { return {failure, success}; }
};

inline Chance chance_of_success(double p) { return {p, 1 - static_cast<long double>(p)}; }
inline Chance chance_of_failure(double q) { return chance_of_success(q).swapped(); }

// n KL(k/n || p): minus the logarithm of Chernoff's bound. Requires k <= n, 0 < p < 1.
long double binomial_deviance(std::uint64_t k, std::uint64_t n, Chance chance);

// n KL(k/n || p) as above, and a bound on its absolute error in long double.
struct Deviance {
  long double value;
  long double error;
};
Deviance enclosed_deviance(std::uint64_t k, std::uint64_t n, Chance chance);

// ln n! - ln(sqrt(2 pi n) (n/e)^n), for n >= 1: Stirling's error, off by stirling_bound at most.
long double stirling_error(std::uint64_t n);
inline constexpr long double stirling_bound = 256 * std::numeric_limits<long double>::epsilon();

// The exact probability lies within value * (1 +- relative_error), unless it
// underflows long double.
struct Mass {
  long double value;
  long double relative_error;
};

// P(Bin(n, p) = k) by Loader's saddle-point expansion (Loader 2000, "Fast and
// accurate computation of binomial probabilities"). Requires k <= n, 0 < p < 1.
Mass binomial_mass(std::uint64_t k, std::uint64_t n, Chance chance);

}  // namespace ballast::stats
