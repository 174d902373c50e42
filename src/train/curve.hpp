// SPDX-License-Identifier: Apache-2.0
//
// The course of a training as CSV, one row an epoch.

#pragma once

#include <string>

#include "ballast/train/train.hpp"

namespace ballast::train {

// Smoothing's columns are there with noise, and that of a bound with recipes that have their own.
std::string curve_header(const TrainOptions& options);
std::string curve_row(const Progress& progress, const TrainOptions& options);

}  // namespace ballast::train
