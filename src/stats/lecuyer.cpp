// SPDX-License-Identifier: Apache-2.0
//
// The radius of Lecuyer et al. 2019, as compared in Cohen, Rosenfeld and Kolter 2019.

#include <algorithm>
#include <cmath>

#include "arguments.hpp"
#include "tuned_radius.hpp"

namespace ballast::stats {
namespace {

// The best beta is never so much smaller than the greatest.
constexpr long double least_fraction = 0.01L;

// beta / sqrt(2 ln(1.25 (1 + e^beta) / (p_a - e^(2 beta) p_b))); spread = ln(p_a/p_b).
long double lecuyer_unit_radius(long double beta, long double p_a, long double spread) {
  const long double margin = -p_a * std::expm1(2 * beta - spread);
  if (margin <= 0) return 0;
  return beta / std::sqrt(2 * std::log(1.25L * (1 + std::exp(beta)) / margin));
}

}  // namespace

TunedRadius lecuyer_optimum(double sigma, double p_a, double p_b) {
  require_sigma(sigma);
  require_ordered(p_a, p_b);
  if (p_a == p_b) return {};
  const long double top = p_a;
  const long double spread = std::log(top / p_b);  // infinite for p_b = 0, which is right
  const long double most = std::min(1.0L, spread / 2);
  const auto radius = [&](long double beta) { return lecuyer_unit_radius(beta, top, spread); };
  return tuned_radius(sigma, maximum_on_log_scale(radius, most * least_fraction, most));
}

double lecuyer_radius(double sigma, double p_a, double p_b) { return lecuyer_optimum(sigma, p_a, p_b).radius; }

}  // namespace ballast::stats
