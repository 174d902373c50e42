// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/errors.hpp"

namespace ballast {

void require(bool condition, const std::string& message) {
  if (!condition) throw InputError(message);
}

}  // namespace ballast
