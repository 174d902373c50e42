// SPDX-License-Identifier: Apache-2.0

#include "curve.hpp"

#include <fmt/format.h>

namespace ballast::train {

std::string curve_header(const TrainOptions& options) {
  std::string header = "epoch,seconds,rate,loss,accuracy,validation_accuracy";
  if (options.sigma > 0) {
    header += ",validation_mean_radius";
    for (const double radius : Validation::radii) header += fmt::format(",validation_certified_{}", radius * options.sigma);
  }
  if (const auto radius = own_radius(options.recipe)) header += fmt::format(",validation_certified_by_bound_{}", *radius);
  return header + '\n';
}

std::string curve_row(const Progress& p, const TrainOptions& options) {
  std::string row = fmt::format("{},{:.1f},{:.6g},{:.6f},{:.4f}", p.epoch, p.seconds, p.rate, p.loss, p.accuracy);
  const auto add = [&](double value) { row += p.validation ? fmt::format(",{:.4f}", value) : ","; };
  const Validation validation = p.validation.value_or(Validation{});
  add(validation.accuracy);
  if (options.sigma > 0) {
    add(validation.mean_radius);
    for (const double certified : validation.certified) add(certified);
  }
  if (own_radius(options.recipe)) add(validation.by_bound.value_or(0));
  return row + '\n';
}

}  // namespace ballast::train
