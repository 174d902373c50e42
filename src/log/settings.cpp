// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/settings.hpp"

#include "methods/entries.hpp"
#include "methods/methods.hpp"

namespace ballast::log {
namespace {

// The method of this name, whatever its fields.
template <typename... Methods>
std::optional<procedure::Method> method_named(const std::string& name, const std::variant<Methods...>&) {
  std::optional<procedure::Method> found;
  ((procedure::name_of(Methods{}) == name ? void(found = Methods{}) : void()), ...);
  return found;
}

bool has_alpha(const Settings& settings) { return settings.noise && !procedure::is<procedure::Splitting>(settings); }

void read_noise(Settings& s, const Manifest& manifest) {
  s.noise.reset();
  if (procedure::is<procedure::Verification>(s)) return;
  const auto name = value_of<std::string>(manifest, "noise");
  if (procedure::is<procedure::Attack>(s) && name == "none") return;
  s.noise = noise_named(name);
  require(s.noise.has_value(), fmt::format("noise '{}': not known", name));
  require(traits(*s.noise).law.has_value() == !procedure::is<procedure::Splitting>(s),
          fmt::format("the manifest's method is {}, and does not go with noise {}", procedure::name_of(s.method), name));
  s.scale = value_of<double>(manifest, std::string(scale_name(*s.noise)));
  require_entry(s.scale > 0, "noise", s.scale, "must have a scale above 0");
  s.noise_error = value_or(manifest, "noise_error", 0.0);
  require_entry(s.noise_error >= 0 && s.noise_error < 0.5, "noise_error", s.noise_error, "must be at least 0 and below 1/2");
}

void read_alpha(Settings& s, const Manifest& manifest) {
  s.alpha = value_of<double>(manifest, "alpha");
  require_entry(s.alpha > 0 && s.alpha < 1, "alpha", s.alpha, "must lie between 0 and 1 (not included)");
  s.family_size = value_or<std::uint64_t>(manifest, "family_wise", 1);
  require_entry(s.family_size >= 1, "family_wise", s.family_size, "must be at least 1");
}

}  // namespace

Kind kind_of(const Settings& settings) {
  if (const auto* verification = std::get_if<procedure::Verification>(&settings.method))
    return verification->models > 1 ? Kind::cascade : Kind::verify;
  if (procedure::is<procedure::Prediction>(settings)) return Kind::predict;
  if (procedure::is<procedure::Attack>(settings)) return Kind::attack;
  return procedure::sequential(settings) ? Kind::staged : Kind::certify;
}

void add_to(Manifest& manifest, const Settings& s) {
  manifest.add("method", std::string(procedure::name_of(s.method)));
  if (s.noise) {
    manifest.add("noise", std::string(traits(*s.noise).name));
    manifest.add(std::string(scale_name(*s.noise)), s.scale);
    manifest.add("noise_error", s.noise_error);
  }
  if (has_alpha(s)) manifest.add("alpha", s.alpha);
  if (s.family_size > 1) manifest.add("family_wise", s.family_size);
  if (s.illustration) manifest.add("illustration", "counts were scaled down, not drawn: not a certificate");
  manifest.add("norm", std::string(procedure::norm_of(s)));
  std::visit([&](const auto& method) { write(manifest, s, method); }, s.method);
}

Settings settings_from(const Manifest& manifest) {
  const auto name = value_of<std::string>(manifest, "method");
  const auto method = method_named(name, procedure::Method());
  require(method.has_value(), fmt::format("the manifest's method is '{}'; not known", name));
  Settings s;
  s.method = *method;
  read_noise(s, manifest);
  if (has_alpha(s)) read_alpha(s, manifest);
  s.illustration = manifest.find("illustration") != nullptr;
  s.method = std::visit([&](const auto& of) -> procedure::Method { return read(manifest, s, Of<std::decay_t<decltype(of)>>{}); }, *method);
  const auto norm = manifest.text("norm"), selection = manifest.text("selection");
  require(!norm || *norm == procedure::norm_of(s),
          fmt::format("the manifest's norm is {}, and its certificates are in {}", norm.value_or(""), procedure::norm_of(s)));
  require(!selection || *selection == "split" || *selection == "none",
          fmt::format("the manifest's selection is '{}'; it must be split or none", selection.value_or("")));
  require(!selection || (*selection == "split") == (procedure::selection_samples_of(s) > 0),
          fmt::format("the manifest's selection is {}, which does not go with n0 = {}", selection.value_or(""),
                      procedure::selection_samples_of(s)));
  return s;
}

}  // namespace ballast::log
