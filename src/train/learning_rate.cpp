// SPDX-License-Identifier: Apache-2.0

#include "learning_rate.hpp"

#include <cmath>
#include <numbers>

namespace ballast::train {
namespace {

constexpr double rising_share = 0.3, first_rate = 0.04, last_rate = 1e-4;  // of the greatest rate

// From a to b along half a cosine, at 0 <= t <= 1.
double eased(double a, double b, double t) { return b + (a - b) * (1 + std::cos(std::numbers::pi * t)) / 2; }

}  // namespace

double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t steps_per_epoch) {
  if (options.schedule == Schedule::step) {
    return options.rate * std::pow(options.rate_factor, static_cast<double>(step / steps_per_epoch / options.step_epochs));
  }
  const double done = static_cast<double>(step) / static_cast<double>(steps_per_epoch * options.epochs);
  if (done < rising_share) return options.rate * eased(first_rate, 1, done / rising_share);
  return options.rate * eased(1, last_rate, (done - rising_share) / (1 - rising_share));
}

}  // namespace ballast::train
