// SPDX-License-Identifier: Apache-2.0
//
// Threads that each have a session of the classifier for themselves: what the
// thread pools are made of.

#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "ballast/model/classifier.hpp"

namespace ballast::smooth {

class SessionThreads {
 public:
  using Body = std::function<void(model::Session& session, int worker)>;

  // Runs body in each thread. stop: makes every body return; called before the threads are joined, when this goes or where not all of
  // them can be started. threads: 0 for one a core. The classifier must outlive it.
  SessionThreads(const model::Classifier& classifier, int threads, const Body& body, std::function<void()> stop);
  ~SessionThreads();
  SessionThreads(const SessionThreads&) = delete;
  SessionThreads& operator=(const SessionThreads&) = delete;

  int count() const { return static_cast<int>(sessions_.size()); }
  int micro_batch() const { return sessions_.front()->micro_batch(); }
  const model::Classifier& classifier() const { return classifier_; }

 private:
  void end();

  const model::Classifier& classifier_;
  std::vector<std::unique_ptr<model::Session>> sessions_;
  std::function<void()> stop_;
  std::vector<std::thread> threads_;
};

}  // namespace ballast::smooth
