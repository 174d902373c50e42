// SPDX-License-Identifier: Apache-2.0

#include "radius_lattice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"

namespace ballast::log {
namespace {

// One unit of the last digit shown, of three significant digits at least and of ten at most: other software's last ones are its own.
double unit_of(double printed) {
  const double third = std::pow(10, std::floor(std::log10(printed)) - 2);
  const std::string text = fmt::format("{}", printed);  // the shortest that is read back the same
  const auto exponent = text.find('e');
  const std::string digits = text.substr(0, exponent);
  const auto point = digits.find('.');
  const int decimals = point == std::string::npos ? 0 : static_cast<int>(digits.size() - point - 1);
  const int shift = exponent == std::string::npos ? 0 : std::stoi(text.substr(exponent + 1));
  return std::clamp(std::pow(10, shift - decimals), printed * 1e-10, third);
}

// For decimals that no double is, and for other software's last bits.
double slack_of(double printed) { return 1e-9 * unit_of(printed) + 1e-12 * printed; }

}  // namespace

RadiusLattice::RadiusLattice(double sigma, std::uint64_t samples, double alpha) : sigma_(sigma), alpha_(alpha), samples_(samples) {}

double RadiusLattice::radius(std::uint64_t count) const {
  const auto [found, is_new] = known_.try_emplace(count, -1.0);
  if (is_new) {
    const double doubt = stats::upper_failure_bound({count, samples_}, alpha_);
    if (doubt < 0.5) found->second = stats::radius_below(sigma_, doubt);
  }
  return found->second;
}

std::uint64_t RadiusLattice::first_reaching(double wanted) const {
  std::uint64_t low = 0, high = samples_ + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (radius(middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

bool RadiusLattice::is_dense_at(double printed) const {
  const double z = printed / sigma_;
  const double spacing = sigma_ * std::sqrt(2 * std::numbers::pi) * std::exp(z * z / 2) / static_cast<double>(samples_);
  return printed + 2 * unit_of(printed) < largest() && 8 * spacing < unit_of(printed);
}

bool RadiusLattice::between(double low, double high) const {
  const std::uint64_t count = first_reaching(low);
  return count <= samples_ && radius(count) < high;
}

bool RadiusLattice::holds(double printed) const {
  const double unit = unit_of(printed);
  if (is_dense_at(printed)) return true;
  const double half = 0.5 * unit + slack_of(printed);
  return between(printed - half, printed + half) || reaches(printed);
}

bool RadiusLattice::reaches(double printed) const {
  const double unit = unit_of(printed);
  return is_dense_at(printed) || between(printed - slack_of(printed), printed + unit);
}

bool RadiusLattice::may_lie_below(double printed) const {
  const double unit = unit_of(printed);
  return is_dense_at(printed) || between(printed - 0.5 * unit - slack_of(printed), printed - slack_of(printed));
}

double RadiusLattice::below(double printed) const { return radius(first_reaching(printed * (1 + 1e-12)) - 1); }

}  // namespace ballast::log
