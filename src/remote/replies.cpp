// SPDX-License-Identifier: Apache-2.0

#include "replies.hpp"

#include <cmath>

namespace ballast::remote {

void labels_of_scores(const std::function<double(std::size_t)>& value, int classes, std::span<Label> labels) {
  const auto width = static_cast<std::size_t>(classes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Label best = 0;
    for (std::size_t c = 0; c < width; ++c) {
      const double score = value(i * width + c);
      if (std::isnan(score)) {
        best = classes;
        break;
      }
      if (score > value(i * width + static_cast<std::size_t>(best))) best = static_cast<Label>(c);
    }
    labels[i] = best;
  }
}

}  // namespace ballast::remote
