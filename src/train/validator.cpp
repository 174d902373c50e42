// SPDX-License-Identifier: Apache-2.0

#include "validator.hpp"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "objective.hpp"
#include "tensors.hpp"

namespace ballast::train {

namespace {

// Of the first copy of each image, what the recipe's own bound certifies; nothing where it has none.
std::optional<std::int64_t> certified_by_bound(Learner& learner, const at::Tensor& noisy, const at::Tensor& labels, std::uint32_t sample,
                                               const TrainOptions& options) {
  Batch batch;
  batch.noisy = noisy.narrow(0, 0, labels.size(0));
  batch.labels = labels;
  batch.sigma = options.sigma;
  batch.stream = {options.seed, noise::Purpose::validation, no_image};
  batch.sample = sample;
  const at::Tensor each = std::visit([&](const auto& recipe) { return certified(recipe, learner, batch); }, options.recipe);
  if (!each.defined()) return {};
  return each.sum().item<std::int64_t>();
}

}  // namespace

Validation validate(Learner& learner, const Batches& batches, const TrainOptions& options) {
  const c10::NoGradGuard no_gradients;
  const int draws = options.sigma > 0 ? options.validation_draws : 1;
  const auto all = batches.validation().size();
  const std::size_t at_once = std::max<std::size_t>(1, static_cast<std::size_t>(options.batch) / static_cast<std::size_t>(draws));
  std::vector<std::uint32_t> right;
  std::optional<std::int64_t> by_bound;
  HostBatch host;
  for (std::size_t first = 0; first < all; first += at_once) {
    const std::size_t count = std::min(at_once, all - first);
    batches.fill_validation(first, count, draws, host);
    const at::Tensor labels = label_tensor(host.labels, learner.device());
    const at::Tensor noisy = image_tensor(host.noisy, batches.shape(), learner.device());
    const at::Tensor scores = learner.scores(noisy, Mode::testing);
    const at::Tensor hits = scores.argmax(1).view({draws, -1}).eq(labels).sum(0).to(at::kCPU);
    for (std::size_t i = 0; i < count; ++i)
      right.push_back(static_cast<std::uint32_t>(hits[static_cast<std::int64_t>(i)].item<std::int64_t>()));
    const auto more = certified_by_bound(learner, noisy, labels, static_cast<std::uint32_t>(first), options);
    if (more) by_bound = by_bound.value_or(0) + *more;
  }
  Validation validation = estimate(right, draws, options.sigma);
  if (by_bound) validation.by_bound = static_cast<double>(*by_bound) / static_cast<double>(all);
  return validation;
}

}  // namespace ballast::train
