// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/recertify.hpp"

namespace ballast::log {
namespace {

// Whether the row's votes give its radius under noise of this scale. Where nothing follows from them, that is said elsewhere.
bool fits_scale(const Record& row, Settings settings, double scale) {
  settings.scale = scale;
  try {
    return as_written(recertified(row, settings, settings, 0), kind_of(settings)).radius == row.radius;
  } catch (const InputError&) {
    return true;
  }
}

// The scale of the noise that gives all radii, of the fewest digits.
std::optional<double> fitting_scale(const std::vector<Record>& rows, const Settings& settings) {
  constexpr int most_digits = 6;  // of a radius in a log
  const Record& largest = *std::max_element(rows.begin(), rows.end(), [](const Record& a, const Record& b) { return a.radius < b.radius; });
  double here = 0;
  try {
    here = recertified(largest, settings, settings, 0).radius;
  } catch (const InputError&) {
  }
  if (!(here > 0 && largest.radius > 0)) return {};
  for (int digits = 1; digits <= most_digits; ++digits) {
    const std::string text = fmt::format("{:.{}g}", settings.scale * largest.radius / here, digits);
    double scale = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), scale).ec != std::errc{} || !std::isfinite(scale)) return {};
    if (scale > 0 && std::all_of(rows.begin(), rows.end(), [&](const Record& row) { return fits_scale(row, settings, scale); }))
      return scale;
  }
  return {};
}

// Concludes every row again from its own votes. Requires settings.
void check_fixed(Audit& audit, const Settings& settings) {
  const Kind kind = kind_of(settings);
  const bool has_alpha = procedure::is<procedure::FixedSamples>(settings);
  std::vector<Finding> findings;
  std::size_t wrong_bounds = 0, wrong_radii = 0;
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    try {
      Record again = as_written(recertified(row, settings, settings, 0), kind);
      again.correct = row.correct;  // was looked at
      if (const std::string text = difference(row, again, kind); !text.empty()) {
        const bool bound = row.p_lower != again.p_lower && row.count == again.count;
        wrong_bounds += bound;
        wrong_radii += !bound && row.radius != again.radius;
        findings.push_back({audit.log.lines[i], bound || row.radius != again.radius ? "radius" : "counts", text + ", by its own votes"});
      }
    } catch (const InputError& error) {
      findings.push_back({audit.log.lines[i], "counts", error.what()});
    }
  }
  if (const auto scale = has_alpha && wrong_radii > 1 ? fitting_scale(audit.log.rows, settings) : std::nullopt) {
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(audit.findings),
                 [](const Finding& finding) { return finding.kind == "counts"; });
    const auto name = procedure::scale_name_of(settings);
    return find(audit, 0, "radius",
                fmt::format("{} = {} is stated, and {} of {} rows have another radius by their own votes; {} = {} fits all", name,
                            settings.scale, wrong_radii, audit.log.rows.size(), name, *scale));
  }
  if (!has_alpha || 2 * wrong_bounds <= audit.log.rows.size()) {
    if (has_alpha) audit.fitting_alphas = {settings.alpha};
    audit.findings.insert(audit.findings.end(), findings.begin(), findings.end());
    return;
  }
  // Not a row here and there: another alpha, then. What is said of votes stands.
  std::copy_if(findings.begin(), findings.end(), std::back_inserter(audit.findings),
               [](const Finding& finding) { return finding.kind == "counts"; });
  for (const double alpha : usual_alphas) {
    Settings other = settings;
    other.alpha = alpha;
    const auto fits = [&](const Record& row) {
      try {
        return row.p_lower == as_written(recertified(row, other, other, 0), kind).p_lower;
      } catch (const InputError&) {
        return true;  // said already
      }
    };
    if (std::all_of(audit.log.rows.begin(), audit.log.rows.end(), fits)) audit.fitting_alphas.push_back(alpha);
  }
  find(audit, 0, "alpha",
       fmt::format("alpha = {} is stated, and {} of {} rows have another bound; {}", settings.alpha, wrong_bounds, audit.log.rows.size(),
                   audit.fitting_alphas.empty() ? "no alpha in use fits all"
                                                : fmt::format("alpha = {} fits", fmt::join(audit.fitting_alphas, ", "))));
}

