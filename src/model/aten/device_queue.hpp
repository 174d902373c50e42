// SPDX-License-Identifier: Apache-2.0
//
// Batches on devices by ATen.

#pragma once

#include <memory>
#include <vector>

#include "ballast/model/device_queue.hpp"
#include "placed.hpp"

namespace ballast::model {

// The label of each row of scores, images x classes: the lowest index of the greatest, and the number of classes where one is NaN.
at::Tensor labels_of(const at::Tensor& scores);

// The network is the same on all devices. batch: images at a time.
std::unique_ptr<DeviceQueue> device_queue(const std::vector<Placed>& devices, const BatchLayout& layout, ElementType type, int batch,
                                          int classes);

}  // namespace ballast::model
