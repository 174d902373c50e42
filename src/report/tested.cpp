// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/tested.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/report/accuracy.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::report {
namespace {

template <typename Method>
const Method* method_of(const Source& source) {
  return source.settings ? std::get_if<Method>(&source.settings->method) : nullptr;
}

}  // namespace

std::optional<std::vector<double>> tested_radii(const Source& source) {
  if (const auto* named = method_of<procedure::NamedRadii>(source)) return named->radii;
  const auto* verified = method_of<procedure::Verification>(source);
  if (verified && verified->tested_radius) return std::vector<double>{0, *verified->tested_radius};
  return {};
}

bool is_tested(const Source& source, double r) {
  if (const auto radii = tested_radii(source)) return std::find(radii->begin(), radii->end(), r) != radii->end();
  const auto* verified = method_of<procedure::Verification>(source);
  return !verified || !verified->most || r <= *verified->most;
}

bool is_beyond_proof(const Source& source, double r) {
  if (!source.settings || !is_tested(source, r)) return false;
  const auto largest = largest_radius(source);
  return largest && r > *largest;
}

std::optional<double> accuracy_at(const Source& source, double r) {
  if (!is_tested(source, r)) return {};
  return certified_accuracy(source.log.rows, r);
}

std::string accuracy_text(const Source& source, double r) {
  const auto accuracy = accuracy_at(source, r);
  return accuracy ? fmt::format("{:.4f}", *accuracy) : not_tested;
}

std::string printed_accuracy(const Source& source, std::span<const double> radii) {
  std::string head = "radius             ", line = "certified accuracy ";
  bool untested = false, beyond = false;
  int width = 8;  // of a number: a mark before it takes the place of a space
  for (const double r : radii) {
    const bool is_beyond = is_beyond_proof(source, r);
    head += fmt::format("{:>8}", fmt::format("{}", r));
    line += fmt::format("{:>{}}{}", accuracy_text(source, r), width, is_beyond ? beyond_proof : "");
    width = is_beyond ? 7 : 8;
    untested |= !is_tested(source, r);
    beyond |= is_beyond;
  }
  std::string notes;
  if (untested) notes += fmt::format("{} not tested in this run\n", not_tested);
  if (beyond)
    notes += fmt::format("{} above {}, the largest radius that this run can prove\n", beyond_proof,
                         stats::format_rounded_down(*largest_radius(source), 4));
  return head + "\n" + line + "\n" + notes;
}

}  // namespace ballast::report
