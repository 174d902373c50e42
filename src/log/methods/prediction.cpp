// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write(Manifest& manifest, const procedure::Settings&, const procedure::Prediction& method) { manifest.add("n", method.samples); }

procedure::Prediction read(const Manifest& manifest, const procedure::Settings&, Of<procedure::Prediction>) {
  return {samples_entry(manifest, "n", 1)};
}

}  // namespace ballast::log
