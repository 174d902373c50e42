// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/process_group.hpp"

namespace ballast::run {

void DistributedExecutor::run(std::uint64_t tasks, const Work& work) {
  const auto rank = static_cast<std::uint64_t>(group_.rank()), size = static_cast<std::uint64_t>(group_.size());
  const std::uint64_t mine = tasks > rank ? (tasks - rank - 1) / size + 1 : 0;
  executor_.run(mine, [&](model::Session& session, int worker, std::uint64_t task) { work(session, worker, rank + task * size); });
}

}  // namespace ballast::run
