// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/claim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "arguments.hpp"
#include "ballast/core/enum_names.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "ballast/stats/unsplit.hpp"

namespace ballast::stats {
namespace {

constexpr EnumNames<Bound, 4> names{{{{Bound::cohen, "cohen"}, {Bound::pb, "pb"}, {Bound::lecuyer, "lecuyer"}, {Bound::li, "li"}}}};

double top_level(double alpha) { return std::nextafter(alpha - runner_up_level(alpha), 0.0); }

// An upper bound of a + b, whatever way the sum is rounded.
double above(double a, double b) { return b == 0 ? a : std::nextafter(a + b, std::numeric_limits<double>::infinity()); }

double not_above_one_less(double doubt) { return std::max(0.0, std::nextafter(1 - doubt, 0.0)); }

// 1 - p_A.
double doubt_of(const ClaimSettings& settings, const Votes& votes, double alpha) {
  const double bound = settings.independent_selection ? upper_failure_bound({votes.count, votes.samples}, alpha)
                                                      : unsplit_failure_bound(votes.count, votes.samples, alpha);
  return above(bound, settings.noise_error);
}

std::optional<double> pair_radius(const ClaimSettings& settings, const Votes& votes, double doubt) {
  const double others = upper_confidence_bound({votes.runner_up, votes.samples}, runner_up_level(settings.alpha));
  const double p_b = std::min(above(others, settings.noise_error), doubt);
  if (doubt < 0.5 && p_b == doubt) return radius_below(settings.smoothing, doubt);
  const double p_a = not_above_one_less(doubt);
  if (p_a <= p_b) return {};
  return radius_from_pair(settings.smoothing.scale, p_a, p_b);
}

std::optional<double> radius_of(const ClaimSettings& settings, const Votes& votes, double doubt) {
  if (settings.bound == Bound::pb) return pair_radius(settings, votes, doubt);
  if (doubt >= 0.5) return {};
  if (settings.bound == Bound::cohen) return radius_below(settings.smoothing, doubt);
  const double p_a = not_above_one_less(doubt);
  return settings.bound == Bound::lecuyer ? lecuyer_radius(settings.smoothing.scale, p_a, doubt)
                                          : li_radius(settings.smoothing.scale, p_a, doubt);
}

}  // namespace

double runner_up_level(double alpha) { return 0.1 * alpha; }

std::string_view to_string(Bound bound) { return names.of(bound); }
std::optional<Bound> bound_from(std::string_view name) { return names.value(name); }

void check(const ClaimSettings& settings) {
  require_alpha(settings.alpha);
  require_sigma(settings.smoothing.scale);
  require(settings.noise_error >= 0 && settings.noise_error < 0.5,
          fmt::format("noise_error is {}; it must be at least 0 and below 1/2", settings.noise_error));
  require(settings.bound == Bound::cohen || settings.smoothing.law == NoiseLaw::gaussian,
          fmt::format("bound {}: only for Gaussian noise", to_string(settings.bound)));
  require(settings.bound != Bound::pb || settings.independent_selection,
          "bound pb needs a class that was chosen by draws of its own (its error is shared between two bounds of one class fixed "
          "beforehand), so it does not go with selection none");
}

Claim claim(const ClaimSettings& settings, const Votes& votes) {
  check(settings);
  require(votes.count <= votes.samples && votes.runner_up <= votes.samples - votes.count,
          fmt::format("{} and {} votes are more than the {} samples", votes.count, votes.runner_up, votes.samples));
  const double doubt = doubt_of(settings, votes, settings.bound == Bound::pb ? top_level(settings.alpha) : settings.alpha);
  return {.p_lower = not_above_one_less(doubt), .radius = radius_of(settings, votes, doubt)};
}

Claim exact_claim(const Votes& votes) {
  Claim claim{.p_lower = std::nextafter(static_cast<double>(votes.count) / static_cast<double>(votes.samples), 0.0)};
  if (votes.count > votes.runner_up) claim.radius = std::nextafter(static_cast<double>(votes.count - votes.runner_up) / 510.0, 0.0);
  return claim;
}

double prediction_level(std::uint64_t winner, std::uint64_t runner_up, std::uint64_t samples, double noise_error) {
  return above(two_sided_p_value({winner, winner + runner_up}, 0.5), static_cast<double>(samples) * noise_error);
}

double largest_radius(const ClaimSettings& settings, std::uint64_t samples) {
  return claim(settings, {samples, samples, 0}).radius.value_or(0);
}

}  // namespace ballast::stats
