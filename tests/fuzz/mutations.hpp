// SPDX-License-Identifier: Apache-2.0
//
// How often each sample is damaged: few times in every run of the tests, as often as BALLAST_MUTATIONS says where there are hours.

#pragma once

#include <cstdlib>

namespace ballast {

inline int mutations() {
  const char* wanted = std::getenv("BALLAST_MUTATIONS");
  return wanted ? std::atoi(wanted) : 100;
}

}  // namespace ballast
