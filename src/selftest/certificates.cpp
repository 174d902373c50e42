// SPDX-License-Identifier: Apache-2.0
//
// Every procedure on classifiers whose radius is known: a certificate that is
// larger is false, and at most a share alpha of them may be.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ballast/procedure/request.hpp"
#include "ballast/smooth/certifier.hpp"
#include "ballast/smooth/predict.hpp"
#include "checks.hpp"

namespace ballast::selftest {
namespace {

// Large, so that twice as many false certificates are soon seen.
constexpr double alpha = 0.05;

constexpr std::uint64_t selection_samples = 20, fixed_samples = 300, staged_samples = 600, tolerance_samples = 1000, predict_samples = 100;

// A plane's float image and noise are rounded; so much may move a probability.
constexpr double float_slack = 1e-6;

// All images of one subject go through one session, one after another.
class Stand {
 public:
  Stand(const Subject& subject, std::uint64_t seed)
      : subject_(subject),
        noise_(subject.noise, subject.scale, subject.classifier->affine()),
        session_(subject.classifier->new_session()),
        executor_(*subject.classifier, *session_),
        seed_(seed) {}

  smooth::VoteCounter votes(std::uint64_t image) { return {executor_, noise_, subject_.image, seed_, static_cast<std::uint32_t>(image)}; }
  procedure::Circumstances circumstances() const {
    return {subject_.noise, noise_.noise_error(subject_.image.shape.size()), static_cast<std::uint64_t>(session_->micro_batch()), 1};
  }

 private:
  const Subject& subject_;
  noise::NoisyWriter noise_;
  std::unique_ptr<model::Session> session_;
  smooth::InlineExecutor executor_;
  std::uint64_t seed_;
};

double true_radius(const Subject& subject, Label label) {
  return label == subject.label ? subject.radius : label == 0 ? subject.other_radius : 0;
}

// A claim that no perturbation below the radius changes the answer, where some perturbation below it does; or of a class that is not the
// answer at all.
bool is_false(const Subject& subject, const smooth::Certificate& certificate) {
  if (!certificate.label) return false;
  const double truth = true_radius(subject, *certificate.label);
  return truth == 0 || certificate.radius > truth;
}

Finding share_of_false(std::string what, std::uint64_t wrong, std::uint64_t images, double allowed_share) {
  const std::uint64_t most = most_successes(images, allowed_share);
  Finding finding{"certificates", std::move(what)};
  finding.found = fmt::format("{} of {} false", wrong, images);
  finding.allowed = fmt::format("{}", most);
  finding.verdict = wrong <= most ? Finding::Verdict::holds : Finding::Verdict::fails;
  finding.numbers = {{"false", static_cast<double>(wrong)},
                     {"images", static_cast<double>(images)},
                     {"share_allowed", allowed_share},
                     {"most_by_chance", static_cast<double>(most)}};
  return finding;
}

// The class's votes in all images together.
Finding votes_of(const Subject& subject, std::uint64_t count, std::uint64_t samples) {
  const double slack = traits(subject.noise).on_grid ? 0 : float_slack;
  const double n = static_cast<double>(samples), share = static_cast<double>(count) / n;
  const bool fails = is_unlikely(count, samples, subject.p - slack, subject.p + slack, level_of_a_test);
  Finding finding{"certificates", fmt::format("votes, {}", subject.name)};
  finding.found = fmt::format("share {:.6f}", share);
  finding.allowed = fmt::format("{:.6f}, {:.6f} off", subject.p, 7.2 * std::sqrt(subject.p * (1 - subject.p) / n));
  finding.verdict = fails ? Finding::Verdict::fails : Finding::Verdict::holds;
  finding.numbers = {{"votes", static_cast<double>(count)}, {"samples", n}, {"probability", subject.p}};
  return finding;
}

Findings certified(const Subject& subject, const std::string& name, const procedure::CertifyRequest& request, std::uint64_t images,
                   std::uint64_t seed) {
  Stand stand(subject, seed);
  const auto settings = complete(request, stand.circumstances(), procedure::Spelling::command_line);
  const smooth::Certifier certify(settings);
  // The worst moment to stop: as soon as what has been certified is false.
  const auto go_on = [&](const smooth::Progress& progress) {
    return !progress.radius || *progress.radius <= true_radius(subject, progress.candidate);
  };
  std::uint64_t wrong = 0, answered = 0, count = 0, samples = 0;
  double sum = 0;
  for (std::uint64_t i = 0; i < images; ++i) {
    auto votes = stand.votes(i);
    const auto certificate = certify(votes, subject.label, go_on);
    wrong += is_false(subject, certificate);
    answered += certificate.label.has_value();
    sum += certificate.label ? certificate.radius : 0;
    count += certificate.estimation.of(subject.label);
    samples += certificate.estimation.total();
  }
  Findings findings{share_of_false(fmt::format("{}, {}", name, subject.name), wrong, images, alpha)};
  Finding& finding = findings.front();
  finding.numbers.emplace_back("certified", static_cast<double>(answered));
  if (subject.radius > 0) {
    const double mean = sum / static_cast<double>(images);
    finding.found += fmt::format(", mean radius {:.2f} of the true one", mean / subject.radius);
    finding.numbers.emplace_back("mean_radius", mean);
    finding.numbers.emplace_back("true_radius", subject.radius);
    if (answered < images / 2) {  // a procedure that only abstains would never be wrong
      finding.verdict = Finding::Verdict::fails;
      finding.found += fmt::format(", only {} certified", answered);
    }
  }
  if (settings.method.index() == 0 && request.selection == "split") findings.push_back(votes_of(subject, count, samples));
  return findings;
}

// The other class is answered with at most half of alpha: each side of the test has half of it.
Findings predicted(const Subject& subject, std::uint64_t images, std::uint64_t seed) {
  Stand stand(subject, seed);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < images; ++i) {
    auto votes = stand.votes(i);
    const auto prediction = smooth::predict(votes, {alpha, predict_samples});
    wrong += prediction.label && true_radius(subject, *prediction.label) == 0;
  }
  return {share_of_false(fmt::format("PREDICT, {}", subject.name), wrong, images, alpha / 2)};
}

// A radius that holds, and the least of six decimals that does not.
std::vector<double> radii_about(const Subject& subject) {
  constexpr double units_in_one = 1e6;
  if (subject.radius == 0) return {0};
  const double units = std::floor(subject.radius * units_in_one);
  return {std::floor(units / 2) / units_in_one, (units + 1) / units_in_one};
}

procedure::CertifyRequest request_for(const Subject& subject, std::uint64_t samples) {
  procedure::CertifyRequest request;
  request.noise = traits(subject.noise).word;
  (scale_name(subject.noise) == "sigma" ? request.sigma : request.lambda) = subject.scale;
  request.selection_samples = selection_samples;
  request.samples = samples;
  request.alpha = alpha;
  return request;
}

}  // namespace

