// SPDX-License-Identifier: Apache-2.0
//
// Threads that several requests share, each thread with a session of the classifier for itself.

#pragma once

#include <memory>

#include "ballast/smooth/executor.hpp"

namespace ballast::serve {

// An executor for many callers at once: the tasks of all rounds under way are handed
// out in turn, one of each, so that a long request does not hold up a short
// one and a single request has all threads. A task is a whole micro-batch, so every
// thread is kept busy without samples of two requests in one batch.
class SharedThreadPool : public smooth::Executor {
 public:
  // threads: 0 for one a core. The classifier must outlive it.
  SharedThreadPool(const model::Classifier& classifier, int threads);
  ~SharedThreadPool() override;

  int threads() const override;
  int micro_batch() const override;
  const model::Classifier& classifier() const override;

  // Safe to call from several threads at once; not from within a task.
  void run(std::uint64_t tasks, const Work& work) override;

 private:
  struct Rounds;
  std::unique_ptr<Rounds> rounds_;
};

}  // namespace ballast::serve
