// SPDX-License-Identifier: Apache-2.0

#include "validator.hpp"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "tensors.hpp"

namespace ballast::train {

Validation validate(Learner& learner, const Batches& batches, const TrainOptions& options) {
  const c10::NoGradGuard no_gradients;
  const int draws = options.sigma > 0 ? options.validation_draws : 1;
  const auto all = batches.validation().size();
  const std::size_t at_once = std::max<std::size_t>(1, static_cast<std::size_t>(options.batch) / static_cast<std::size_t>(draws));
  std::vector<std::uint32_t> right;
  HostBatch host;
  for (std::size_t first = 0; first < all; first += at_once) {
    const std::size_t count = std::min(at_once, all - first);
    batches.fill_validation(first, count, draws, host);
    const at::Tensor labels = label_tensor(host.labels, learner.device());
    const at::Tensor scores = learner.scores(image_tensor(host.noisy, batches.shape(), learner.device()), Mode::testing);
    const at::Tensor hits = scores.argmax(1).view({draws, -1}).eq(labels).sum(0).to(at::kCPU);
    for (std::size_t i = 0; i < count; ++i)
      right.push_back(static_cast<std::uint32_t>(hits[static_cast<std::int64_t>(i)].item<std::int64_t>()));
  }
  return estimate(right, draws, options.sigma);
}

}  // namespace ballast::train