std::vector<Check> certificate_checks(const std::vector<Subject>& subjects, const Amount& amount, std::uint64_t seed) {
  std::vector<Check> checks;
  const std::uint64_t images = amount.images;
  for (const Subject& subject : subjects) {
    const auto add = [&](const char* name, const procedure::CertifyRequest& request) {
      const std::uint64_t own = noise::derive_seed({"selftest", fmt::format("{}", seed), subject.name, name});
      checks.emplace_back([=] { return certified(subject, name, request, images, own); });
    };
    auto request = request_for(subject, fixed_samples);
    if (subject.has_runner_up) {
      request.bound = "pb";
      add("CERTIFY --bound pb", request);
      continue;  // the radius of the others takes p_B for 1 - p_A
    }
    add("CERTIFY", request);
    request.selection = "none";
    add("CERTIFY --selection none", request);
    request = request_for(subject, staged_samples);
    request.radii = radii_about(subject);
    add("CERTIFY --radii", request);
    request = request_for(subject, tolerance_samples);
    request.tolerance = 0.05;
    add("CERTIFY --tolerance", request);
    request = request_for(subject, staged_samples);
    request.anytime = true;
    add("CERTIFY --anytime", request);
    if (subject.radius > 0) continue;
    const std::uint64_t own = noise::derive_seed({"selftest", fmt::format("{}", seed), subject.name, "predict"});
    checks.emplace_back([=] { return predicted(subject, images, own); });
  }
  return checks;
}

}  // namespace ballast::selftest
