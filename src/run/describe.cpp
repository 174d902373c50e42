// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/describe.hpp"

#include <fmt/format.h>

namespace ballast::run {

void describe(log::Manifest& manifest, const model::Classifier& classifier) {
  for (std::size_t c = 0; const ChannelAffine& channel : classifier.affine()) {
    manifest.add(fmt::format("input_scale_{}", c), channel.scale);
    manifest.add(fmt::format("input_offset_{}", c++), channel.offset);
  }
  manifest.add("engine", classifier.engine());
  manifest.add("precision", classifier.precision());
  manifest.add("instruction_set", classifier.instruction_set());
}

}  // namespace ballast::run
