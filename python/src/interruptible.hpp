// SPDX-License-Identifier: Apache-2.0
//
// Long work that Ctrl-C can end.

#pragma once

#include <atomic>
#include <functional>

#include "ballast/smooth/executor.hpp"

namespace ballast::python {

// Does the work in a thread of its own, while this one looks for signals. A signal whose handler raises an exception turns
// `stop` true, waits for the work to end and throws that exception, as do the work's own. Requires the GIL not to be held.
void run_watched(const std::function<void(const std::atomic<bool>& stop)>& work);

// The same executor until `stop` turns true; then its rounds end with an exception. Both must outlive it.
class CancellableExecutor : public smooth::Executor {
 public:
  CancellableExecutor(smooth::Executor& executor, const std::atomic<bool>& stop) : executor_(executor), stop_(stop) {}

  int threads() const override { return executor_.threads(); }
  int micro_batch() const override { return executor_.micro_batch(); }
  const model::Classifier& classifier() const override { return executor_.classifier(); }
  void run(std::uint64_t tasks, const Work& work) override;
  void count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) override;

 private:
  smooth::Executor& executor_;
  const std::atomic<bool>& stop_;
};

}  // namespace ballast::python
