// SPDX-License-Identifier: Apache-2.0

#include "loops.hpp"

namespace ballast::noise {

const Loops& widest_loops() {
  static const Loops& widest = *available_loops().back();
  return widest;
}

}  // namespace ballast::noise
