// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "../loops.hpp"

namespace ballast::noise {

extern const Loops avx2_loops, avx512_loops;

}  // namespace ballast::noise
