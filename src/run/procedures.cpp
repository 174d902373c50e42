// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/procedures.hpp"

#include <fmt/format.h>

#include <memory>

#include "ballast/core/errors.hpp"
#include "ballast/log/columns.hpp"
#include "ballast/smooth/certifier.hpp"
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

smooth::VoteCounter counter(smooth::Executor& executor, const noise::NoisyWriter& noise, const data::Example& example, std::uint64_t seed,
                            std::size_t index) {
  return {executor, noise, example.image, seed, static_cast<std::uint32_t>(index)};
}

Procedure predict_procedure(const procedure::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed) {
  return [&noise, seed, options = smooth::PredictOptions{settings.alpha, procedure::samples_of(settings)}](
             smooth::Executor& executor, const data::Example& example, std::size_t index) {
    auto votes = counter(executor, noise, example, seed, index);
    const smooth::Prediction prediction = smooth::predict(votes, options);
    log::Record record;
    record.predict = prediction.label;
    fill_votes(record, prediction.counts, prediction.top);
    return record;
  };
}

Procedure certify_procedure(const procedure::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed) {
  const auto certifier = std::make_shared<const smooth::Certifier>(settings);
  return [&noise, certifier, seed, named = procedure::is<procedure::NamedRadii>(settings)](
             smooth::Executor& executor, const data::Example& example, std::size_t index) {
    auto votes = counter(executor, noise, example, seed, index);
    const smooth::StagedCertificate certificate = (*certifier)(votes, example.label);
    log::Record record = row_of(certificate);
    // Of radii asked for, the one tested, whose text is what was asked.
    if (named) record.radius = stats::at_least_as_written(record.radius);
    for (const auto& look : certificate.looks) record.looks.push_back({look.samples, look.failures});
    return record;
  };
}

}  // namespace

Procedure procedure_of(const procedure::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed) {
  require_drawn(settings);
  procedure::check(settings);
  return procedure::is<procedure::Prediction>(settings) ? predict_procedure(settings, noise, seed)
                                                        : certify_procedure(settings, noise, seed);
}

void require_drawn(const procedure::Settings& settings) {
  require(!procedure::is<procedure::Verification>(settings),
          "a log of verify has no draws to be drawn again; run verify once more and compare");
  require(!procedure::is<procedure::Attack>(settings),
          "a log of attack does not hold the images that were judged; run attack once more and compare");
}

Spread spread_of(const procedure::Settings& settings) { return procedure::sequential(settings) ? Spread::images : Spread::samples; }

void check_fit(const data::Dataset& dataset, const model::Classifier& classifier) {
  require(dataset.classes() <= classifier.classes(), fmt::format("the images have labels up to {}, and the model's classes end at {}",
                                                                 dataset.classes() - 1, classifier.classes() - 1));
  const auto shape = dataset.shape();
  require(!shape || *shape == classifier.image_shape(), fmt::format("the images are {}, and the model takes {} (channels x height x width)",
                                                                    shape ? to_string(*shape) : "", to_string(classifier.image_shape())));
}

void check_countable(const model::Classifier& classifier) {
  require(classifier.classes() <= static_cast<int>(log::most_classes),
          fmt::format("the model has {} classes, and a log names votes for {} at most", classifier.classes(), log::most_classes));
}

}  // namespace ballast::run
