// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/counts.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace ballast::smooth {

std::uint64_t Counts::total() const { return std::accumulate(votes.begin(), votes.end(), std::uint64_t{0}); }

Label Counts::winner() const { return static_cast<Label>(std::max_element(votes.begin(), votes.end()) - votes.begin()); }

Label Counts::runner_up(Label label) const {
  Label best = label == 0 ? 1 : 0;
  for (Label other = best; other <= nan_label(); ++other) {
    if (other != label && of(other) > of(best)) best = other;
  }
  return best;
}

Counts& Counts::operator+=(const Counts& other) {
  votes.resize(std::max(votes.size(), other.votes.size()));
  std::transform(other.votes.begin(), other.votes.end(), votes.begin(), votes.begin(), std::plus<>());
  return *this;
}

}  // namespace ballast::smooth
