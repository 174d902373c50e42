// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/predict.hpp"

#include "ballast/stats/binomial.hpp"
#include "ballast/stats/claim.hpp"
#include "ballast/stats/requirements.hpp"

namespace ballast::smooth {

void check(const PredictOptions& options) {
  stats::require_usable_alpha(options.alpha);
  stats::require_usable_samples("n", options.samples);
  stats::require_predictable(options.alpha, options.samples);
}

Prediction predict(VoteCounter& votes, const PredictOptions& options) {
  check(options);
  Prediction result;
  result.counts = votes.next(noise::Purpose::prediction, options.samples);
  result.top = result.counts.winner();
  const std::uint64_t first = result.counts.of(result.top), second = result.counts.of(result.counts.runner_up(result.top));
  result.p_value = stats::two_sided_p_value({first, first + second}, 0.5);
  const double level = stats::prediction_level(first, second, options.samples, votes.noise_error());
  if (level <= options.alpha && result.top != result.counts.nan_label()) result.label = result.top;
  return result;
}

}  // namespace ballast::smooth
