// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write(Manifest& manifest, const procedure::Settings&, const procedure::FixedSamples& method) {
  manifest.add("bound", std::string(stats::to_string(method.bound)));
  manifest.add("selection", method.selection_samples > 0 ? "split" : "none");
  if (method.selection_samples > 0) manifest.add("n0", method.selection_samples);
  manifest.add("n", method.samples);
}

procedure::FixedSamples read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::FixedSamples>) {
  procedure::FixedSamples method;
  method.samples = samples_entry(manifest, "n", 1);
  method.selection_samples = manifest.find("n0") ? samples_entry(manifest, "n0", 0) : 0;
  const auto bound = stats::bound_from(value_or<std::string>(manifest, "bound", "cohen"));
  require(bound.has_value(), "the manifest's bound is not known");
  method.bound = *bound;
  stats::check({settings.alpha, smoothing_of(settings), settings.noise_error, method.bound, method.selection_samples > 0});
  return method;
}

}  // namespace ballast::log
