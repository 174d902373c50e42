// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/source.hpp"
#include "radius_lattice.hpp"

namespace ballast::log {
namespace {

constexpr std::uint64_t usual_samples = 100'000;  // of the reference implementation
constexpr double table_step = 0.25;               // between the radii that tables show

// Radii that claim more than the votes can have proved at any alpha that fits, and those that may. Rounded to nearest, half of all are.
void check_rounding(Audit& audit, double sigma, std::uint64_t samples) {
  std::vector<RadiusLattice> lattices;
  for (const double alpha : audit.fitting_alphas) lattices.emplace_back(sigma, samples, alpha);
  const auto in_all = [&](auto&& holds) { return std::all_of(lattices.begin(), lattices.end(), holds); };
  struct Where {
    std::size_t rows = 0, line = 0;
  };
  Where raised;
  double worst = 0, worst_excess = 0;
  std::map<double, Where> ties;
  const auto count = [](Where& where, std::size_t line) {
    if (where.rows++ == 0) where.line = line;
  };
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const double radius = audit.log.rows[i].radius;
    if (radius <= 0) continue;
    if (in_all([&](const RadiusLattice& lattice) { return !lattice.reaches(radius); })) {
      count(raised, audit.log.lines[i]);
      const double excess = radius - lattices.front().below(radius);
      if (excess > worst_excess) worst = radius, worst_excess = excess;
    } else if (std::fmod(radius, table_step) == 0 && in_all([&](const RadiusLattice& lattice) { return lattice.may_lie_below(radius); })) {
      count(ties[radius], audit.log.lines[i]);
    }
  }
  if (raised.rows > 0) {
    find(audit, raised.line, "rounding",
         fmt::format("{} row{} from here on have a radius that is rounded up beyond what the votes prove, by up to {:.2g} ({} for {:.6g})",
                     raised.rows, raised.rows == 1 ? "" : "s", worst_excess, worst, worst - worst_excess));
  }
  for (const auto& [radius, where] : ties) {
    find(audit, where.line, "tie",
         fmt::format("radius {} is rounded to a table's radius, and what was proved may lie below it ({} row{})", radius, where.rows,
                     where.rows == 1 ? "" : "s"));
  }
}

}  // namespace

void check_lattice(Audit& audit, const AuditOptions& options, const std::filesystem::path& file) {
  const std::optional<double> sigma = options.sigma ? options.sigma : sigma_in_name(file);
  if (!sigma) return note(audit, "sigma is not known (--sigma), so radii were not checked");
  const std::uint64_t samples = options.samples.value_or(usual_samples);
  require(*sigma > 0 && std::isfinite(*sigma), fmt::format("sigma = {}: must be above 0", *sigma));
  require(!options.alpha || (*options.alpha > 0 && *options.alpha < 1),
          fmt::format("alpha = {}: must lie between 0 and 1 (not included)", options.alpha.value_or(0)));
  require(samples >= 1 && samples <= most_samples, fmt::format("n = {}: must be from 1 to {}", samples, most_samples));
  std::map<double, std::size_t> radii;  // to its first line
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    if (audit.log.rows[i].radius > 0) radii.emplace(audit.log.rows[i].radius, audit.log.lines[i]);
  }
  std::vector<double> alphas(usual_alphas.begin(), usual_alphas.end());
  if (options.alpha && std::find(alphas.begin(), alphas.end(), *options.alpha) == alphas.end()) alphas.push_back(*options.alpha);
  std::map<double, std::string> misfits;
  for (const double alpha : alphas) {
    const RadiusLattice lattice(*sigma, samples, alpha);
    std::string& misfit = misfits[alpha];
    for (auto at = radii.rbegin(); at != radii.rend() && misfit.empty(); ++at) {
      if (!lattice.holds(at->first)) {
        misfit = at->first > lattice.largest()
                     ? fmt::format("line {}: radius {} is above the largest possible, {:.6g}", at->second, at->first, lattice.largest())
                     : fmt::format("line {}: no number of votes gives radius {}", at->second, at->first);
      }
    }
    if (misfit.empty()) audit.fitting_alphas.push_back(alpha);
  }
  const std::string setting = fmt::format("sigma = {}, n = {}", *sigma, samples);
  if (options.alpha && !misfits[*options.alpha].empty()) {
    find(audit, 0, "alpha",
         fmt::format("alpha = {} is stated and does not fit with {}: {}; {}", *options.alpha, setting, misfits[*options.alpha],
                     audit.fitting_alphas.empty() ? "no alpha in use fits"
                                                  : fmt::format("alpha = {} fits", fmt::join(audit.fitting_alphas, ", "))));
  } else if (audit.fitting_alphas.empty()) {
    find(audit, 0, "alpha", fmt::format("with {} the radii fit no alpha in use; at 0.001, {}", setting, misfits[0.001]));
  } else {
    note(audit, fmt::format("alpha = {} {} the radii, with {}{}", fmt::join(audit.fitting_alphas, ", "),
                            audit.fitting_alphas.size() == 1 ? "fits" : "fit", setting,
                            audit.fitting_alphas.size() == alphas.size() ? " (as any does: they are not telling)" : ""));
  }
  if (!audit.fitting_alphas.empty()) check_rounding(audit, *sigma, samples);
}

}  // namespace ballast::log
