// SPDX-License-Identifier: Apache-2.0
//
// Options as text: what the weights depend on, so that a checkpoint is not
// continued under others.

#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "ballast/train/train.hpp"

namespace ballast::train {

// Names and values, in a fixed order.
using Settings = std::vector<std::pair<std::string, std::string>>;
Settings describe(const TrainOptions& options, const data::Dataset& images);

// Images that are validated on and not trained on.
int held_out(const TrainOptions& options, std::size_t images);

}  // namespace ballast::train
