// SPDX-License-Identifier: Apache-2.0
//
// CERTIFY in all its forms, by settings: what they need is computed once for
// all images.

#pragma once

#include <optional>
#include <variant>

#include "ballast/procedure/settings.hpp"
#include "ballast/smooth/certify_staged.hpp"

namespace ballast::smooth {

// Safe to use from several threads at once.
class Certifier {
 public:
  // Throws InputError for a method that certifies nothing, and where a setting is not allowed.
  explicit Certifier(const procedure::Settings& settings);

  // label: the image's own, for a method that tests it. The counter's noise must be that of the settings. continue_drawing: as for certify
  // (certify_staged.hpp); a fixed number of samples and splitting do not ask.
  StagedCertificate operator()(VoteCounter& votes, Label label, const ContinueFn& continue_drawing = {}) const;

 private:
  using Test = std::variant<CertifyOptions, stats::RadiiTest, stats::ToleranceTest, stats::AnytimeTest, procedure::Splitting>;
  static Test test_of(const procedure::Settings& settings);

  Test test_;
  bool target_is_label_ = false;
  std::uint64_t selection_samples_ = 0;
};

}  // namespace ballast::smooth
