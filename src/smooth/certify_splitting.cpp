// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify_splitting.hpp"

namespace ballast::smooth {

Certificate certify_by_splitting(VoteCounter& votes, std::uint64_t splits) {
  Certificate result;
  result.estimation = votes.next(noise::Purpose::estimation, splits);
  result.selection = Counts{std::vector<std::uint64_t>(result.estimation.votes.size())};
  result.candidate = result.estimation.winner();
  const auto& votes_of = result.estimation;
  const stats::Claim claim = stats::exact_claim({splits, votes_of.of(result.candidate), votes_of.of(votes_of.runner_up(result.candidate))});
  result.p_lower = claim.p_lower;
  if (!claim.radius || result.candidate == votes_of.nan_label()) return result;
  result.label = result.candidate;
  result.radius = *claim.radius;
  return result;
}

}  // namespace ballast::smooth
