// SPDX-License-Identifier: Apache-2.0

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {
namespace {

constexpr const char* cascade_rule = "every model answers the class, and one certifies it";

}  // namespace

void write(Manifest& manifest, const procedure::Settings&, const procedure::Verification& method) {
  manifest.add("verifier", method.verifier);
  if (method.models > 1) {
    manifest.add("models", method.models);
    manifest.add("cascade", cascade_rule);
  }
  if (method.tested_radius) manifest.add("radius", *method.tested_radius);
  if (method.most) manifest.add("most", *method.most);
}

procedure::Verification read(const Manifest& manifest, const procedure::Settings&, Of<procedure::Verification>) {
  procedure::Verification method{value_of<std::string>(manifest, "verifier"), value_or<std::uint64_t>(manifest, "models", 1),
                                 above_zero(manifest, "radius"), above_zero(manifest, "most")};
  require_entry(method.models >= 1 && (method.models == 1 || method.tested_radius), "models", method.models,
                "must be 1, or more where there is an entry 'radius'");
  require(method.models == 1 || manifest.text("cascade") == cascade_rule,
          "the manifest's cascade is of an earlier version, which certified what is false: that one model certifies its answer does not "
          "settle which model decides nearby; verify it again");
  return method;
}

}  // namespace ballast::log
