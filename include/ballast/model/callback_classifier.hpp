// SPDX-License-Identifier: Apache-2.0
//
// A classifier that is any function of the caller's.

#pragma once

#include <functional>

#include "ballast/model/classifier.hpp"

namespace ballast::model {

// Gets images as floats (one after another, channels first) and writes their
// labels. Called from several threads at once; must be a function of each image alone.
using LabelFunction = std::function<void(std::span<const float> images, std::span<Label> labels)>;

std::unique_ptr<Classifier> classifier_from(LabelFunction function, ImageShape shape, int classes, int micro_batch = 32);

}  // namespace ballast::model
