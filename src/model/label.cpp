// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "ballast/model/classifier.hpp"

namespace ballast::model {

Label label_of(std::span<const float> scores) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) return static_cast<Label>(scores.size());
    if (scores[i] > scores[best]) best = i;
  }
  return static_cast<Label>(best);
}

}  // namespace ballast::model
