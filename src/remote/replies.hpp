// SPDX-License-Identifier: Apache-2.0
//
// From what was answered to labels.

#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>

#include "ballast/core/image.hpp"

namespace ballast::remote {

// value(i): the i-th of labels.size() x classes scores. The greatest wins, the lowest of equals; any NaN gives the label `classes`.
void labels_of_scores(const std::function<double(std::size_t)>& value, int classes, std::span<Label> labels);

// A number that a model gave as a label, checked. Throws std::runtime_error, starting with `who`.
template <typename Number>
Label label_of_number(Number number, int classes, const std::string& who) {
  if (number < 0 || static_cast<unsigned long long>(number) >= static_cast<unsigned long long>(classes))
    throw std::runtime_error(who + " answered label " + std::to_string(number) + "; 0 to " + std::to_string(classes - 1) + " are allowed");
  return static_cast<Label>(number);
}

}  // namespace ballast::remote
