// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/predict.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/claim.hpp"
#include "limits.hpp"

namespace ballast::smooth {

void check(const PredictOptions& options) {
  check_alpha(options.alpha);
  check_samples("n", options.samples);
  const std::uint64_t least = stats::least_samples_to_predict(options.alpha);
  require(options.samples >= least, fmt::format("n = {}: even a unanimous vote abstains at alpha = {}; at least n = {} samples are needed",
                                                options.samples, options.alpha, least));
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
