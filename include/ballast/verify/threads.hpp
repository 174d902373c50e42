// SPDX-License-Identifier: Apache-2.0
//
// How many threads the matrix products of this part work with.

#pragma once

namespace ballast::verify {

// For the whole program; 0: all cores. Speed only, up to the last digits of an answer.
void use_threads(int threads);

}  // namespace ballast::verify
