// SPDX-License-Identifier: Apache-2.0
//
// An attack on each image of a data set, judged, as rows of a log.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ballast/attack/attacker.hpp"
#include "ballast/core/image.hpp"
#include "ballast/data/dataset.hpp"
#include "ballast/run/run.hpp"
#include "ballast/smooth/predict.hpp"

namespace ballast::attack {

// What an attack on one image is to leave, and how far it may go.
struct Target {
  Label label = 0;
  double radius = 0;
};
using TargetOf = std::function<Target(const data::Example& example, std::size_t index)>;

// Who says whether an attack succeeded: the plain classifier, by one vote, unless there is another.
struct Judge {
  const noise::NoisyWriter* noise = nullptr;  // PREDICT, on draws that the attack has not seen
  smooth::PredictOptions options;
  // In place of both, by one vote; none: no answer. May be called from several threads at once.
  std::function<std::optional<Label>(const Image& image)> function;
};

// What the judge says of an image, perturbed or not: with noise, with probability at least 1 - alpha the smoothed classifier's
// own answer or none.
smooth::Prediction judged(const Judge& judge, smooth::Executor& executor, const Image& image, std::uint64_t seed, std::uint32_t index);

// The judge's seed, which differs from the attack's.
std::uint64_t judging_seed(std::uint64_t seed);

// Gets every attacked image before its row is written, from any thread.
using Keep = std::function<void(const Perturbed& perturbed, std::size_t index)>;

// The attack succeeds where the judge answers another class than the target's. Of several attackers, as on the models of a cascade,
// each tries in turn until one succeeds; the row is of the last that tried. Attackers and the judge's noise must outlive the procedure.
run::Procedure procedure_of(std::vector<const Attacker*> attackers, const Judge& judge, TargetOf target_of, std::uint64_t seed, Keep keep);

}  // namespace ballast::attack
