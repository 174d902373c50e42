// SPDX-License-Identifier: Apache-2.0
//
// How many samples a unanimous vote needs, exactly, from the bits of alpha.

#include <cmath>

#include "arguments.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::stats {
namespace {

// alpha = fraction * 2^exponent with 1/2 <= fraction < 1; exponent <= 0.
struct Binary {
  double fraction;
  int exponent;
};

Binary binary(double alpha) {
  Binary result{};
  result.fraction = std::frexp(alpha, &result.exponent);
  return result;
}

}  // namespace

// 2^-n < fraction 2^exponent: n = 1 - exponent, one more if alpha is a power of two.
std::uint64_t least_samples_to_certify(double alpha) {
  require_alpha(alpha);
  const auto [fraction, exponent] = binary(alpha);
  return static_cast<std::uint64_t>(fraction > 0.5 ? 1 - exponent : 2 - exponent);
}

// 2^(1-n) <= fraction 2^exponent: n = 2 - exponent.
std::uint64_t least_samples_to_predict(double alpha) {
  require_alpha(alpha);
  return static_cast<std::uint64_t>(2 - binary(alpha).exponent);
}

}  // namespace ballast::stats
