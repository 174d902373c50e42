// SPDX-License-Identifier: Apache-2.0

#include "curve.hpp"

#include <fmt/format.h>

namespace ballast::train {

std::string curve_header(double sigma) {
  std::string header = "epoch,seconds,rate,loss,accuracy,validation_accuracy,validation_mean_radius";
  for (const double radius : Validation::radii) header += fmt::format(",validation_certified_{}", radius * sigma);
  return header + '\n';
}

std::string curve_row(const Progress& p) {
  std::string row = fmt::format("{},{:.1f},{:.6g},{:.6f},{:.4f}", p.epoch, p.seconds, p.rate, p.loss, p.accuracy);
  if (!p.validation) return row + std::string(2 + Validation::radii.size(), ',') + '\n';
  row += fmt::format(",{:.4f},{:.4f}", p.validation->accuracy, p.validation->mean_radius);
  for (const double certified : p.validation->certified) row += fmt::format(",{:.4f}", certified);
  return row + '\n';
}

}  // namespace ballast::train
