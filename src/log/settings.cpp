// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::log {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<Method, std::string_view>, 7> method_names{{{Method::certify, "certify"},
                                                                           {Method::radii, "certify-radii"},
                                                                           {Method::tolerance, "certify-tolerance"},
                                                                           {Method::splitting, "certify-splitting"},
                                                                           {Method::predict, "predict"},
                                                                           {Method::verify, "verify"},
                                                                           {Method::attack, "attack"}}};

constexpr std::uint64_t most_samples = std::uint64_t{1} << 32;  // of one image that the noise can number
constexpr std::uint64_t most_pilot = 100'000;                   // from here on its table takes long to compute
constexpr const char* cascade_rule = "every model answers the class, and one certifies it";
constexpr double splits_of_lambda = 510;  // Levine and Feizi 2021, on the 8-bit grid

template <typename Value>
Value value_of(const Manifest& manifest, const std::string& name) {
  const Manifest::Entry* entry = manifest.find(name);
  require(entry, fmt::format("the manifest has no entry '{}'", name));
  try {
    const Json value = Json::parse(entry->json);
    if (!std::is_same_v<Value, std::uint64_t> || value.is_number_unsigned()) return value.get<Value>();
  } catch (const Json::exception&) {
  }
  throw InputError(fmt::format("the manifest's entry '{}' is {}", name, entry->json));
}

template <typename Value>
Value value_or(const Manifest& manifest, const std::string& name, Value otherwise) {
  return manifest.find(name) ? value_of<Value>(manifest, name) : otherwise;
}

Method method_from(const std::string& name) {
  for (const auto& [value, known] : method_names) {
    if (known == name) return value;
  }
  throw InputError(fmt::format("the manifest's method is '{}'; not known", name));
}

bool is_staged(Method method) { return method == Method::radii || method == Method::tolerance; }

template <typename Value>
void require_entry(bool allowed, const char* name, const Value& value, const char* what) {
  require(allowed, fmt::format("the manifest's {} is {}; it {}", name, value, what));
}

std::uint64_t samples_of(const Manifest& manifest, const char* name, std::uint64_t least) {
  const auto samples = value_of<std::uint64_t>(manifest, name);
  require(samples >= least && samples <= most_samples,
          fmt::format("the manifest's {} is {}; it must be from {} to {}", name, samples, least, most_samples));
  return samples;
}

void read_noise(Settings& s, const Manifest& manifest) {
  s.noise = value_of<std::string>(manifest, "noise");
  const auto law = law_named(s.noise);
  require(law.has_value() == (s.method != Method::splitting),
          fmt::format("the manifest's method is {}, and does not go with noise {}", to_string(s.method), s.noise));
  s.smoothing = {law.value_or(NoiseLaw::uniform), value_of<double>(manifest, law ? std::string(scale_name(*law)) : "lambda")};
  require_entry(s.smoothing.scale > 0, "noise", s.smoothing.scale, "must have a scale above 0");
  s.law_error = value_or(manifest, "noise_error", 0.0);
  require_entry(s.law_error >= 0 && s.law_error < 0.5, "noise_error", s.law_error, "must be at least 0 and below 1/2");
}

void add_attack(Manifest& manifest, const Settings& s) {
  if (s.tested) manifest.add("radius", *s.tested);
  if (s.factor) manifest.add("factor", *s.factor);
  manifest.add("norm", std::string(norm_of(s)));
  manifest.add("noise", s.noise);
  if (s.noise == "none") return;
  manifest.add(std::string(scale_name(s.smoothing.law)), s.smoothing.scale);
  manifest.add("alpha", s.alpha);
  manifest.add("n", s.samples);
  manifest.add("noise_error", s.law_error);
}

// Every split is a sample.
void read_splitting(Settings& s) {
  const double splits = std::round(splits_of_lambda * s.smoothing.scale);
  require_entry(
      splits >= 1 && splits <= static_cast<double>(most_samples) && std::abs(splits_of_lambda * s.smoothing.scale - splits) <= 1e-6,
      "lambda", s.smoothing.scale, "must be a whole number of 510ths");
  s.selection_samples = 0;
  s.samples = static_cast<std::uint64_t>(splits);
}

