// SPDX-License-Identifier: Apache-2.0
//
// Threads for one caller, each with a session of the classifier for itself.

#pragma once

#include <memory>

#include "ballast/smooth/executor.hpp"

namespace ballast::smooth {

class ThreadPool : public Executor {
 public:
  // threads: 0 for one a core. The classifier must outlive the pool.
  ThreadPool(const model::Classifier& classifier, int threads);
  ~ThreadPool() override;

  int threads() const override;
  int micro_batch() const override;
  const model::Classifier& classifier() const override;

  // Tasks are begun in order, spread over the threads. Not to be called from two
  // threads at once, nor from within a task.
  void run(std::uint64_t tasks, const Work& work) override;

 private:
  struct Rounds;
  std::unique_ptr<Rounds> rounds_;
};

}  // namespace ballast::smooth
