// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/radii_test.hpp"

#include <fmt/format.h>

#include <cmath>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/stats/radius.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::stats {
namespace {

void check(const RadiiDesign& design) {
  require_alpha(design.alpha);
  require_sigma(design.smoothing.scale);
  require(design.noise_error >= 0 && design.noise_error < 0.5,
          fmt::format("noise_error is {}; it must be at least 0 and below 1/2", design.noise_error));
  require(!design.radii.empty() && design.radii.size() <= most_radii,
          fmt::format("there are {} radii; 1 to {} are allowed", design.radii.size(), most_radii));
  for (std::size_t i = 0; i < design.radii.size(); ++i) {
    const double radius = design.radii[i];
    require(radius >= 0 && std::isfinite(radius), fmt::format("radius {}: must be finite and at least 0", radius));
    require(i == 0 || design.radii[i - 1] < radius, fmt::format("radius {}: radii must rise", radius));
    require(std::stod(format_rounded_down(at_least_as_written(radius), radius_decimals)) == radius,
            fmt::format("radius {}: at most {} decimals are allowed", radius, radius_decimals));
  }
}

}  // namespace

RadiiTest::RadiiTest(const RadiiDesign& design) {
  check(design);
  radii_ = design.radii;
  for (const double radius : design.radii) {
    tested_.push_back(at_least_as_written(radius));
    const double exact = doubt_at_radius(design.smoothing, tested_.back());
    const double null_failure = design.noise_error == 0 ? exact : std::nextafter(exact - design.noise_error, 0.0);
    require(null_failure > 0, fmt::format("radius {}: no number of samples certifies it with this noise", radius));
    p_lower_.push_back(std::nextafter(1 - exact, 0.0));
    try {
      schedules_.push_back(sequential_schedule({null_failure, design.alpha, design.most, design.step, design.futility}));
    } catch (const InputError& error) {
      throw InputError(fmt::format("radius {}: {}", radius, error.what()));
    }
  }
}

void RadiiTest::Walk::look(std::uint64_t failures) {
  const auto count = static_cast<std::int64_t>(failures);
  for (std::size_t i = 0; i < open_; ++i) {
    if (crossed_[i]) continue;
    const SequentialSchedule& schedule = test_.schedule(i);
    if (count <= schedule.certify_at[next_]) crossed_[i] = {schedule.looks[next_], failures};
    else if (count >= schedule.give_up_at[next_]) open_ = i;
  }
  ++next_;
}

std::size_t RadiiTest::Walk::certified() const {
  std::size_t count = 0;
  while (count < open_ && crossed_[count]) ++count;
  return count;
}

}  // namespace ballast::stats
