// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/anytime_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/stats/anytime.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "design_arguments.hpp"

namespace ballast::stats {
namespace {

Claim claim_of(double bound, const Smoothing& smoothing, double noise_error) {
  const double doubt = noise_error == 0 ? bound : std::nextafter(bound + noise_error, 2.0);
  Claim claim;
  if (doubt < 1) claim.p_lower = std::nextafter(1 - doubt, 0.0);
  if (doubt < 0.5) claim.radius = radius_below(smoothing, doubt);
  return claim;
}

}  // namespace

Claim anytime_claim(std::uint64_t samples, std::uint64_t failures, double alpha, const Smoothing& smoothing, double noise_error) {
  require(noise_error >= 0 && noise_error < 0.5, fmt::format("noise_error is {}; it must be at least 0 and below 1/2", noise_error));
  return claim_of(samples == 0 ? 1 : anytime_failure_bound(samples, failures, alpha), smoothing, noise_error);
}

AnytimeTest::AnytimeTest(const AnytimeDesign& design) : design_(design) {
  require_alpha(design.alpha);
  require(design.most >= 1 && design.most <= most_samples,
          fmt::format("n = {}: from 1 to {} samples of one image can be drawn", design.most, most_samples));
  require(design.futility >= 0 && design.futility < 1, fmt::format("futility = {}: must be at least 0 and below 1", design.futility));
  require(!design.gain || (*design.gain > 0 && *design.gain < 1),
          fmt::format("gain = {}: must lie between 0 and 1 (not included)", design.gain.value_or(0)));
  const auto certifies = [&](std::uint64_t samples) {
    return anytime_claim(samples, 0, design.alpha, design.smoothing, design.noise_error).radius.has_value();
  };
  if (!certifies(design.most)) {
    std::uint64_t least = std::max(design.most, least_samples_to_certify(design.alpha));
    while (least < most_samples && !certifies(least)) least += 1 + least / 100;
    throw InputError(fmt::format("n = {}: even a unanimous vote abstains at alpha = {}; about n = {} samples are needed at any time",
                                 design.most, design.alpha, least));
  }
  looks_ = sequential_looks(design.most, design.step);
  // Giving up only takes certificates away, so beyond what its boundaries are computed for it does not.
  if (design.futility == 0 || design.most > most_designed || design.alpha < least_designed_alpha) return;
  hopeless_ = sequential_schedule({0.5, design.alpha, design.most, design.step, design.futility});
}

void AnytimeTest::Walk::look(std::uint64_t failures) {
  const Look now{test_.looks_[next_], failures};
  const double bound = anytime_failure_bound(now.samples, now.failures, test_.design_.alpha);
  if (bound < bound_) bound_ = bound, best_ = now;
  const bool hopeless = test_.hopeless_ && bound_ >= 0.5 && static_cast<std::int64_t>(failures) >= test_.hopeless_->give_up_at[next_];
  ended_ = hopeless || has_gained(now);
  ++next_;
}

bool AnytimeTest::Walk::has_gained(const Look& now) const {
  const auto& [alpha, most, step, futility, gain, smoothing, noise_error] = test_.design_;
  const auto radius = claim().radius;
  if (!gain || !radius) return false;
  const auto failures = static_cast<std::uint64_t>(
      std::ceil(static_cast<long double>(most) * static_cast<long double>(now.failures) / static_cast<long double>(now.samples)));
  if (failures >= most) return false;
  const double doubt = upper_failure_bound({most - failures, most}, alpha) + noise_error;
  return doubt < 0.5 && *radius >= (1 - *gain) * radius_below(smoothing, doubt);
}

Claim AnytimeTest::Walk::claim() const { return claim_of(bound_, test_.design_.smoothing, test_.design_.noise_error); }

}  // namespace ballast::stats
