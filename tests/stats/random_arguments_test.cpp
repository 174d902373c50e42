// SPDX-License-Identifier: Apache-2.0
//
// Random arguments against definitions in hundred-digit arithmetic: never on the wrong side, and not far from the truth. BALLAST_TIMES=100
// makes a hundred times as many.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <random>

#include "ballast/stats/anytime.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/fresh_draw.hpp"
#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::random_arguments_test {
namespace {

// Arguments of every size, near their ends as often as in the middle.
class Arguments {
 public:
  explicit Arguments(std::uint64_t seed) : random_(seed) {}

  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  std::uint64_t up_to(std::uint64_t largest) { return static_cast<std::uint64_t>(std::pow(static_cast<double>(largest), unit())); }
  bool coin() { return random_() % 2 == 0; }

  double probability() {
    const double choices[] = {unit(), std::pow(10.0, -30 * unit()), 1 - std::pow(10.0, -15 * unit()), 0.5};
    return std::clamp(choices[random_() % 4], 1e-300, 1 - 0x1p-53);
  }
  // Of successes, about what this probability gives as often as any number.
  std::uint64_t count(std::uint64_t n, double p) {
    return coin() ? std::binomial_distribution<std::uint64_t>(n, p)(random_) : std::min(n, up_to(n + 1));
  }

