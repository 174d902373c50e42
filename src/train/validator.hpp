// SPDX-License-Identifier: Apache-2.0
//
// Runs the held-out images through the network.

#pragma once

#include "batches.hpp"
#include "learner.hpp"

namespace ballast::train {

// With the same noise at every call, so that epochs can be compared.
Validation validate(Learner& learner, const Batches& batches, const TrainOptions& options);

}  // namespace ballast::train
