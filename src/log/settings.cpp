// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/settings.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::log {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<Method, std::string_view>, 5> method_names{{{Method::certify, "certify"},
                                                                           {Method::radii, "certify-radii"},
                                                                           {Method::tolerance, "certify-tolerance"},
                                                                           {Method::splitting, "certify-splitting"},
                                                                           {Method::predict, "predict"}}};

template <typename Value>
Value value_of(const Manifest& manifest, const std::string& name) {
  const Manifest::Entry* entry = manifest.find(name);
  require(entry, fmt::format("the manifest has no entry '{}'", name));
  try {
    return Json::parse(entry->json).get<Value>();
  } catch (const Json::exception&) {
    throw InputError(fmt::format("the manifest's entry '{}' is {}", name, entry->json));
  }
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
  const auto law = law_named(settings.noise);
  return law ? ballast::norm_of(*law) : "l1";
}

void add_to(Manifest& manifest, const Settings& s) {
  const Method method = s.method;
  manifest.add("method", std::string(to_string(method)));
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
  if (method == Method::radii) manifest.entries.push_back({"radii", Json(s.radii).dump(), true});
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

Settings settings_from(const Manifest& manifest) {
  Settings s;
  s.method = method_from(value_of<std::string>(manifest, "method"));
  s.noise = value_of<std::string>(manifest, "noise");
  const auto law = law_named(s.noise);
  s.smoothing = {law.value_or(NoiseLaw::uniform), value_of<double>(manifest, law ? std::string(scale_name(*law)) : "lambda")};
  require(s.smoothing.scale > 0, "the manifest's noise has a scale that is not above 0");
  s.law_error = value_or(manifest, "noise_error", 0.0);
  require(s.law_error >= 0 && s.law_error < 0.5, "the manifest's noise_error is not between 0 and 1/2");
  if (s.method == Method::splitting) {
    s.selection_samples = 0;
    return s;
  }
  s.alpha = value_of<double>(manifest, "alpha");
  require(s.alpha > 0 && s.alpha < 1, "the manifest's alpha does not lie between 0 and 1");
  s.family = value_or<std::uint64_t>(manifest, "family_wise", 1);
  s.samples = value_of<std::uint64_t>(manifest, "n");
  s.selection_samples = value_or<std::uint64_t>(manifest, "n0", 0);
  s.scaled = manifest.find("illustration") != nullptr;
  if (s.method == Method::certify) {
    const auto bound = stats::bound_from(value_or<std::string>(manifest, "bound", "cohen"));
    require(bound.has_value(), "the manifest's bound is not known");
    s.bound = *bound;
  }
  if (is_staged(s.method)) {
    s.labelled = value_of<std::string>(manifest, "target") == "label";
    s.futility = value_of<double>(manifest, "futility");
    s.step = value_of<std::uint64_t>(manifest, "look_step");
  }
  if (s.method == Method::radii) s.radii = value_of<std::vector<double>>(manifest, "radii");
  if (s.method == Method::tolerance) {
    s.tolerance = value_of<double>(manifest, "tolerance");
    s.pilot = value_of<std::uint64_t>(manifest, "pilot");
  }
  return s;
}

stats::ClaimSettings claim_settings(const Settings& s) { return {s.alpha, s.smoothing, s.law_error, s.bound, s.selection_samples > 0}; }

stats::RadiiDesign radii_design(const Settings& s) { return {s.radii, s.alpha, s.samples, s.step, s.futility, s.smoothing, s.law_error}; }

stats::TwoStageDesign two_stage_design(const Settings& s) {
  return {s.tolerance, s.alpha, s.samples, s.step, s.pilot, s.smoothing, s.law_error};
}

}  // namespace ballast::log
