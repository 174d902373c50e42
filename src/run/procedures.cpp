// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/procedures.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/certify.hpp"
#include "ballast/smooth/certify_splitting.hpp"
#include "ballast/smooth/certify_staged.hpp"
#include "ballast/smooth/predict.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::run {
namespace {

// What a row says of the estimate.
void fill_votes(log::Record& record, const smooth::Counts& counts, Label tested) {
  record.samples = counts.total();
  record.count = counts.of(tested);
  record.runner_up = counts.runner_up(tested);
  record.runner_up_count = counts.of(record.runner_up);
  record.counts = counts.votes;
}

log::Record row_of(const smooth::Certificate& certificate) {
  log::Record record;
  record.predict = certificate.label;
  record.radius = certificate.radius;
  record.p_lower = certificate.p_lower;
  record.selection = certificate.selection.votes;
  fill_votes(record, certificate.estimation, certificate.candidate);
  return record;
}

smooth::VoteCounter counter(smooth::Crew& crew, const noise::NoisyWriter& noise, const data::Example& example, std::uint64_t seed,
                            std::size_t index) {
  return {crew, noise, example.image, seed, static_cast<std::uint32_t>(index)};
}

smooth::CertifyOptions certify_options(const log::Settings& s) {
  return {s.smoothing, s.alpha, s.selection_samples, s.samples, s.bound, s.selection_samples > 0};
}

Procedure certify_procedure(const log::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed) {
  return [&noise, seed, options = certify_options(settings)](smooth::Crew& crew, const data::Example& example, std::size_t index) {
    auto votes = counter(crew, noise, example, seed, index);
    return row_of(smooth::certify(votes, options));
  };
}

// Stops sampling as soon as the votes are clear.
template <typename Test>
Procedure staged_procedure(const log::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed, Test test_of_all) {
  const auto test = std::make_shared<const Test>(std::move(test_of_all));
  return [&noise, test, seed, settings](smooth::Crew& crew, const data::Example& example, std::size_t index) {
    auto votes = counter(crew, noise, example, seed, index);
    const smooth::Target target{settings.labelled ? std::optional(example.label) : std::nullopt, settings.selection_samples};
    const smooth::StagedCertificate certificate = smooth::certify(votes, *test, target);
    log::Record record = row_of(certificate);
    // Of radii asked for, the one tested, whose text is what was asked.
    if (settings.method == log::Method::radii) record.radius = stats::at_least_as_written(record.radius);
    for (const auto& look : certificate.looks) record.looks.push_back({look.samples, look.failures});
    return record;
  };
}

Procedure splitting_procedure(const noise::NoisyWriter& noise, std::uint64_t seed) {
  return [&noise, seed](smooth::Crew& crew, const data::Example& example, std::size_t index) {
    auto votes = counter(crew, noise, example, seed, index);
    return row_of(smooth::certify_by_splitting(votes, noise.splits()));
  };
}

Procedure predict_procedure(const log::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed) {
  return [&noise, seed, options = smooth::PredictOptions{settings.alpha, settings.samples}](
             smooth::Crew& crew, const data::Example& example, std::size_t index) {
    auto votes = counter(crew, noise, example, seed, index);
    const smooth::Prediction prediction = smooth::predict(votes, options);
    log::Record record;
    record.predict = prediction.label;
    fill_votes(record, prediction.counts, prediction.top);
    return record;
  };
}

}  // namespace

Procedure procedure_of(const log::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed) {
  check(settings);
  switch (settings.method) {
    case log::Method::certify: return certify_procedure(settings, noise, seed);
    case log::Method::radii: return staged_procedure(settings, noise, seed, stats::RadiiTest(log::radii_design(settings)));
    case log::Method::tolerance:
      return staged_procedure(settings, noise, seed, stats::ToleranceTest(log::two_stage_design(settings), settings.futility));
    case log::Method::splitting: return splitting_procedure(noise, seed);
    case log::Method::predict: return predict_procedure(settings, noise, seed);
    case log::Method::verify:
    case log::Method::attack: break;
  }
  throw InputError("no such method");
}

void check(const log::Settings& settings) {
  require(settings.method != log::Method::verify, "a log of verify has no draws to be drawn again; run verify once more and compare");
  require(settings.method != log::Method::attack,
          "a log of attack does not hold the images that were judged; run attack once more and compare");
  if (settings.method == log::Method::certify) smooth::check(certify_options(settings));
  if (settings.method == log::Method::predict) smooth::check(smooth::PredictOptions{settings.alpha, settings.samples});
  require(settings.method == log::Method::splitting || settings.noise != "split", "noise split: only for certify");
}

Spread spread_of(log::Method method) {
  return method == log::Method::radii || method == log::Method::tolerance ? Spread::images : Spread::samples;
}

void check_fit(const data::Dataset& dataset, const model::Classifier& classifier) {
  require(dataset.classes() <= classifier.classes(), fmt::format("the images have labels up to {}, and the model's classes end at {}",
                                                                 dataset.classes() - 1, classifier.classes() - 1));
  const auto shape = dataset.shape();
  require(!shape || *shape == classifier.image_shape(), fmt::format("the images are {}, and the model takes {} (channels x height x width)",
                                                                    shape ? to_string(*shape) : "", to_string(classifier.image_shape())));
}

}  // namespace ballast::run