void read_stages(Settings& s, const Manifest& manifest) {
  const auto target = value_of<std::string>(manifest, "target");
  require(target == "label" || target == "predicted", fmt::format("the manifest's target is '{}'; it must be label or predicted", target));
  s.labelled = target == "label";
  require_entry(s.labelled == (s.selection_samples == 0), "n0", s.selection_samples, "does not go with the target: a label needs none");
  s.futility = value_of<double>(manifest, "futility");
  require_entry(s.futility >= 0 && s.futility < 1, "futility", s.futility, "must be at least 0 and below 1");
  s.step = samples_of(manifest, "look_step", 1);
  if (s.method == Method::radii) {
    s.radii = value_of<std::vector<double>>(manifest, "radii");
    const bool rising = std::adjacent_find(s.radii.begin(), s.radii.end(), std::greater_equal<>()) == s.radii.end();
    require(!s.radii.empty() && s.radii.front() >= 0 && rising, "the manifest's radii are not rising numbers from 0 on");
    return;
  }
  s.tolerance = value_of<double>(manifest, "tolerance");
  require_entry(s.tolerance > 0 && s.tolerance < 1, "tolerance", s.tolerance, "must lie between 0 and 1 (not included)");
  s.pilot = value_of<std::uint64_t>(manifest, "pilot");
  require(s.pilot >= 1 && s.pilot <= most_pilot, fmt::format("the manifest's pilot is {}; it must be from 1 to {}", s.pilot, most_pilot));
}

std::optional<double> above_zero(const Manifest& manifest, const char* name) {
  if (!manifest.find(name)) return {};
  const auto value = value_of<double>(manifest, name);
  require_entry(std::isfinite(value) && value > 0, name, value, "must be above 0");
  return value;
}

void read_verify(Settings& s, const Manifest& manifest) {
  s.noise.clear();
  s.selection_samples = 0;
  s.samples = 0;
  s.verifier = value_of<std::string>(manifest, "verifier");
  s.tested = above_zero(manifest, "radius");
  s.most = above_zero(manifest, "most");
  s.models = value_or<std::uint64_t>(manifest, "models", 1);
  require_entry(s.models >= 1 && (s.models == 1 || s.tested), "models", s.models, "must be 1, or more where there is an entry 'radius'");
  require(s.models == 1 || manifest.text("cascade") == cascade_rule,
          "the manifest's cascade is of an earlier version, which certified what is false: that one model certifies its answer does not "
          "settle which model decides nearby; verify it again");
}

void read_alpha(Settings& s, const Manifest& manifest) {
  s.alpha = value_of<double>(manifest, "alpha");
  require_entry(s.alpha > 0 && s.alpha < 1, "alpha", s.alpha, "must lie between 0 and 1 (not included)");
}

void read_attack(Settings& s, const Manifest& manifest) {
  s.selection_samples = 0;
  s.tested = above_zero(manifest, "radius");
  s.factor = above_zero(manifest, "factor");
  require(s.tested.has_value() != s.factor.has_value(), "the manifest of an attack has either an entry 'radius' or an entry 'factor'");
  s.noise = value_of<std::string>(manifest, "noise");
  if (s.noise == "none") {
    s.samples = 1;
    return;
  }
  read_noise(s, manifest);
  read_alpha(s, manifest);
  s.samples = samples_of(manifest, "n", 1);
}

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [value, name] : method_names) {
    if (value == method) return name;
  }
  return {};
}

std::optional<NoiseLaw> law_named(std::string_view noise) {
  if (noise == "grid" || noise == "gaussian") return NoiseLaw::gaussian;
  if (noise == "uniform" || noise == "uniform-grid") return NoiseLaw::uniform;
  if (noise == "laplace" || noise == "laplace-grid") return NoiseLaw::laplace;
  require(noise == "split", fmt::format("noise '{}': not known", noise));
  return {};
}

std::string_view norm_of(const Settings& settings) {
  if (settings.method == Method::verify || settings.method == Method::attack) return "l2";
  const auto law = law_named(settings.noise);
  return law ? ballast::norm_of(*law) : "l1";
}