 private:
  std::mt19937_64 random_;
};

TEST(RandomArguments, TailsAreNeverBelowTheExactOnesAndTight) {
  Arguments arguments(1);
  for (int i = 0; i < many(600); ++i) {
    const std::uint64_t n = arguments.up_to(i % 20 == 0 ? 100'000 : 3'000);
    const double p = arguments.probability();
    const std::uint64_t k = arguments.count(n, p);
    const Real upper = std::min(Real(1), exact_upper_tail(k, n, p)),
               lower = std::min(Real(1), exact_lower_tail(k, n, p));  // sums of roundings
    EXPECT_GE(Real(binomial_upper_tail(k, n, p)), upper) << k << " of " << n << " at " << p;
    EXPECT_GE(Real(binomial_lower_tail(k, n, p)), lower) << k << " of " << n << " at " << p;
    const Real slack = 1 + Real(twelve_digits);
    EXPECT_LE(Real(binomial_upper_tail(k, n, p)), upper * slack + Real(1e-307)) << k << " of " << n << " at " << p;
    EXPECT_LE(Real(binomial_lower_tail(k, n, p)), lower * slack + Real(1e-307)) << k << " of " << n << " at " << p;
  }
}

// All outcomes that are no likelier, and for the upper side all that are not likelier by more than the ties' tolerance.
TEST(RandomArguments, TwoSidedValuesAreBetweenTheSumsWithoutAndWithTies) {
  Arguments arguments(2);
  for (int i = 0; i < many(300); ++i) {
    const std::uint64_t n = 1 + arguments.up_to(400);
    const double p = arguments.probability();
    const std::uint64_t k = arguments.count(n, p);
    const Real limit = exact_mass(k, n, Real(p), 1 - Real(p));
    Real no_likelier = 0, ties = 0;
    for (std::uint64_t j = 0; j <= n; ++j) {
      const Real mass = exact_mass(j, n, Real(p), 1 - Real(p));
      if (mass <= limit) no_likelier += mass;
      if (mass <= limit * (1 + Real(1.01e-7))) ties += mass;
    }
    const double value = two_sided_p_value({k, n}, p);
    EXPECT_GE(Real(value), std::min(Real(1), no_likelier) * (1 - real_epsilon)) << k << " of " << n << " at " << p;
    EXPECT_LE(Real(value), ties * (1 + Real(twelve_digits)) + Real(1e-307)) << k << " of " << n << " at " << p;
  }
}

TEST(RandomArguments, QuantilesInvertTheDistribution) {
  Arguments arguments(3);
  for (int i = 0; i < many(500); ++i) {
    const double q = arguments.coin() ? std::pow(10.0, -300 * arguments.unit()) * 0.999 : arguments.probability();
    const Real x = normal_upper_quantile(q);
    const Real density = exp(-x * x / 2) / sqrt(2 * acos(Real(-1)));
    const Real off = (exact_normal_tail(x) - Real(q)) / density;
    EXPECT_LE(abs(off), abs(x) * Real(4e-16) + Real(1e-16)) << q;
    const double place = 76 * arguments.unit() - 38;
    const Real below = exact_normal_tail(-Real(place));
    EXPECT_LE(abs(Real(normal_cdf(place)) - below), below * Real(1e-15) + Real(5e-324)) << place;
  }
}

TEST(RandomArguments, RadiiOfLecuyerAndLiAreNeverAboveTheirSupremum) {
  Arguments arguments(4);
  for (int i = 0; i < many(60); ++i) {
    const double doubt = std::clamp(arguments.probability(), 1e-12, 0.4999);
    const double p_a = 1 - doubt, p_b = doubt;
    const auto lecuyer = [&](const Real& beta) {
      return Real(beta / sqrt(2 * log(Real("1.25") * (1 + exp(beta)) / (Real(p_a) - exp(2 * beta) * Real(p_b)))));
    };
    const Real end = std::min(Real(1), Real(log(Real(p_a) / Real(p_b)) / 2));
    const TunedRadius tuned = lecuyer_optimum(1, p_a, p_b);
    EXPECT_LE(Real(tuned.radius), lecuyer(Real(tuned.parameter)) * (1 + Real(1e-15))) << doubt;
    for (int step = 1; step < 200; ++step) EXPECT_LE(lecuyer(end * step / 200), Real(tuned.radius) * (1 + Real(1e-8))) << doubt;
    EXPECT_GE(Real(radius_below(1, doubt)), Real(tuned.radius)) << doubt;  // the paper's guarantee is the best possible
    EXPECT_GE(radius_below(1, doubt), li_radius(1, p_a, p_b)) << doubt;
  }
}

// The tail by its ratio of successive outcomes, from the upper end down.
TEST(RandomArguments, HypergeometricTailsAreNeverBelowTheExactOnes) {
  Arguments arguments(5);
  for (int i = 0; i < many(300); ++i) {
    const std::uint64_t n = 1 + arguments.up_to(300), m = 1 + arguments.up_to(300), successes = std::min(n + m, arguments.up_to(n + m + 1));
    const std::uint64_t most = std::min(n, successes), least = successes > m ? successes - m : 0;
    const std::uint64_t k = least + arguments.up_to(most - least + 1) - 1;
    Real whole = 0, tail = 0, mass = 1;
    for (std::uint64_t x = least; x <= most; ++x) {
      whole += mass;
      if (x >= k) tail += mass;
      mass *= Real(n - x) * Real(successes - x) / (Real(x + 1) * Real(m + x + 1 - successes));
    }
    const double value = hypergeometric_upper_tail(k, n, m, successes);
    EXPECT_GE(Real(value), tail / whole * (1 - real_epsilon)) << k << " " << n << " " << m << " " << successes;
    const bool above = Real(k) * Real(n + m) > Real(n) * Real(successes);
    if (above)
      EXPECT_LE(Real(value), tail / whole * (1 + Real(twelve_digits)) + Real(1e-307)) << k << " " << n << " " << m << " " << successes;
  }
}

// ln of the mixed likelihood over that at q, by Jeffreys' prior up to q.
Real log_evidence(std::uint64_t draws, std::uint64_t failures, const Real& q) {
  const Real a = Real(failures) + Real(0.5), b = Real(draws - failures) + Real(0.5);
  const Real mixed = boost::math::beta(a, b, q) / boost::math::beta(Real(0.5), Real(0.5), q);
  return log(mixed) - Real(failures) * log(q) - Real(draws - failures) * log(1 - q);
}

TEST(RandomArguments, BoundsAtAnyTimeAreNeverBelowTheirDefinition) {
  Arguments arguments(6);
  for (int i = 0; i < many(40); ++i) {
    const std::uint64_t draws = 1 + arguments.up_to(2'000), failures = std::min(draws - 1, arguments.up_to(draws) - 1);
    const double alpha = std::pow(10.0, -1 - 8 * arguments.unit());
    const double bound = anytime_failure_bound(draws, failures, alpha);
    if (bound >= 1) continue;
    EXPECT_GE(log_evidence(draws, failures, Real(bound)), -log(Real(alpha))) << failures << " of " << draws;
    EXPECT_LE(log_evidence(draws, failures, Real(bound) * (1 - Real(1e-7))), -log(Real(alpha))) << failures << " of " << draws;
  }
}

}  // namespace
}  // namespace ballast::stats::random_arguments_test
