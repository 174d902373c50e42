// SPDX-License-Identifier: Apache-2.0

#include "../loops.hpp"

namespace ballast::noise {
namespace {

constexpr const Loops* every_loops[] = {&plain_loops};

}  // namespace

std::span<const Loops* const> available_loops() { return every_loops; }

}  // namespace ballast::noise
