// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certifier.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/core/overloaded.hpp"
#include "ballast/smooth/certify_splitting.hpp"

namespace ballast::smooth {

Certifier::Test Certifier::test_of(const procedure::Settings& s) {
  using namespace procedure;
  procedure::check(s);
  return std::visit(
      Overloaded{[&](const FixedSamples& method) -> Test {
                   return CertifyOptions{smoothing_of(s), s.alpha,      method.selection_samples,
                                         method.samples,  method.bound, method.selection_samples > 0};
                 },
                 [&](const NamedRadii&) -> Test { return stats::RadiiTest(radii_design(s)); },
                 [&](const Tolerance& method) -> Test { return stats::ToleranceTest(two_stage_design(s), method.futility); },
                 [&](const Anytime&) -> Test { return stats::AnytimeTest(anytime_design(s)); },
                 [](const Splitting& method) -> Test { return method; },
                 [&](const auto&) -> Test { throw InputError(fmt::format("{} makes no certificates from votes", name_of(s.method))); }},
      s.method);
}

Certifier::Certifier(const procedure::Settings& settings)
    : test_(test_of(settings)),
      target_is_label_(procedure::target_is_label(settings)),
      selection_samples_(procedure::selection_samples_of(settings)) {}

StagedCertificate Certifier::operator()(VoteCounter& votes, Label label, const ContinueFn& continue_drawing) const {
  const Target target{target_is_label_ ? std::optional(label) : std::nullopt, selection_samples_};
  return std::visit(Overloaded{[&](const CertifyOptions& options) {
                                 return StagedCertificate{certify(votes, options), {}};
                               },
                               [&](const procedure::Splitting& method) {
                                 return StagedCertificate{certify_by_splitting(votes, method.splits), {}};
                               },
                               [&](const auto& test) { return certify(votes, test, target, continue_drawing); }},
                    test_);
}

}  // namespace ballast::smooth
