// SPDX-License-Identifier: Apache-2.0
//
// Wong and Kolter 2018, "Provable Defenses against Adversarial Examples via the
// Convex Outer Adversarial Polytope"; random projections by Wong, Schmidt, Metzen
// and Kolter 2018, "Scaling Provable Adversarial Defenses".

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "../chain.hpp"
#include "../margin_bounds.hpp"
#include "../objective.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::train {
namespace {

constexpr std::int64_t most_elements = std::int64_t{1} << 30;  // of one matrix, of which a few are held at a time

double epsilon_at(const Wong& recipe, double done) {
  const double first = std::min(recipe.epsilon_start, recipe.epsilon);
  const double risen = done < recipe.warm_up ? done / recipe.warm_up : 1;
  return first + (recipe.epsilon - first) * risen;
}

// J in the paper: images x classes.
at::Tensor bounds(const Wong& recipe, const Learner& learner, const Batch& batch, double epsilon) {
  const auto chains = chains_of(learner.network());
  if (recipe.projections == 0) return margin_bounds(chains, batch.noisy, batch.labels, epsilon);
  return margin_bounds(chains, batch.noisy, batch.labels, epsilon, recipe.projections, Draws(batch.stream, batch.sample));
}

at::Tensor plain_scores(Learner& learner, const Batch& batch) {
  const c10::NoGradGuard no_gradients;
  return learner.scores(batch.noisy);
}

}  // namespace

void begin(const Wong& recipe, Learner& learner, const TrainOptions& options) {
  const std::int64_t elements = matrix_elements(chains_of(learner.network()), options.batch);
  require(recipe.projections > 0 || elements <= most_elements,
          fmt::format("projections = 0: exact bounds of {} images need matrices of {} numbers, and {} are allowed; use a smaller batch or "
                      "projections (50, say)",
                      options.batch, elements, most_elements));
}

Loss loss_of(const Wong& recipe, Learner& learner, const Batch& batch) {
  const at::Tensor least = bounds(recipe, learner, batch, epsilon_at(recipe, batch.done));
  return {at::cross_entropy_loss(-least, batch.labels), plain_scores(learner, batch)};
}

at::Tensor certified(const Wong& recipe, Learner& learner, const Batch& batch) {
  const c10::NoGradGuard no_gradients;
  const at::Tensor least = bounds(recipe, learner, batch, recipe.epsilon);
  return least.scatter(1, batch.labels.unsqueeze(1), 1).gt(0).all(1);
}

}  // namespace ballast::train
