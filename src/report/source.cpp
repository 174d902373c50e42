// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/core/overloaded.hpp"
#include "ballast/core/printable.hpp"

namespace ballast::report {
namespace {

using procedure::Settings;

std::string of_samples(const Settings& s, const char* up_to = "") {
  return fmt::format("n {}{}, alpha {}", up_to, procedure::samples_of(s), s.alpha);
}

std::string how_certified(const Settings& s) {
  using namespace procedure;
  return std::visit(
      Overloaded{
          [&](const FixedSamples& method) { return of_samples(s) + (method.selection_samples == 0 ? ", no selection split" : ""); },
          [&](const NamedRadii&) { return "at radii, " + of_samples(s, "up to "); },
          [&](const Tolerance& method) { return fmt::format("to a tolerance of {}, {}", method.tolerance, of_samples(s, "up to ")); },
          [&](const Anytime&) { return "at any time, " + of_samples(s, "up to "); },
          [](const Splitting&) { return std::string("exact by splitting"); },
          [](const Verification& method) {
            return method.tested_radius ? fmt::format("at radius {}", *method.tested_radius) : "largest radius found";
          },
          [&](const auto&) { return of_samples(s); }},
      s.method);
}

std::string scale_text_of(const Settings& s) {
  if (const auto* method = std::get_if<procedure::Verification>(&s.method))
    return method->models > 1 ? fmt::format("{}, {} models", method->verifier, method->models) : method->verifier;
  if (!s.noise) return "";
  const auto norm = procedure::norm_of(s);
  return fmt::format("{} {}{}", procedure::scale_name_of(s), s.scale, norm == "l2" ? "" : fmt::format(", {}", norm));
}

std::string attack_text(const Settings& s, const procedure::Attack& method) {
  const std::string where = method.tested_radius ? fmt::format("within {}", *method.tested_radius)
                                                 : fmt::format("within {} times certified radii", *method.factor);
  if (!s.noise) return fmt::format("attack on the base classifier {}", where);
  return fmt::format("attack on the smoothed classifier {}, sigma {}, {} noise, judged by n {}, alpha {}", where, s.scale,
                     traits(*s.noise).name, method.samples, s.alpha);
}

}  // namespace

Source read_source(const std::string& file) { return {log::read_source(file), ""}; }

Source read_certified(const std::string& file) {
  Source source = read_source(file);
  require(!source.is_attack(), fmt::format("{}: is a log of attack, which certifies nothing; summary reads it", file));
  return source;
}

std::vector<std::string> names_of(std::span<const Source> sources) {
  std::multiset<std::string> files;
  for (const Source& source : sources) files.insert(std::filesystem::path(source.file).filename().string());
  std::vector<std::string> names;
  std::multiset<std::string> used;
  for (const Source& source : sources) {
    const std::filesystem::path path(source.file);
    std::string name = source.title.empty() ? path.filename().string() : source.title;
    if (source.title.empty() && files.count(name) > 1 && path.has_parent_path())
      name = (path.parent_path().filename() / path.filename()).string();
    const std::size_t before = used.count(name);
    used.insert(name);
    names.push_back(printable(before > 0 ? fmt::format("{} ({})", name, before + 1) : name));
  }
  return names;
}

std::string scale_text(const Source& source) {
  if (source.settings) return scale_text_of(*source.settings);
  const auto sigma = log::sigma_in_name(source.file);
  return sigma ? fmt::format("sigma {}", *sigma) : "";
}

std::optional<double> scale_of(const Source& source) {
  if (!source.settings) return log::sigma_in_name(source.file);
  return source.settings->noise ? std::optional(source.settings->scale) : std::nullopt;
}

std::string description(const Settings& s) {
  if (const auto* attack = std::get_if<procedure::Attack>(&s.method)) return attack_text(s, *attack);
  if (const auto* method = std::get_if<procedure::Verification>(&s.method))
    return fmt::format("{}, a deterministic bound on {}, {}", method->verifier,
                       method->models > 1 ? fmt::format("a cascade of {} classifiers", method->models) : "the base classifier",
                       how_certified(s));
  std::string text = fmt::format("{}{}, {} noise, {}", scale_text_of(s), procedure::norm_of(s) == "l2" ? "" : " radii",
                                 traits(*s.noise).name, how_certified(s));
  if (const auto* method = std::get_if<procedure::FixedSamples>(&s.method))
    text += fmt::format(", bound {}", stats::to_string(method->bound));
  if (s.family_size > 1) text += fmt::format(" (family-wise over {} images)", s.family_size);
  if (s.illustration) text += "; ILLUSTRATION from scaled counts, not certificates";
  return text;
}

std::optional<double> alpha_of(const Source& source, std::optional<double> stated) {
  if (!source.settings) return stated;
  const Settings& settings = *source.settings;
  if (procedure::is<procedure::Splitting>(settings) || procedure::is<procedure::Verification>(settings) || settings.illustration) return {};
  return settings.alpha;
}

std::uint64_t planned_images(const Source& source) {
  const std::uint64_t rows = source.log.rows.size();
  return std::max(rows, log::first_plan(source).value_or(rows));
}

std::string standing(const Source& source) {
  const std::uint64_t rows = source.log.rows.size(), planned = log::first_plan(source).value_or(rows);
  if (rows < planned) return fmt::format("incomplete: {} of {} rows", rows, planned);
  if (rows > planned) return fmt::format("extended: {} rows, of which {} were planned at first", rows, planned);
  return "";
}

std::optional<Confidence> confidence_of(const Source& source, std::optional<double> stated_alpha, double rho) {
  const auto alpha = alpha_of(source, stated_alpha);
  const auto planned = log::first_plan(source);
  const bool may_depend = source.manifest && (!planned || source.log.rows.size() > *planned);
  if (!alpha || may_depend) return {};
  return Confidence{*alpha, rho};
}

AccuracyBounds accuracy_bounds(const Source& source, double r, const Confidence& confidence) {
  return accuracy_bounds(source.log.rows, r, confidence, planned_images(source));
}

RadiusBounds radius_bounds(const Source& source, const Confidence& confidence) {
  return radius_bounds(source.log.rows, largest_radius(source), confidence, planned_images(source));
}

std::string_view norm_of(const Source& source) { return source.settings ? procedure::norm_of(*source.settings) : "l2"; }

std::optional<double> largest_radius(const Source& source) {
  if (source.is_predict()) return 0;
  double largest = 0;
  for (const log::Record& row : source.log.rows) largest = std::max(largest, row.radius);
  if (!source.settings) return {};
  const auto known = procedure::largest_radius(*source.settings);
  return known ? std::optional(std::max(largest, *known)) : std::nullopt;
}

}  // namespace ballast::report
