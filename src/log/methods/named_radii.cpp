// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <functional>

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write(Manifest& manifest, const procedure::Settings&, const procedure::NamedRadii& method) {
  write_sequential(manifest, method);
  manifest.entries.push_back({"radii", nlohmann::json(method.radii).dump()});
}

procedure::NamedRadii read(const Manifest& manifest, const procedure::Settings&, Of<procedure::NamedRadii>) {
  procedure::NamedRadii method{read_sequential(manifest), value_of<std::vector<double>>(manifest, "radii")};
  const auto& radii = method.radii;
  const bool rising = std::adjacent_find(radii.begin(), radii.end(), std::greater_equal<>()) == radii.end();
  require(!radii.empty() && radii.front() >= 0 && rising, "the manifest's radii are not rising numbers from 0 on");
  return method;
}

}  // namespace ballast::log
