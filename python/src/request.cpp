// SPDX-License-Identifier: Apache-2.0

#include "request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/run/procedures.hpp"

namespace ballast::python {
namespace {

// The value that goes with a word. The message names all words.
template <typename Value>
Value choice(const char* argument, const std::string& word, std::initializer_list<std::pair<const char*, Value>> allowed) {
  std::string words;
  for (const auto& [name, value] : allowed) {
    if (word == name) return value;
    words += fmt::format("{}'{}'", words.empty() ? "" : ", ", name);
  }
  throw InputError(fmt::format("{} = '{}': must be one of {}", argument, word, words));
}

Smoothing smoothing_of(const NoiseArguments& noise) {
  const auto law = choice<NoiseLaw>("noise", noise.kind,
                                    {{"auto", NoiseLaw::gaussian},
                                     {"grid", NoiseLaw::gaussian},
                                     {"gaussian", NoiseLaw::gaussian},
                                     {"uniform", NoiseLaw::uniform},
                                     {"laplace", NoiseLaw::laplace},
                                     {"split", NoiseLaw::uniform}});
  const bool gaussian = law == NoiseLaw::gaussian;
  require(!gaussian || noise.sigma, "sigma is required: the standard deviation of the noise");
  require(!gaussian || !noise.lambda, "lambda_ goes with noise = 'uniform', 'laplace' or 'split'");
  require(gaussian || noise.lambda, fmt::format("noise = '{}': lambda_ is required, its scale", noise.kind));
  require(gaussian || !noise.sigma, fmt::format("noise = '{}': its scale is lambda_, not sigma", noise.kind));
  return {law, gaussian ? *noise.sigma : *noise.lambda};
}

// Any name of the noise's law will do until the images are known.
std::string provisional_name(const NoiseArguments& noise, const Smoothing& smoothing) {
  return smoothing.law == NoiseLaw::gaussian ? "gaussian" : noise.kind;
}

void check_together(const CertifyArguments& a) {
  const bool staged = !a.radii.empty() || a.tolerance, splitting = a.noise.kind == "split";
  require(a.radii.empty() || !a.tolerance, "radii and tolerance do not go together");
  require(!splitting || !staged, "noise = 'split': is exact from all its splits; radii and tolerance do not go with it");
  require(!staged || a.bound == "cohen", fmt::format("bound = '{}': not with radii or tolerance", a.bound));
  require(!staged || a.selection == "split", fmt::format("selection = '{}': not with radii or tolerance", a.selection));
  require(!splitting || (a.bound == "cohen" && a.selection == "split" && !a.family_wise),
          "noise = 'split': is exact; bound, selection and family_wise do not go with it");
}

log::Method method_of(const CertifyArguments& a) {
  if (!a.radii.empty()) return log::Method::radii;
  if (a.tolerance) return log::Method::tolerance;
  return a.noise.kind == "split" ? log::Method::splitting : log::Method::certify;
}

}  // namespace

Request certify_request(const CertifyArguments& a) {
  check_together(a);
  log::Settings s;
  s.method = method_of(a);
  s.smoothing = smoothing_of(a.noise);
  s.noise = provisional_name(a.noise, s.smoothing);
  s.alpha = a.alpha;
  const bool staged = log::kind_of(s.method) == log::Kind::staged;
  s.labelled = staged && a.labelled;
  const bool selects =
      choice<bool>("selection", a.selection, {{"split", true}, {"none", false}}) && !s.labelled && s.method != log::Method::splitting;
  require(!selects || a.selection_samples > 0, "n0 = 0: at least 1 sample is needed to guess the class");
  s.selection_samples = selects ? a.selection_samples : 0;
  s.samples = a.samples;
  s.bound = choice<stats::Bound>("bound", a.bound, {{"cohen", stats::Bound::cohen}, {"pb", stats::Bound::pair}});
  s.futility = a.futility;
  s.radii = a.radii;
  std::sort(s.radii.begin(), s.radii.end());
  s.tolerance = a.tolerance.value_or(0);
  run::check(s);
  return {s, a.noise.kind, a.family_wise};
}

Request predict_request(const NoiseArguments& noise, std::uint64_t samples, double alpha) {
  log::Settings s;
  s.method = log::Method::predict;
  s.smoothing = smoothing_of(noise);
  s.noise = provisional_name(noise, s.smoothing);
  s.alpha = alpha;
  s.samples = samples;
  run::check(s);
  return {s, noise.kind, false};
}

model::ModelOptions model_options(const std::string& engine, const std::string& precision, const std::string& layout, double input_scale,
                                  std::vector<double> mean, std::vector<double> deviation) {
  using Layout = std::optional<graph::InputLayout>;
  model::ModelOptions options;
  options.engine = choice<model::Engine>("engine", engine, {{"onednn", model::Engine::onednn}, {"aten", model::Engine::aten}});
  options.precision = choice<model::Precision>(
      "precision", precision, {{"auto", model::Precision::automatic}, {"fp32", model::Precision::fp32}, {"bf16", model::Precision::bf16}});
  options.layout = choice<Layout>(
      "layout", layout,
      {{"auto", std::nullopt}, {"chw", graph::InputLayout::chw}, {"hwc", graph::InputLayout::hwc}, {"flat", graph::InputLayout::flat}});
  options.input_scale = input_scale;
  options.mean = std::move(mean);
  options.deviation = std::move(deviation);
  return options;
}

}  // namespace ballast::python
