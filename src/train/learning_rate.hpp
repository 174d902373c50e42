// SPDX-License-Identifier: Apache-2.0
//
// The learning rate over the course of training.

#pragma once

#include "ballast/train/train.hpp"

namespace ballast::train {

// For step `step` (from 0) of `steps_per_epoch` times options.epochs.
double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t steps_per_epoch);

}  // namespace ballast::train
