// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "limits.hpp"

namespace ballast::smooth {

stats::ClaimSettings claim_settings(const CertifyOptions& options, double law_error) {
  return {options.alpha, options.smoothing, law_error, options.bound, options.selected_apart};
}

void check(const CertifyOptions& options) {
  check_scale(options.smoothing);
  check_alpha(options.alpha);
  const auto settings = claim_settings(options, 0);
  stats::check(settings);
  if (options.selected_apart) {
    require(options.selection_samples >= 1, "n0 = 0: at least 1 sample is needed to guess the class");
    check_samples("n0", options.selection_samples);
  }
  check_samples("n", options.estimation_samples);
  const std::uint64_t least = stats::least_samples_to_certify(options.alpha);
  require(options.estimation_samples >= least && stats::largest_radius(settings, options.estimation_samples) > 0,
          fmt::format("n = {}: even a unanimous vote abstains at alpha = {}; at least n = {} samples are needed",
                      options.estimation_samples, options.alpha, std::max(least, options.estimation_samples + 1)));
}

Certificate certify(VoteCounter& votes, const CertifyOptions& options) {
  check(options);
  Certificate result;
  result.selection = votes.next(noise::Purpose::selection, options.selected_apart ? options.selection_samples : 0);
  result.estimation = votes.next(noise::Purpose::estimation, options.estimation_samples);
  result.candidate = (options.selected_apart ? result.selection : result.estimation).winner();
  const stats::Claim claim =
      stats::claim(claim_settings(options, votes.noise_error()), {options.estimation_samples, result.estimation.of(result.candidate),
                                                                  result.estimation.of(result.estimation.runner_up(result.candidate))});
  result.p_lower = claim.p_lower;
  if (!claim.radius || result.candidate == result.selection.nan_label()) return result;
  result.label = result.candidate;
  result.radius = *claim.radius;
  return result;
}

}  // namespace ballast::smooth
