// SPDX-License-Identifier: Apache-2.0

#include "ballast/attack/procedure.hpp"

#include <string>
#include <utility>

#include "ballast/noise/stream.hpp"

namespace ballast::attack {
namespace {

// The base classifier's label as a vote, which leaves nothing to doubt.
smooth::Prediction label_of(smooth::Crew& crew, const Image& image) {
  const model::Classifier& classifier = crew.classifier();
  Label label = 0;
  crew.run(1, [&](model::Session& session, int, std::uint64_t) {
    noise::write_clean(image, classifier.affine(), 0, session.input());
    session.classify({&label, 1});
  });
  smooth::Prediction answer;
  answer.counts.votes.resize(static_cast<std::size_t>(classifier.classes()) + 1);
  answer.counts.votes[static_cast<std::size_t>(label)] = 1;
  answer.top = label;
  answer.p_value = 0;
  if (label != answer.counts.nan_label()) answer.label = label;
  return answer;
}

}  // namespace

std::uint64_t judging_seed(std::uint64_t seed) { return noise::derive_seed({std::to_string(seed), "judging an attack"}); }

smooth::Prediction judged(const Judge& judge, smooth::Crew& crew, const Image& image, std::uint64_t seed, std::uint32_t index) {
  if (!judge.noise) return label_of(crew, image);
  smooth::VoteCounter votes(crew, *judge.noise, image, judging_seed(seed), index);
  return smooth::predict(votes, judge.options);
}

run::Procedure procedure_of(const Attacker& attacker, const Judge& judge, TargetOf target_of, std::uint64_t seed, Keep keep) {
  if (judge.noise) smooth::check(judge.options);
  return [&attacker, judge, target_of = std::move(target_of), seed, keep = std::move(keep)](
             smooth::Crew& crew, const data::Example& example, std::size_t index) {
    const Target target = target_of(example, index);
    const auto number = static_cast<std::uint32_t>(index);
    const Perturbed perturbed = attacker.perturb(crew, example.image, target.label, target.radius, seed, number);
    const smooth::Prediction answer = judged(judge, crew, perturbed.image, seed, number);
    if (keep) keep(perturbed, index);
    log::Record record;
    record.attacked = target.label;
    record.budget = target.radius;
    record.distance = perturbed.distance;
    record.success = answer.label && answer.label != target.label;
    record.predict = answer.label;
    record.samples = answer.counts.total();
    record.count = answer.counts.of(answer.top);
    record.runner_up = answer.counts.runner_up(answer.top);
    record.runner_up_count = answer.counts.of(record.runner_up);
    record.counts = answer.counts.votes;
    return record;
  };
}

}  // namespace ballast::attack
