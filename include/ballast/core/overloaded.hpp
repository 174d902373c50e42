// SPDX-License-Identifier: Apache-2.0
//
// Functions as one, by the type of what they are given: for std::visit.

#pragma once

namespace ballast {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace ballast