// A deterministic bound leaves nothing to conclude again, only what must not contradict itself.
void check_verified(Audit& audit, const procedure::Verification& method) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    const bool right = row.predict && *row.predict == row.label;
    if (!right && row.radius > 0)
      find(audit, audit.log.lines[i], "radius", fmt::format("image {}: the answer is wrong, so nothing is certified", row.index));
    if (method.models > 1 && (row.certified_by > method.models || (row.radius > 0 && row.certified_by == 0)))
      find(audit, audit.log.lines[i], "radius",
           fmt::format("image {}: radius {}, and certified by model {} of {}", row.index, row.radius, row.certified_by, method.models));
    if (method.most && row.radius > *method.most)
      find(audit, audit.log.lines[i], "radius", fmt::format("image {}: no radius above {} was looked for", row.index, *method.most));
    if (method.tested_radius && row.radius > 0 && row.radius > *method.tested_radius)
      find(audit, audit.log.lines[i], "radius", fmt::format("image {}: {} was tested at", row.index, *method.tested_radius));
  }
}

// What the judge's votes of the attacked image say: those of PREDICT, or the one of the base classifier.
void check_judgement(const Record& row, const Settings& settings) {
  Record again = row;
  if (!settings.noise) {
    require(total(row.counts) == 1, fmt::format("counts add up to {}, and the base classifier has one vote", total(row.counts)));
    const auto top = static_cast<Label>(std::max_element(row.counts.begin(), row.counts.end()) - row.counts.begin());
    again.predict = row.counts.back() == 1 ? std::nullopt : std::optional(top);
    again.samples = again.count = 1;
    again.runner_up_count = 0;
  } else {
    Settings judge = settings;
    judge.method = procedure::Prediction{procedure::samples_of(settings)};
    again = recertified(row, judge, judge, 0);
  }
  again.correct = row.correct;      // was looked at
  again.runner_up = row.runner_up;  // of several with as many votes
  const std::string text = difference(row, as_written(again, Kind::attack), Kind::predict);
  require(text.empty(), text + ", by its own votes");
}

void check_attacked(Audit& audit, const Settings& settings, const procedure::Attack& method) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    const std::size_t line = audit.log.lines[i];
    const bool left = row.predict && *row.predict != row.attacked;
    if (row.success != left)
      find(audit, line, "success",
           fmt::format("success is {}, and predict {} with attacked {} makes it {}", int{row.success}, row.predict.value_or(-1),
                       row.attacked, int{left}));
    if (row.distance > row.budget) find(audit, line, "radius", fmt::format("distance {} is beyond budget {}", row.distance, row.budget));
    if (method.tested_radius && row.budget != *method.tested_radius)
      find(audit, line, "radius", fmt::format("budget is {}, and the radius of all images is {}", row.budget, *method.tested_radius));
    try {
      check_judgement(row, settings);
    } catch (const InputError& error) {
      find(audit, line, "counts", error.what());
    }
  }
}

}  // namespace

Record as_written(Record row, Kind kind) {
  row.seconds = 0;
  return parse_line(to_line(row, kind), parse_header(header_line(kind)));
}

std::uint64_t total(const std::vector<std::uint64_t>& votes) {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : votes) sum = part > UINT64_MAX - sum ? UINT64_MAX : sum + part;
  return sum;
}

void check_conclusions(Audit& audit, const Settings& settings) {
  if (settings.illustration) find(audit, 0, "manifest", "the counts were scaled: an illustration, not certificates");
  if (audit.manifest->find("family_wise") && audit.log.rows.size() > settings.family_size)
    find(audit, 0, "alpha",
         fmt::format("alpha is shared among {} images, and there are {} rows", settings.family_size, audit.log.rows.size()));
  const std::string needed = header_line(kind_of(settings));
  if (audit.log.columns.names != parse_header(needed).names) {
    find(audit, 1, "manifest",
         fmt::format("the columns are not those of a log of {}, so its votes were not looked at", procedure::name_of(settings.method)));
    return;
  }
  if (const auto* verification = std::get_if<procedure::Verification>(&settings.method)) return check_verified(audit, *verification);
  if (const auto* attack = std::get_if<procedure::Attack>(&settings.method)) return check_attacked(audit, settings, *attack);
  return procedure::sequential(settings) ? check_sequential(audit, settings) : check_fixed(audit, settings);
}

}  // namespace ballast::log
