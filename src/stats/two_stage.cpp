// SPDX-License-Identifier: Apache-2.0
//
// The two-stage radius: sizes, the grid of radii, and the test of each null.

#include "ballast/stats/two_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "binomial_tail.hpp"
#include "conditional_level.hpp"
#include "design_arguments.hpp"
#include "shape_policy.hpp"

namespace ballast::stats {
namespace {

// Sizes to choose from: the first, and by how many percent each is above the one before.
constexpr std::uint64_t first_size = 100;
constexpr std::uint64_t growth = 3;

// The grid of radii: in units of the scale, or parts of the largest radius.

// A share of failures from which the pilot makes a radius hopeless, so that no more is drawn.
constexpr double hopeless_level = 0.505;

void require_usable(const TwoStageDesign& design) {
  require(design.tolerance > 0 && design.tolerance < 1,
          fmt::format("tolerance is {}; it must lie strictly between 0 and 1", design.tolerance));
  require_designed_alpha(design.alpha);
  require_most(design.most);
  require_step(design.step);
  require(design.most >= least_samples_to_certify(design.alpha),
          fmt::format("n is {}; at alpha {} it must be at least {}", design.most, design.alpha, least_samples_to_certify(design.alpha)));
  require(design.pilot > 0 && design.pilot < design.most && in_whole_steps(design.pilot, design.step) < design.most,
          fmt::format("pilot is {}; in whole steps of {} it must be from 1 to {}", design.pilot, design.step, design.most - 1));
  require(design.noise_error >= 0 && design.noise_error < 0.5,
          fmt::format("noise_error is {}; it must be at least 0 and below 1/2", design.noise_error));
}

std::vector<std::uint64_t> sizes_to_choose_from(std::uint64_t most, std::uint64_t step) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t size = in_whole_steps(first_size, step); size < most;) {
    sizes.push_back(size);
    size = in_whole_steps((size * (100 + growth) + 99) / 100, step);
  }
  sizes.push_back(most);
  return sizes;
}

// Clopper-Pearson's 1 - p_A where this share of n samples failed, a whole number or not.
double doubt_of_share(double share, std::uint64_t n, double alpha) {
  const double failures = share * static_cast<double>(n);
  return boost::math::ibetac_inv(failures + 1, static_cast<double>(n) - failures, alpha, ShapePolicy());
}

// n(F1): the least size whose radius at the pilot's share of failures is nearly that of `most` samples. A pilot
// without a success counts as one with one.
std::uint64_t total_after(std::uint64_t failures, const TwoStageDesign& design, std::uint64_t pilot,
                          const std::vector<std::uint64_t>& sizes) {
  const double share = static_cast<double>(std::min(failures, pilot - 1)) / static_cast<double>(pilot);
  const double least_doubt = doubt_of_share(share, design.most, design.alpha);
  if (least_doubt >= 0.5) return share < hopeless_level ? design.most : pilot;
  const double wanted = (1 - design.tolerance) * radius_below(design.smoothing, least_doubt);
  const double enough = doubt_at_radius(design.smoothing, wanted);
  const auto is_too_few = [&](std::uint64_t size) { return doubt_of_share(share, size, design.alpha) > enough; };
  const auto found = std::partition_point(sizes.begin(), sizes.end() - 1, is_too_few);
  return std::max(*found, pilot);
}

TwoStageSizes two_stage_sizes(const TwoStageDesign& design) {
  const std::vector<std::uint64_t> sizes = sizes_to_choose_from(design.most, design.step);
  TwoStageSizes result{.pilot = in_whole_steps(design.pilot, design.step)};
  for (std::uint64_t f = 0; f <= result.pilot; ++f) result.total.push_back(total_after(f, design, result.pilot, sizes));
  return result;
}

// Radii from 0 to the largest that `most` samples without a failure certify.
std::vector<double> radius_grid(const TwoStageDesign& design) {
  const double least_doubt = -std::expm1(std::log(design.alpha) / static_cast<double>(design.most));
  const double largest = radius_below(design.smoothing, least_doubt);
  const double step = radius_step(design.smoothing, largest);
  std::vector<double> radii;
  for (int i = 0; i * step <= largest; ++i) radii.push_back(i * step);
  return radii;
}

// Where the radius does not hold, a sample drawn fails with at least this probability: 1 - p*, less the law's error.
// 0 where nothing is left.
double null_failure(const TwoStageDesign& design, double radius) {
  const double exact = doubt_at_radius(design.smoothing, radius);
  return design.noise_error == 0 ? exact : std::max(0.0, std::nextafter(exact - design.noise_error, 0.0));
}

struct Null {
  double failure;  // p <= 1 - failure
  ConditionalLevel level;
};

// Whether this null is rejected by itself.
bool rejects(const Null& null, std::uint64_t pilot_failures, std::uint64_t second_failures, std::uint64_t second) {
  const double level = null.level.after(pilot_failures);
  if (level == 0 || level == 1) return level == 1;
  return lower_tail(second_failures, second, chance_of_success(null.failure)).most <= level;  // what is counted are failures
}

}  // namespace

struct TwoStageTest::Levels {
  TwoStageSizes sizes;
  std::vector<double> radii;
  std::vector<Null> nulls;
};

TwoStageTest::TwoStageTest(const TwoStageDesign& design) {
  require_usable(design);
  levels_ = std::make_unique<Levels>();
  levels_->sizes = two_stage_sizes(design);
  double guess = design.alpha;
  for (const double radius : radius_grid(design)) {
    const double failure = null_failure(design, radius);
    if (failure == 0) break;
    levels_->radii.push_back(radius);
    levels_->nulls.push_back({failure, conditional_level(levels_->sizes, failure, design.alpha, guess)});
    guess = levels_->nulls.back().level.pooled_alpha;
  }
}

TwoStageTest::~TwoStageTest() = default;
TwoStageTest::TwoStageTest(TwoStageTest&&) noexcept = default;

const std::vector<double>& TwoStageTest::radii() const { return levels_->radii; }

std::uint64_t TwoStageTest::pilot() const { return levels_->sizes.pilot; }

std::uint64_t TwoStageTest::total(std::uint64_t pilot_failures) const {
  require(pilot_failures <= pilot(), fmt::format("pilot_failures is {}; it must be at most the pilot, {}", pilot_failures, pilot()));
  return levels_->sizes.total[pilot_failures];
}

std::size_t TwoStageTest::rejected(std::uint64_t pilot_failures, std::uint64_t second_failures) const {
  const std::uint64_t second = total(pilot_failures) - pilot();
  require(second_failures <= second,
          fmt::format("second_failures is {}; it must be at most the samples after the pilot, {}", second_failures, second));
  const auto stays = [&](const Null& null) { return !rejects(null, pilot_failures, second_failures, second); };
  const std::vector<Null>& nulls = levels_->nulls;
  return static_cast<std::size_t>(std::find_if(nulls.begin(), nulls.end(), stays) - nulls.begin());
}

}  // namespace ballast::stats
