// SPDX-License-Identifier: Apache-2.0
//
// The radius of Li et al. 2019, as compared in Cohen, Rosenfeld and Kolter 2019.

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "tuned_radius.hpp"

namespace ballast::stats {
namespace {

// Where the best a is looked for.
constexpr long double least_a = 0.1L;
constexpr long double most_a = 10;
constexpr long double most_a_without_rival = 0.9999L;  // p_b = 0

// ln cosh x.
long double log_cosh(long double x) {
  const long double size = std::abs(x);
  if (size > 1) return size + std::log1p(std::exp(-2 * size)) - std::numbers::ln2_v<long double>;
  const long double half = std::sinh(size / 2);
  return std::log1p(2 * half * half);
}

// sqrt(-(2/a) ln(1 - loss)) where rest = 1 - loss; each is used where it is the accurate one.
long double li_unit_radius(long double a, long double loss, long double rest) {
  if (loss <= 0) return 0;
  const long double divergence = loss < 0.5L ? -std::log1p(-loss) : -std::log(rest);
  return std::sqrt(2 * divergence / a);
}

// The formula with p_b > 0, without cancellation: with s = 1 - a and
// D = ln(p_a/p_b) the mean is M = sqrt(p_a p_b) exp(ln cosh(s D/2) / s), and
// (sqrt p_a - sqrt p_b)^2 = 4 sqrt(p_a p_b) sinh^2(D/4).
class WithRival {
 public:
  WithRival(double p_a, double p_b)
      : remainder_((1 - static_cast<long double>(p_a)) - p_b),
        geometric_(std::sqrt(static_cast<long double>(p_a)) * std::sqrt(static_cast<long double>(p_b))),
        spread_(std::log1p((static_cast<long double>(p_a) - p_b) / p_b)),
        gap_(2 * std::sinh(spread_ / 4) * std::sinh(spread_ / 4)) {}

  long double operator()(long double a) const {
    const long double s = 1 - a;
    const long double exponent = s == 0 ? 0 : log_cosh(s * spread_ / 2) / s;
    const long double loss = 2 * geometric_ * (gap_ - std::expm1(exponent));
    return li_unit_radius(a, loss, remainder_ + 2 * geometric_ * std::exp(exponent));
  }

 private:
  long double remainder_;  // 1 - p_a - p_b
  long double geometric_;  // sqrt(p_a p_b)
  long double spread_;     // ln(p_a/p_b)
  long double gap_;
};

// The formula with p_b = 0 and a < 1: M = p_a 2^(-1/(1-a)).
long double unit_radius_without_rival(long double a, long double p_a) {
  const long double exponent = -std::numbers::ln2_v<long double> * a / (1 - a);
  return li_unit_radius(a, -p_a * std::expm1(exponent), (1 - p_a) + p_a * std::exp(exponent));
}

}  // namespace

TunedRadius li_optimum(double sigma, double p_a, double p_b) {
  require_sigma(sigma);
  require_ordered(p_a, p_b);
  require(p_a + p_b <= 1, fmt::format("p_a + p_b is {}; it must be at most 1", p_a + p_b));
  if (p_a == p_b) return {};
  if (p_b > 0) return tuned_radius(sigma, maximum_on_log_scale(WithRival(p_a, p_b), least_a, most_a));
  const auto radius = [p_a](long double a) { return unit_radius_without_rival(a, p_a); };
  return tuned_radius(sigma, maximum_on_log_scale(radius, least_a, most_a_without_rival));
}

double li_radius(double sigma, double p_a, double p_b) { return li_optimum(sigma, p_a, p_b).radius; }

}  // namespace ballast::stats
