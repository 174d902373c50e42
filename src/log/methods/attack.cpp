// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Attack& method) {
  if (method.tested_radius) manifest.add("radius", *method.tested_radius);
  if (method.factor) manifest.add("factor", *method.factor);
  if (settings.noise) manifest.add("n", method.samples);
  else manifest.add("noise", "none");
}

procedure::Attack read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Attack>) {
  procedure::Attack method{1, above_zero(manifest, "radius"), above_zero(manifest, "factor")};
  require(method.tested_radius.has_value() != method.factor.has_value(),
          "the manifest of an attack has either an entry 'radius' or an entry 'factor'");
  if (settings.noise) method.samples = samples_entry(manifest, "n", 1);
  return method;
}

}  // namespace ballast::log