void add_to(Manifest& manifest, const Settings& s) {
  const Method method = s.method;
  manifest.add("method", std::string(to_string(method)));
  if (method == Method::attack) return add_attack(manifest, s);
  if (method == Method::verify) {
    manifest.add("verifier", s.verifier);
    if (s.models > 1) {
      manifest.add("models", s.models);
      manifest.add("cascade", cascade_rule);
    }
    if (s.tested) manifest.add("radius", *s.tested);
    if (s.most) manifest.add("most", *s.most);
    manifest.add("norm", std::string(norm_of(s)));
    return;
  }
  const auto law = law_named(s.noise);
  manifest.add(law ? std::string(scale_name(*law)) : "lambda", s.smoothing.scale);
  if (method != Method::splitting) {
    manifest.add("alpha", s.alpha);
    if (s.family > 1) manifest.add("family_wise", s.family);
  }
  if (method == Method::certify) {
    manifest.add("bound", std::string(stats::to_string(s.bound)));
    manifest.add("selection", s.selection_samples > 0 ? "split" : "none");
  }
  if (is_staged(method)) manifest.add("target", s.labelled ? "label" : "predicted");
  if (s.selection_samples > 0 && method != Method::predict && method != Method::splitting) manifest.add("n0", s.selection_samples);
  if (method != Method::splitting) manifest.add("n", s.samples);
  if (method == Method::radii) manifest.entries.push_back({"radii", Json(s.radii).dump()});
  if (method == Method::tolerance) {
    manifest.add("tolerance", s.tolerance);
    manifest.add("pilot", s.pilot);
  }
  if (is_staged(method)) {
    manifest.add("futility", s.futility);
    manifest.add("look_step", s.step);
  }
  if (s.scaled) manifest.add("illustration", "counts were scaled down, not drawn: not a certificate");
  manifest.add("noise", s.noise);
  manifest.add("norm", std::string(norm_of(s)));
  manifest.add("noise_error", s.law_error);
}

namespace {

Settings read_settings(const Manifest& manifest) {
  Settings s;
  s.method = method_from(value_of<std::string>(manifest, "method"));
  if (s.method == Method::verify) {
    read_verify(s, manifest);
    return s;
  }
  if (s.method == Method::attack) {
    read_attack(s, manifest);
    return s;
  }
  read_noise(s, manifest);
  if (s.method == Method::splitting) {
    read_splitting(s);
    return s;
  }
  read_alpha(s, manifest);
  s.family = value_or<std::uint64_t>(manifest, "family_wise", 1);
  require_entry(s.family >= 1, "family_wise", s.family, "must be at least 1");
  s.samples = samples_of(manifest, "n", 1);
  s.selection_samples = manifest.find("n0") ? samples_of(manifest, "n0", 0) : 0;
  s.scaled = manifest.find("illustration") != nullptr;
  if (s.method == Method::certify) {
    const auto bound = stats::bound_from(value_or<std::string>(manifest, "bound", "cohen"));
    require(bound.has_value(), "the manifest's bound is not known");
    s.bound = *bound;
    stats::check(claim_settings(s));
  }
  if (is_staged(s.method)) read_stages(s, manifest);
  return s;
}

}  // namespace

Settings settings_from(const Manifest& manifest) {
  const Settings settings = read_settings(manifest);
  const auto norm = manifest.text("norm"), selection = manifest.text("selection");
  require(!norm || *norm == norm_of(settings),
          fmt::format("the manifest's norm is {}, and its certificates are in {}", norm.value_or(""), norm_of(settings)));
  require(
      !selection || (*selection == "split") == (settings.selection_samples > 0),
      fmt::format("the manifest's selection is {}, which does not go with n0 = {}", selection.value_or(""), settings.selection_samples));
  return settings;
}

stats::ClaimSettings claim_settings(const Settings& s) { return {s.alpha, s.smoothing, s.law_error, s.bound, s.selection_samples > 0}; }

stats::RadiiDesign radii_design(const Settings& s) { return {s.radii, s.alpha, s.samples, s.step, s.futility, s.smoothing, s.law_error}; }

stats::TwoStageDesign two_stage_design(const Settings& s) {
  return {s.tolerance, s.alpha, s.samples, s.step, s.pilot, s.smoothing, s.law_error};
}

Kind kind_of(Method method) {
  if (method == Method::predict) return Kind::predict;
  if (method == Method::verify) return Kind::verify;
  if (method == Method::attack) return Kind::attack;
  return is_staged(method) ? Kind::staged : Kind::certify;
}

Kind kind_of(const Settings& settings) { return settings.models > 1 ? Kind::cascade : kind_of(settings.method); }

std::optional<double> largest_radius(const Settings& settings) {
  switch (settings.method) {
    case Method::radii: return settings.radii.back();
    case Method::splitting: return settings.smoothing.scale;
    case Method::predict:
    case Method::attack: return 0;
    case Method::verify: return settings.tested ? settings.tested : settings.most;
    default: break;
  }
  auto unanimous = claim_settings(settings);
  unanimous.selected_apart = unanimous.selected_apart || settings.method == Method::tolerance;
  return stats::largest_radius(unanimous, settings.samples);
}

}  // namespace ballast::log
