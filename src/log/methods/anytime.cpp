// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write(Manifest& manifest, const procedure::Settings&, const procedure::Anytime& method) {
  write_sequential(manifest, method);
  if (method.gain) manifest.add("gain", *method.gain);
}

procedure::Anytime read(const Manifest& manifest, const procedure::Settings&, Of<procedure::Anytime>) {
  procedure::Anytime method{read_sequential(manifest), std::nullopt};
  if (manifest.find("gain")) method.gain = value_of<double>(manifest, "gain");
  require_entry(!method.gain || (*method.gain > 0 && *method.gain < 1), "gain", method.gain.value_or(0),
                "must lie between 0 and 1 (not included)");
  return method;
}

}  // namespace ballast::log
