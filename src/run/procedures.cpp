// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/procedures.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"

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

}  // namespace

Procedure certify_procedure(smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed,
                            const smooth::CertifyOptions& options) {
  smooth::check(options);
  return [&workers, &noise, seed, options](const data::Example& example, std::size_t index) {
    smooth::VoteCounter votes(workers, noise, example.image, seed, static_cast<std::uint32_t>(index));
    const smooth::Certificate certificate = smooth::certify(votes, options);
    log::Record record;
    record.predict = certificate.label;
    record.radius = certificate.radius;
    record.p_lower = certificate.p_lower;
    record.selection = certificate.selection.votes;
    fill_votes(record, certificate.estimation, certificate.candidate);
    return record;
  };
}

Procedure predict_procedure(smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed,
                            const smooth::PredictOptions& options) {
  smooth::check(options);
  return [&workers, &noise, seed, options](const data::Example& example, std::size_t index) {
    smooth::VoteCounter votes(workers, noise, example.image, seed, static_cast<std::uint32_t>(index));
    const smooth::Prediction prediction = smooth::predict(votes, options);
    log::Record record;
    record.predict = prediction.label;
    fill_votes(record, prediction.counts, prediction.top);
    return record;
  };
}

void check_fit(const data::Dataset& dataset, const model::Classifier& classifier) {
  require(dataset.classes() <= classifier.classes(), fmt::format("the images have labels up to {}, and the model's classes end at {}",
                                                                 dataset.classes() - 1, classifier.classes() - 1));
  const auto shape = dataset.shape();
  require(!shape || *shape == classifier.image_shape(), fmt::format("the images are {}, and the model takes {} (channels x height x width)",
                                                                    shape ? to_string(*shape) : "", to_string(classifier.image_shape())));
}

}  // namespace ballast::run
