// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify.hpp"

#include "ballast/core/errors.hpp"
#include "ballast/stats/requirements.hpp"

namespace ballast::smooth {

stats::ClaimSettings claim_settings(const CertifyOptions& options, double noise_error) {
  return {options.alpha, options.smoothing, noise_error, options.bound, options.independent_selection};
}

void check(const CertifyOptions& options) {
  stats::require_usable_scale(options.smoothing);
  stats::require_usable_alpha(options.alpha);
  const auto settings = claim_settings(options, 0);
  stats::check(settings);
  if (options.independent_selection) {
    require(options.selection_samples >= 1, "n0 = 0: at least 1 sample is needed to guess the class");
    stats::require_usable_samples("n0", options.selection_samples);
  }
  stats::require_usable_samples("n", options.estimation_samples);
  stats::require_certifiable(settings, options.estimation_samples);
}

Certificate certify(VoteCounter& votes, const CertifyOptions& options) {
  check(options);
  Certificate result;
  result.selection = votes.next(noise::Purpose::selection, options.independent_selection ? options.selection_samples : 0);
  result.estimation = votes.next(noise::Purpose::estimation, options.estimation_samples);
  result.candidate = (options.independent_selection ? result.selection : result.estimation).winner();
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
