// SPDX-License-Identifier: Apache-2.0
//
// What a fixed number of votes proves, whichever guarantee is asked: numbers
// in, numbers out, so that a certificate can be made and checked from a log alone.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ballast/core/noise.hpp"

namespace ballast::stats {

enum class Bound {
  cohen,    // Cohen et al. 2019, p_B = 1 - p_A
  pb,       // Theorem 1 of Cohen et al. with a bound on p_B of its own: p_A at 0.9 alpha, the largest other count at 0.1 alpha
  lecuyer,  // Lecuyer et al. 2019, p_B = 1 - p_A
  li        // Li et al. 2019, p_B = 1 - p_A
};

// "cohen", "pb", "lecuyer", "li".
std::string_view to_string(Bound bound);
std::optional<Bound> bound_from(std::string_view name);

// What p_B's own bound has of alpha (Bound::pb); the rest is p_A's.
double runner_up_level(double alpha);

struct ClaimSettings {
  double alpha = 0.001;  // allowed probability of a wrong claim
  Smoothing smoothing;
  double noise_error = 0;  // how far a probability under the noise drawn can lie from the exact law's
  Bound bound = Bound::cohen;
  bool independent_selection = true;  // the class was chosen by other draws; false: it is the winner of these
};

struct Votes {
  std::uint64_t samples = 0;
  std::uint64_t count = 0;      // of the class tested
  std::uint64_t runner_up = 0;  // the largest other count
};

struct Claim {
  double p_lower = 0;            // lower bound of the class's probability, 0 where nothing is known
  std::optional<double> radius;  // in the norm of the noise's law, never rounded up; none: abstain
};

// With probability at least 1 - alpha over the draws, the smoothed classifier
// gives the class for every perturbation of a norm below the radius.
// Throws InputError for settings that check() refuses and counts that cannot be.
Claim claim(const ClaimSettings& settings, const Votes& votes);

// What all splits of a deterministic smoothing prove (Levine and Feizi 2021): p is exact, and the l1 radius
// lambda (p_A - p_B), lambda = splits / 510; abstains on a tie. Never rounded up.
Claim exact_claim(const Votes& votes);

// Throws InputError where settings do not go together: a bound of its own on
// p_B needs the class fixed beforehand; bounds other than Cohen's need Gaussian noise.
void check(const ClaimSettings& settings);

// PREDICT's test that the winner is no likelier than the runner-up, for
// these votes of theirs among so many samples: an answer is given at alpha if this is at most alpha. The
// two-sided p-value, and the error of the noise's law: all samples together differ from the exact law's by at most
// samples times one sample's error in total variation, so no event's probability differs by more.
double prediction_level(std::uint64_t winner, std::uint64_t runner_up, std::uint64_t samples, double noise_error);

// The largest radius that so many samples can prove: that of a unanimous vote.
// 0 where even that abstains.
double largest_radius(const ClaimSettings& settings, std::uint64_t samples);

}  // namespace ballast::stats
