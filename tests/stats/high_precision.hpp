// SPDX-License-Identifier: Apache-2.0
//
// What the tests compare with: the same quantities from their definitions, in
// hundred-digit arithmetic.

#pragma once

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cstdint>

namespace ballast::stats {

using Real = boost::multiprecision::cpp_bin_float_100;

// A difference of this size is far above the rounding error of Real.
inline const Real real_epsilon{"1e-85"};

// P(Bin(n, p) = k); q = 1 - p.
inline Real exact_mass(std::uint64_t k, std::uint64_t n, const Real& p, const Real& q) {
  Real choices = 1;
  const std::uint64_t fewer = std::min(k, n - k);
  for (std::uint64_t i = 1; i <= fewer; ++i) choices = choices * (n - fewer + i) / i;
  return choices * pow(p, static_cast<int>(k)) * pow(q, static_cast<int>(n - k));
}

// P(Bin(n, p) >= k) summed from k upwards until terms no longer count.
inline Real exact_upper_tail(std::uint64_t k, std::uint64_t n, const Real& p, const Real& q) {
  if (k == 0) return 1;
  if (p == 0 || k > n) return 0;
  if (q == 0) return 1;
  Real term = exact_mass(k, n, p, q);
  Real sum = term;
  const Real odds = p / q;
  for (std::uint64_t i = k; i < n; ++i) {
    const Real ratio = odds * (n - i) / (i + 1);
    if (ratio < 0.999 && term < sum * 1e-95) break;
    term *= ratio;
    sum += term;
  }
  return sum;
}

inline Real exact_upper_tail(std::uint64_t k, std::uint64_t n, double p) { return exact_upper_tail(k, n, Real(p), 1 - Real(p)); }

inline Real exact_lower_tail(std::uint64_t k, std::uint64_t n, double p) {
  return k >= n ? Real(1) : exact_upper_tail(n - k, n, 1 - Real(p), Real(p));
}

// P(N(0, 1) > x).
inline Real exact_normal_tail(const Real& x) { return boost::math::erfc(Real(x / sqrt(Real(2)))) / 2; }

}  // namespace ballast::stats
