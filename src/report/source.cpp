// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"

namespace ballast::report {
namespace {

std::string how_certified(const log::Settings& s) {
  switch (s.method) {
    case log::Method::radii: return fmt::format("at radii, n up to {}, alpha {}", s.samples, s.alpha);
    case log::Method::tolerance: return fmt::format("to a tolerance of {}, n up to {}, alpha {}", s.tolerance, s.samples, s.alpha);
    case log::Method::splitting: return "exact by splitting";
    case log::Method::verify: return s.tested ? fmt::format("at radius {}", *s.tested) : "largest radius found";
    default: break;
  }
  const bool unsplit = s.method == log::Method::certify && s.selection_samples == 0;
  return fmt::format("n {}, alpha {}{}", s.samples, s.alpha, unsplit ? ", no selection split" : "");
}

std::string scale_text_of(const log::Settings& s) {
  if (s.method == log::Method::verify) return s.models > 1 ? fmt::format("{}, {} models", s.verifier, s.models) : s.verifier;
  const auto norm = log::norm_of(s);
  return fmt::format("{} {}{}", s.noise == "split" ? "lambda" : scale_name(s.smoothing.law), s.smoothing.scale,
                     norm == "l2" ? "" : fmt::format(", {}", norm));
}

std::string attack_text(const log::Settings& s) {
  const std::string where = s.tested ? fmt::format("within {}", *s.tested) : fmt::format("within {} times certified radii", *s.factor);
  if (s.noise == "none") return fmt::format("attack on the base classifier {}", where);
  return fmt::format("attack on the smoothed classifier {}, sigma {}, {} noise, judged by n {}, alpha {}", where, s.smoothing.scale,
                     s.noise, s.samples, s.alpha);
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
  return source.settings->method == log::Method::verify ? std::nullopt : std::optional(source.settings->smoothing.scale);
}

std::string description(const log::Settings& s) {
  if (s.method == log::Method::attack) return attack_text(s);
  if (s.method == log::Method::verify)
    return fmt::format("{}, a deterministic bound on {}, {}", s.verifier,
                       s.models > 1 ? fmt::format("a cascade of {} classifiers", s.models) : "the base classifier", how_certified(s));
  std::string text =
      fmt::format("{}{}, {} noise, {}", scale_text_of(s), log::norm_of(s) == "l2" ? "" : " radii", s.noise, how_certified(s));
  if (s.method == log::Method::certify) text += fmt::format(", bound {}", stats::to_string(s.bound));
  if (s.family > 1) text += fmt::format(" (family-wise over {} images)", s.family);
  if (s.scaled) text += "; ILLUSTRATION from scaled counts, not certificates";
  return text;
}

std::optional<double> alpha_of(const Source& source, std::optional<double> stated) {
  if (!source.settings) return stated;
  const auto method = source.settings->method;
  if (method == log::Method::splitting || method == log::Method::verify || source.settings->scaled) return {};
  return source.settings->alpha;
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
  const bool is_extended = source.log.rows.size() > log::first_plan(source).value_or(source.log.rows.size());
  if (!alpha || is_extended) return {};
  return Confidence{*alpha, rho};
}

AccuracyBounds accuracy_bounds(const Source& source, double r, const Confidence& confidence) {
  return accuracy_bounds(source.log.rows, r, confidence, planned_images(source));
}

RadiusBounds radius_bounds(const Source& source, const Confidence& confidence) {
  return radius_bounds(source.log.rows, largest_radius(source), confidence, planned_images(source));
}

std::string_view norm_of(const Source& source) { return source.settings ? log::norm_of(*source.settings) : "l2"; }

std::optional<double> largest_radius(const Source& source) {
  if (source.is_predict()) return 0;
  double largest = 0;
  for (const log::Record& row : source.log.rows) largest = std::max(largest, row.radius);
  if (!source.settings) return {};
  const auto known = log::largest_radius(*source.settings);
  return known ? std::optional(std::max(largest, *known)) : std::nullopt;
}

}  // namespace ballast::report
