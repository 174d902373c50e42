// SPDX-License-Identifier: Apache-2.0
//
// An executor that says how many samples it has been given, while it works.

#pragma once

#include <atomic>

#include "ballast/smooth/executor.hpp"

namespace ballast::run {

class CountingExecutor : public smooth::Executor {
 public:
  // Both must outlive it. drawn grows by each batch that has been written.
  CountingExecutor(smooth::Executor& executor, std::atomic<std::uint64_t>& drawn) : executor_(executor), drawn_(drawn) {}

  int threads() const override { return executor_.threads(); }
  int micro_batch() const override { return executor_.micro_batch(); }
  const model::Classifier& classifier() const override { return executor_.classifier(); }
  void run(std::uint64_t tasks, const Work& work) override { executor_.run(tasks, work); }
  void all_sum(std::span<std::uint64_t> counts) override { executor_.all_sum(counts); }

  void count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) override {
    const auto counting = [&](std::uint64_t first, int batch, const InputBuffer& buffer) {
      write(first, batch, buffer);
      drawn_.fetch_add(static_cast<std::uint64_t>(batch), std::memory_order_relaxed);
    };
    executor_.count(samples, counting, votes);
  }

 private:
  smooth::Executor& executor_;
  std::atomic<std::uint64_t>& drawn_;
};

}  // namespace ballast::run
