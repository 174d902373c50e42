// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify_splitting.hpp"

#include <cmath>

namespace ballast::smooth {

Certificate certify_by_splitting(VoteCounter& votes, std::uint64_t splits) {
  Certificate result;
  result.estimation = votes.next(noise::Purpose::estimation, splits);
  result.selection = Counts{std::vector<std::uint64_t>(result.estimation.votes.size())};
  result.candidate = result.estimation.winner();
  const std::uint64_t first = result.estimation.of(result.candidate),
                      second = result.estimation.of(result.estimation.runner_up(result.candidate));
  result.p_lower = std::nextafter(static_cast<double>(first) / static_cast<double>(splits), 0.0);
  if (first == second || result.candidate == result.estimation.nan_label()) return result;
  result.label = result.candidate;
  result.radius = std::nextafter(static_cast<double>(first - second) / 510.0, 0.0);  // lambda (p_A - p_B), lambda = splits / 510
  return result;
}

}  // namespace ballast::smooth
