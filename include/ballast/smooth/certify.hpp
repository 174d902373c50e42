// SPDX-License-Identifier: Apache-2.0
//
// CERTIFY of Cohen, Rosenfeld and Kolter 2019 (section 3.2.2): a fixed number
// of samples.

#pragma once

#include <cstdint>
#include <optional>

#include "ballast/core/noise.hpp"
#include "ballast/smooth/vote_counter.hpp"
#include "ballast/stats/claim.hpp"

namespace ballast::smooth {

struct CertifyOptions {
  Smoothing smoothing{NoiseLaw::gaussian, 0.25};
  double alpha = 0.001;                        // allowed probability of a wrong certificate
  std::uint64_t selection_samples = 100;       // n0 in the paper
  std::uint64_t estimation_samples = 100'000;  // n in the paper
  stats::Bound bound = stats::Bound::cohen;
  bool independent_selection = true;  // false: no selection samples; the winner of the estimation samples is the class
};

// No label means that the classifier abstains. That is an answer, not an error.
struct Certificate {
  std::optional<Label> label;
  double radius = 0;  // in pixel units and the norm of the noise's law; 0 when abstaining

  Label candidate = 0;  // the class that was tested
  double p_lower = 0;   // lower bound of its probability
  Counts selection, estimation;
};

// With probability at least 1 - alpha over the draws: if a label is returned,
// the smoothed classifier gives it for every perturbation of a norm below
// radius. Requires the counter's noise to be that of the options.
Certificate certify(VoteCounter& votes, const CertifyOptions& options);

// Throws InputError if options hold a value that is not allowed, or so few
// samples that even a unanimous vote would abstain.
void check(const CertifyOptions& options);

// What the options claim from votes under noise whose law has this error.
stats::ClaimSettings claim_settings(const CertifyOptions& options, double noise_error);

}  // namespace ballast::smooth
