// SPDX-License-Identifier: Apache-2.0
//
// What a bound takes, before it is computed.

#pragma once

#include "layers.hpp"

namespace ballast::verify {

// Multiplications of one bound by lines over a ball, at most: each value that an activation reads has a row that is walked back through
// all layers before it.
double multiplications_by_lines(const Layers& layers);

}  // namespace ballast::verify
