// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "limits.hpp"

namespace ballast::smooth {

void check(const CertifyOptions& options) {
  check_sigma_and_alpha(options.sigma, options.alpha);
  require(options.selection_samples >= 1, "n0 = 0: at least 1 sample is needed to guess the class");
  check_samples("n0", options.selection_samples);
  check_samples("n", options.estimation_samples);
  const std::uint64_t least = stats::least_samples_to_certify(options.alpha);
  require(options.estimation_samples >= least,
          fmt::format("n = {}: even a unanimous vote abstains at alpha = {}; at least n = {} samples are needed",
                      options.estimation_samples, options.alpha, least));
}

Certificate certify(VoteCounter& votes, const CertifyOptions& options) {
  check(options);
  Certificate result;
  result.selection = votes.next(noise::Purpose::selection, options.selection_samples);
  result.candidate = result.selection.winner();
  result.estimation = votes.next(noise::Purpose::estimation, options.estimation_samples);
  const stats::BinomialCount count{result.estimation.of(result.candidate), options.estimation_samples};
  const double doubt = above(stats::upper_failure_bound(count, options.alpha), votes.noise_error());  // 1 - p_A in the paper
  result.p_lower = std::max(0.0, std::nextafter(1 - doubt, 0.0));
  if (doubt >= 0.5 || result.candidate == result.selection.nan_label()) return result;
  result.label = result.candidate;
  result.radius = stats::radius_below(options.sigma, doubt);
  return result;
}

}  // namespace ballast::smooth
