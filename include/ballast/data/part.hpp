// SPDX-License-Identifier: Apache-2.0
//
// Some images of a data set as one of their own.

#pragma once

#include <memory>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// So many images, spread evenly over all, so that each class keeps its share where classes come one after the other; all where there are
// no more. Its hash is of the whole's and of their number. Requires at least one.
std::unique_ptr<Dataset> part_of(std::unique_ptr<Dataset> dataset, std::size_t images);

}  // namespace ballast::data
