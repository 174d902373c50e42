// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/executor.hpp"

#include <algorithm>
#include <vector>

namespace ballast::smooth {

void Executor::count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) {
  const auto step = static_cast<std::uint64_t>(micro_batch());
  struct Worker {
    std::vector<std::uint64_t> votes;
    std::vector<Label> labels;
  };
  std::vector<Worker> workers(static_cast<std::size_t>(threads()), {std::vector<std::uint64_t>(votes.size()), std::vector<Label>(step)});
  run((samples + step - 1) / step, [&](model::Session& session, int worker, std::uint64_t task) {
    Worker& own = workers[static_cast<std::size_t>(worker)];
    const std::uint64_t start = task * step, count = std::min(step, samples - start);
    const std::span<Label> labels = std::span(own.labels).first(count);
    write(start, static_cast<int>(count), session.input());
    session.classify(labels);
    for (const Label label : labels) ++own.votes[static_cast<std::size_t>(label)];
  });
  for (const Worker& worker : workers) std::transform(votes.begin(), votes.end(), worker.votes.begin(), votes.begin(), std::plus<>());
}

}  // namespace ballast::smooth
