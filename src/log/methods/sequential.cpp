// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write_sequential(Manifest& manifest, const procedure::Sequential& method) {
  manifest.add("target", method.target_is_label ? "label" : "predicted");
  if (method.selection_samples > 0) manifest.add("n0", method.selection_samples);
  manifest.add("n", method.samples);
  manifest.add("futility", method.futility);
  manifest.add("look_step", method.step);
}

procedure::Sequential read_sequential(const Manifest& manifest) {
  procedure::Sequential method;
  method.samples = samples_entry(manifest, "n", 1);
  method.selection_samples = manifest.find("n0") ? samples_entry(manifest, "n0", 0) : 0;
  const auto target = value_of<std::string>(manifest, "target");
  require(target == "label" || target == "predicted", fmt::format("the manifest's target is '{}'; it must be label or predicted", target));
  method.target_is_label = target == "label";
  require_entry(method.target_is_label == (method.selection_samples == 0), "n0", method.selection_samples,
                "does not go with the target: a label needs none");
  method.futility = value_of<double>(manifest, "futility");
  require_entry(method.futility >= 0 && method.futility < 1, "futility", method.futility, "must be at least 0 and below 1");
  method.step = samples_entry(manifest, "look_step", 1);
  return method;
}

}  // namespace ballast::log
