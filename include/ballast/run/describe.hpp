// SPDX-License-Identifier: Apache-2.0
//
// What rows depend on of who runs the network, for their manifest.

#pragma once

#include "ballast/log/manifest.hpp"
#include "ballast/model/classifier.hpp"

namespace ballast::run {

// Its normalisation by channel, its engine and its arithmetic.
void describe(log::Manifest& manifest, const model::Classifier& classifier);

}  // namespace ballast::run
