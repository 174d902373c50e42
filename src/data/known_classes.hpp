// SPDX-License-Identifier: Apache-2.0
//
// Classes that everybody knows by name.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

inline constexpr Label imagenet_classes = 1000;

// The data set of this name (open.hpp), with the names of its classes where it has none of its own and they are known.
std::unique_ptr<Dataset> with_known_names(std::unique_ptr<Dataset> dataset, const std::string& name);

// Where a WordNet id stands among the 1000 of ImageNet's classification task, sorted.
std::optional<Label> imagenet_class(const std::string& wordnet_id);

}  // namespace ballast::data
