// SPDX-License-Identifier: Apache-2.0

#include "ballast/attack/procedure.hpp"

#include <string>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/noise/stream.hpp"

namespace ballast::attack {
namespace {

Label label_of(smooth::Executor& executor, const Image& image) {
  Label label = 0;
  executor.run(1, [&](model::Session& session, int, std::uint64_t) {
    noise::write_clean(image, executor.classifier().affine(), 0, session.input());
    session.classify({&label, 1});
  });
  return label;
}

// A label as a vote, which leaves nothing to doubt; none, or the class "nan", is no answer.
smooth::Prediction vote_for(std::optional<Label> given, const model::Classifier& classifier) {
  const Label label = given.value_or(classifier.classes());
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

smooth::Prediction judged(const Judge& judge, smooth::Executor& executor, const Image& image, std::uint64_t seed, std::uint32_t index) {
  if (judge.function) return vote_for(judge.function(image), executor.classifier());
  if (!judge.noise) return vote_for(label_of(executor, image), executor.classifier());
  smooth::VoteCounter votes(executor, *judge.noise, image, judging_seed(seed), index);
  return smooth::predict(votes, judge.options);
}

run::Procedure procedure_of(std::vector<const Attacker*> attackers, const Judge& judge, TargetOf target_of, std::uint64_t seed, Keep keep) {
  require(!attackers.empty(), "an attack needs an attacker");
  if (judge.noise) smooth::check(judge.options);
  return [attackers = std::move(attackers), judge, target_of = std::move(target_of), seed, keep = std::move(keep)](
             smooth::Executor& executor, const data::Example& example, std::size_t index) {
    const Target target = target_of(example, index);
    const auto number = static_cast<std::uint32_t>(index);
    Perturbed perturbed;
    smooth::Prediction answer;
    for (const Attacker* attacker : attackers) {
      perturbed = attacker->perturb(executor, example.image, target.label, target.radius, seed, number);
      answer = judged(judge, executor, perturbed.image, seed, number);
      if (answer.label && answer.label != target.label) break;
    }
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
