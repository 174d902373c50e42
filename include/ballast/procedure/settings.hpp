// SPDX-License-Identifier: Apache-2.0
//
// How rows are concluded from votes: each method with its own fields, and what
// all methods share.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ballast/core/noise.hpp"
#include "ballast/stats/anytime_test.hpp"
#include "ballast/stats/claim.hpp"
#include "ballast/stats/tolerance_test.hpp"

namespace ballast::procedure {

// CERTIFY of Cohen, Rosenfeld and Kolter 2019.
struct FixedSamples {
  std::uint64_t selection_samples = 100;  // n0; 0: the n samples choose the class, too
  std::uint64_t samples = 100'000;        // n
  stats::Bound bound = stats::Bound::cohen;

  bool operator==(const FixedSamples&) const = default;
};

// What the methods that look at votes while they come in share.
struct Sequential {
  bool target_is_label = true;          // else the class is the one of n0 samples of their own
  std::uint64_t selection_samples = 0;  // n0; 0 where the target is the label
  std::uint64_t samples = 100'000;      // n: the most
  std::uint64_t step = 1;               // looks are multiples of this, but for the last
  double futility = 0.01;               // power given up to stop early; 0 never stops

  bool operator==(const Sequential&) const = default;
};

struct NamedRadii : Sequential {
  std::vector<double> radii;  // rising

  bool operator==(const NamedRadii&) const = default;
};

struct Tolerance : Sequential {
  double tolerance = 0.05;    // wanted: a radius so much below that of n samples at most
  std::uint64_t pilot = 300;  // samples of the first stage

  bool operator==(const Tolerance&) const = default;
};

// A bound that holds at every number of samples at once: may be stopped for any reason.
struct Anytime : Sequential {
  std::optional<double> gain;  // stops where more samples would hardly give more; none: goes on to the end

  bool operator==(const Anytime&) const = default;
};

// Every split of a deterministic smoothing.
struct Splitting {
  std::uint64_t splits = 0;

  bool operator==(const Splitting&) const = default;
};

// PREDICT.
struct Prediction {
  std::uint64_t samples = 10'000;  // n

  bool operator==(const Prediction&) const = default;
};

// A deterministic bound on the base classifier: no noise, no votes, no alpha.
struct Verification {
  std::string verifier;                 // "crown", "wong", ...
  std::uint64_t models = 1;             // of a cascade, which certifies a class that every model gives and one certifies
  std::optional<double> tested_radius;  // none: the largest was looked for
  std::optional<double> most;           // no larger one was looked for

  bool operator==(const Verification&) const = default;
};

// Attacked images, judged by PREDICT or, without noise, by the base classifier's one answer.
struct Attack {
  std::uint64_t samples = 1;            // n of PREDICT
  std::optional<double> tested_radius;  // the budget of all images; none: each had `factor` times its certified radius
  std::optional<double> factor;

  bool operator==(const Attack&) const = default;
};

using Method = std::variant<FixedSamples, NamedRadii, Tolerance, Anytime, Splitting, Prediction, Verification, Attack>;

struct Settings {
  std::optional<NoiseKind> noise = NoiseKind::grid;  // none: the base classifier
  double scale = 0;                                  // of the noise, in pixel units
  double noise_error = 0;                            // of the noise drawn, on images of this size (NoisyWriter::noise_error)
  double alpha = 0.001;                              // for each image
  std::uint64_t family_size = 1;                     // images over which the user's alpha was divided; 1: each image has its own
  Method method;
  bool illustration = false;  // counts were scaled down, not drawn: not a certificate

  bool operator==(const Settings&) const = default;
};

template <typename M>
bool is(const Settings& settings) {
  return std::holds_alternative<M>(settings.method);
}

// "certify", "certify-radii", "certify-tolerance", "certify-anytime", "certify-splitting", "predict", "verify", "attack".
std::string_view name_of(const Method& method);

// None but for NamedRadii, Tolerance and Anytime.
const Sequential* sequential(const Settings& settings);

// n: samples of an image, the most that a sequential method draws; 0 where none are.
std::uint64_t samples_of(const Settings& settings);
// n0: 0 where the class is not selected by samples of its own.
std::uint64_t selection_samples_of(const Settings& settings);
// Whether the class tested is the image's label, whatever the votes say.
bool target_is_label(const Settings& settings);

// "l2" or "l1": the norm of the certificates.
std::string_view norm_of(const Settings& settings);

// "sigma" or "lambda". Requires noise.
std::string_view scale_name_of(const Settings& settings);

// The largest radius that the settings can certify: that of a unanimous vote, the last of the radii named, or the largest that a
// search looked for; none where a search had no end. 0 for PREDICT.
std::optional<double> largest_radius(const Settings& settings);

// Three radii at which a person sees how a run goes: of those named, or from 0 on.
std::vector<double> telling_radii(const Settings& settings);

// Requires noise that has a law.
Smoothing smoothing_of(const Settings& settings);

// What the statistics take. Each requires its own method.
stats::ClaimSettings claim_settings(const Settings& settings);     // FixedSamples
stats::RadiiDesign radii_design(const Settings& settings);         // NamedRadii
stats::TwoStageDesign two_stage_design(const Settings& settings);  // Tolerance
stats::AnytimeDesign anytime_design(const Settings& settings);     // Anytime

// Throws InputError where a method and its noise do not go together, or a number is not allowed: what can be said before a model is
// opened. The statistics say the rest when their tests are made.
void check(const Settings& settings);

// Throws InputError where making the tests of NamedRadii or Tolerance would take longer than anyone waits for, who certifies or who
// audits: they take time like their samples and a root of ln(1/alpha). Part of check.
void require_affordable(const Settings& settings);

}  // namespace ballast::procedure
