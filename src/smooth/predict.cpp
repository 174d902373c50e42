// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/predict.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "limits.hpp"

namespace ballast::smooth {

void check(const PredictOptions& options) {
  check_sigma_and_alpha(options.sigma, options.alpha);
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
  // All n draws together differ from the noise of the theorem by at most n
  // times one draw's error in total variation, so no event's probability differs by more.
  const double level = above(result.p_value, static_cast<double>(options.samples) * votes.noise_error());
  if (level <= options.alpha && result.top != result.counts.nan_label()) result.label = result.top;
  return result;
}

}  // namespace ballast::smooth
