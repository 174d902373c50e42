// SPDX-License-Identifier: Apache-2.0
//
// What a caller asks for, with its defaults and every rule about what goes
// together: filled by the command line, Python and the server alike.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/procedure/settings.hpp"

namespace ballast::procedure {

// How a caller's arguments are spelled, so that a message names them as they were given.
class Spelling {
 public:
  static const Spelling command_line;  // --n0, --noise split
  static const Spelling python;        // n0, noise = 'split'
  static const Spelling json;          // "n0", "noise": "split"

  std::string operator()(std::string_view name) const;
  std::string operator()(std::string_view name, std::string_view value) const;

 private:
  enum class Style { command_line, python, json };
  explicit constexpr Spelling(Style style) : style_(style) {}
  Style style_;
};

struct NoiseRequest {
  std::string noise = "auto";           // see choose_noise
  std::optional<double> sigma, lambda;  // the one that the noise has
};

struct CertifyRequest : NoiseRequest {
  std::uint64_t selection_samples = 100;  // n0
  std::uint64_t samples = 100'000;        // n
  double alpha = 0.001;
  bool family_wise = false;  // alpha is for all images together

  // At most one of these; none: a fixed number of samples.
  std::vector<double> radii;
  std::optional<double> tolerance;
  bool anytime = false;

  std::optional<double> gain;         // anytime
  std::optional<std::string> target;  // of the three above: "label" or "predicted" (none: label)
  std::optional<double> futility;     // of the three above (none: 0.01)
  std::string bound = "cohen", selection = "split";
};

struct PredictRequest : NoiseRequest {
  std::uint64_t samples = 10'000;  // n
  double alpha = 0.001;
};

// What the caller's words say of the noise. All throw InputError naming the argument that is not allowed.
void check(const NoiseRequest& request, const Spelling& spelling);
double scale_of(const NoiseRequest& request);
NoiseKind noise_of(const NoiseRequest& request, bool is_8bit, const Spelling& spelling);

// Whether it looks at votes while they come in.
bool is_sequential(const CertifyRequest& request);

// What is known of the images and of who counts.
struct Circumstances {
  NoiseKind noise = NoiseKind::grid;
  double noise_error = 0;    // NoisyWriter::noise_error
  std::uint64_t step = 1;    // the micro-batch
  std::uint64_t images = 1;  // over which a family-wise alpha is shared
};

// The settings of a run. Throws InputError where arguments do not go together, and by check(settings).
Settings complete(const CertifyRequest& request, const Circumstances& circumstances, const Spelling& spelling);
Settings complete(const PredictRequest& request, const Circumstances& circumstances, const Spelling& spelling);

// The same rules, before anything is opened.
void check(const CertifyRequest& request, const Spelling& spelling);
void check(const PredictRequest& request, const Spelling& spelling);

}  // namespace ballast::procedure
