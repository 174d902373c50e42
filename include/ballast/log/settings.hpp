// SPDX-License-Identifier: Apache-2.0
//
// How a log's rows were concluded from their votes: read from and written to
// its manifest, so that they can be concluded again.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/noise_law.hpp"
#include "ballast/log/manifest.hpp"
#include "ballast/log/record.hpp"
#include "ballast/stats/claim.hpp"
#include "ballast/stats/tolerance_test.hpp"

namespace ballast::log {

enum class Method {
  certify,    // a fixed number of samples
  radii,      // sequential, at radii named beforehand
  tolerance,  // two stages, a radius to a tolerance
  splitting,  // every split of a deterministic smoothing
  predict,
  verify,  // a deterministic bound on the base classifier: no noise, no votes, no alpha
  attack   // attacked images, judged by PREDICT or, without noise, by the base classifier
};

// "certify", "certify-radii", "certify-tolerance", "certify-splitting", "predict",
// "verify", "attack".
std::string_view to_string(Method method);

// The columns of its log, but for a cascade's.
Kind kind_of(Method method);

struct Settings {
  Method method = Method::certify;
  std::string noise = "grid";  // the noise's name; Smoothing has its law; attack: "none" where the base classifier is attacked
  Smoothing smoothing;         // splitting: scale is lambda, the law is not used
  double law_error = 0;        // of the noise drawn, on images of this size
  double alpha = 0.001;        // for each image
  std::uint64_t family = 1;    // images over which the user's alpha was divided; 1: each image has its own

  std::uint64_t selection_samples = 100;  // n0; 0 where the class is not selected by samples of its own
  std::uint64_t samples = 100'000;        // n, or the most that a staged method draws; splitting: the splits

  stats::Bound bound = stats::Bound::cohen;  // certify
  bool scaled = false;                       // counts were scaled down, not drawn: an illustration, not a certificate

  bool labelled = false;      // radii, tolerance: the class tested is the label
  double futility = 0.01;     // radii, tolerance
  std::uint64_t step = 1;     // radii, tolerance
  std::vector<double> radii;  // radii
  double tolerance = 0;       // tolerance
  std::uint64_t pilot = 300;  // tolerance

  std::string verifier;          // verify: "crown", "wong", ...
  std::uint64_t models = 1;      // verify: of a cascade, which certifies a class that every model gives and one certifies
  std::optional<double> tested;  // verify, attack: the one radius of all images; none: the largest was looked for, or each had its own
  std::optional<double> most;    // verify: no larger radius was looked for
  std::optional<double> factor;  // attack: what certified radii were multiplied by; none: `tested` says how far it went

  bool operator==(const Settings&) const = default;
};

// The columns of a log of these settings.
Kind kind_of(const Settings& settings);

// In the order in which a manifest lists them; what a method does not use is left out.
void add_to(Manifest& manifest, const Settings& settings);

// Throws InputError saying what is missing or not allowed.
Settings settings_from(const Manifest& manifest);

// The law of a noise of this name, none for "split". Throws InputError for a name that is not known.
std::optional<NoiseLaw> law_named(std::string_view noise);

// "l2" or "l1": the norm of the certificates.
std::string_view norm_of(const Settings& settings);

// The largest radius that the settings can certify: that of a unanimous vote, the last of the radii named, or the largest that a
// search looked for; none where a search had no end. 0 for PREDICT.
std::optional<double> largest_radius(const Settings& settings);

stats::ClaimSettings claim_settings(const Settings& settings);     // certify
stats::RadiiDesign radii_design(const Settings& settings);         // radii
stats::TwoStageDesign two_stage_design(const Settings& settings);  // tolerance

}  // namespace ballast::log
