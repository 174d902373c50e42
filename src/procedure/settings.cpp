// SPDX-License-Identifier: Apache-2.0

#include "ballast/procedure/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "ballast/core/errors.hpp"
#include "ballast/core/overloaded.hpp"
#include "ballast/stats/requirements.hpp"

namespace ballast::procedure {
namespace {

template <typename Design>
Design common(const Settings& settings, const Sequential& of) {
  Design design;
  design.alpha = settings.alpha;
  design.most = of.samples;
  design.step = of.step;
  design.smoothing = smoothing_of(settings);
  design.noise_error = settings.noise_error;
  return design;
}

void check_method(const Settings& s, const FixedSamples& method) {
  stats::check(claim_settings(s));
  stats::require_usable_samples("n0", method.selection_samples);
  stats::require_usable_samples("n", method.samples);
  stats::require_certifiable(claim_settings(s), method.samples);
}

void check_method(const Settings&, const Sequential& method) {
  stats::require_usable_samples("n0", method.selection_samples);
  require(method.target_is_label == (method.selection_samples == 0),
          "n0 = 0: at least 1 sample is needed to guess the class, and none where it is the label");
}

void check_method(const Settings& s, const NamedRadii& method) {
  check_method(s, static_cast<const Sequential&>(method));
  require_affordable(s);
}

void check_method(const Settings& s, const Tolerance& method) {
  check_method(s, static_cast<const Sequential&>(method));
  require(
      method.samples > method.pilot,
      fmt::format("n is {}; it must be above {}, the samples of the pilot, which say how many more to draw", method.samples, method.pilot));
  require_affordable(s);
}

void check_method(const Settings& s, const Prediction& method) {
  stats::require_usable_samples("n", method.samples);
  stats::require_predictable(s.alpha, method.samples);
}

void check_method(const Settings&, const Splitting&) {}
void check_method(const Settings&, const Verification&) {}
void check_method(const Settings&, const Attack&) {}

constexpr std::uint64_t most_designed = 20'000'000;  // samples of all sequential tests together: half a minute

}  // namespace

void require_affordable(const Settings& settings) {
  const auto* named = std::get_if<NamedRadii>(&settings.method);
  if (!named && !is<Tolerance>(settings)) return;
  const std::size_t tests = named ? std::max<std::size_t>(named->radii.size(), 1) : 1;
  const double root = std::sqrt(std::max(1.0, std::log(settings.alpha) / std::log(0.001)));
  const auto most = static_cast<std::uint64_t>(static_cast<double>(most_designed) / (static_cast<double>(tests) * root));
  const std::uint64_t samples = samples_of(settings);
  require(samples <= most, fmt::format("n is {}; to compute its {} sequential test{} at alpha = {} it must be at most {}", samples, tests,
                                       tests == 1 ? "" : "s", settings.alpha, most));
}

std::string_view name_of(const Method& method) {
  return std::visit(Overloaded{[](const FixedSamples&) { return "certify"; }, [](const NamedRadii&) { return "certify-radii"; },
                               [](const Tolerance&) { return "certify-tolerance"; }, [](const Anytime&) { return "certify-anytime"; },
                               [](const Splitting&) { return "certify-splitting"; }, [](const Prediction&) { return "predict"; },
                               [](const Verification&) { return "verify"; }, [](const Attack&) { return "attack"; }},
                    method);
}

const Sequential* sequential(const Settings& settings) {
  return std::visit(
      [](const auto& method) -> const Sequential* {
        if constexpr (std::is_base_of_v<Sequential, std::decay_t<decltype(method)>>) return &method;
        else return nullptr;
      },
      settings.method);
}

std::uint64_t samples_of(const Settings& settings) {
  return std::visit(Overloaded{[](const Splitting& method) { return method.splits; }, [](const Verification&) { return std::uint64_t{0}; },
                               [](const auto& method) { return method.samples; }},
                    settings.method);
}

std::uint64_t selection_samples_of(const Settings& settings) {
  if (const Sequential* method = sequential(settings)) return method->selection_samples;
  const auto* fixed = std::get_if<FixedSamples>(&settings.method);
  return fixed ? fixed->selection_samples : 0;
}

bool target_is_label(const Settings& settings) {
  const Sequential* method = sequential(settings);
  return method && method->target_is_label;
}

std::string_view norm_of(const Settings& settings) {
  return settings.noise && !is<Attack>(settings) ? ballast::norm_of(*settings.noise) : "l2";
}

std::string_view scale_name_of(const Settings& settings) { return scale_name(settings.noise.value()); }

std::optional<double> largest_radius(const Settings& s) {
  return std::visit(
      Overloaded{[&](const FixedSamples& method) { return std::optional(stats::largest_radius(claim_settings(s), method.samples)); },
                 [](const NamedRadii& method) { return std::optional(method.radii.back()); },
                 [&](const Tolerance& method) {
                   return std::optional(
                       stats::largest_radius({s.alpha, smoothing_of(s), s.noise_error, stats::Bound::cohen, true}, method.samples));
                 },
                 [&](const Anytime& method) {
                   const auto radius = stats::anytime_claim(method.samples, 0, s.alpha, smoothing_of(s), s.noise_error).radius;
                   return std::optional(radius.value_or(0));
                 },
                 [&](const Splitting&) { return std::optional(s.scale); }, [](const Prediction&) { return std::optional(0.0); },
                 [](const Attack&) { return std::optional(0.0); },
                 [](const Verification& method) { return method.tested_radius ? method.tested_radius : method.most; }},
      s.method);
}

std::vector<double> telling_radii(const Settings& settings) {
  if (const auto* named = std::get_if<NamedRadii>(&settings.method)) {
    std::vector<double> radii{named->radii.front(), named->radii[named->radii.size() / 2], named->radii.back()};
    radii.erase(std::unique(radii.begin(), radii.end()), radii.end());
    return radii;
  }
  const auto law = traits(settings.noise.value()).law;
  const double step = settings.scale * (law ? traits(*law).radius_unit : 0.25);
  return {0, step, 2 * step};
}

Smoothing smoothing_of(const Settings& settings) { return {traits(settings.noise.value()).law.value(), settings.scale}; }

stats::ClaimSettings claim_settings(const Settings& s) {
  const auto& method = std::get<FixedSamples>(s.method);
  return {s.alpha, smoothing_of(s), s.noise_error, method.bound, method.selection_samples > 0};
}

stats::RadiiDesign radii_design(const Settings& s) {
  const auto& method = std::get<NamedRadii>(s.method);
  auto design = common<stats::RadiiDesign>(s, method);
  design.radii = method.radii;
  design.futility = method.futility;
  return design;
}

stats::TwoStageDesign two_stage_design(const Settings& s) {
  const auto& method = std::get<Tolerance>(s.method);
  auto design = common<stats::TwoStageDesign>(s, method);
  design.tolerance = method.tolerance;
  design.pilot = method.pilot;
  return design;
}

stats::AnytimeDesign anytime_design(const Settings& s) {
  const auto& method = std::get<Anytime>(s.method);
  auto design = common<stats::AnytimeDesign>(s, method);
  design.futility = method.futility;
  design.gain = method.gain;
  return design;
}

void check(const Settings& s) {
  const bool has_law = s.noise && traits(*s.noise).law;
  if (is<Verification>(s)) return;
  if (!s.noise && is<Attack>(s)) return;
  require(s.noise.has_value(), fmt::format("{} needs noise", name_of(s.method)));
  require(has_law != is<Splitting>(s), fmt::format("noise {} does not go with {}", traits(*s.noise).name, name_of(s.method)));
  if (has_law) {
    stats::require_usable_scale(smoothing_of(s));
    stats::require_usable_alpha(s.alpha);
  }
  std::visit([&](const auto& method) { check_method(s, method); }, s.method);
}

}  // namespace ballast::procedure
