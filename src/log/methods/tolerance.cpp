// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {
namespace {

constexpr std::uint64_t most_pilot = 100'000;  // from here on its table takes long to compute

}  // namespace

void write(Manifest& manifest, const procedure::Settings&, const procedure::Tolerance& method) {
  write_sequential(manifest, method);
  manifest.add("tolerance", method.tolerance);
  manifest.add("pilot", method.pilot);
}

procedure::Tolerance read(const Manifest& manifest, const procedure::Settings&, Of<procedure::Tolerance>) {
  procedure::Tolerance method{read_sequential(manifest), value_of<double>(manifest, "tolerance"),
                              value_of<std::uint64_t>(manifest, "pilot")};
  require_entry(method.tolerance > 0 && method.tolerance < 1, "tolerance", method.tolerance, "must lie between 0 and 1 (not included)");
  require(method.pilot >= 1 && method.pilot <= most_pilot,
          fmt::format("the manifest's pilot is {}; it must be from 1 to {}", method.pilot, most_pilot));
  return method;
}

}  // namespace ballast::log
