// SPDX-License-Identifier: Apache-2.0
//
// The course of a training as CSV, one row an epoch.

#pragma once

#include <string>

#include "ballast/train/train.hpp"

namespace ballast::train {

std::string curve_header(double sigma);
std::string curve_row(const Progress& progress);

}  // namespace ballast::train
