// SPDX-License-Identifier: Apache-2.0
//
// Who does the counting: one session of the classifier, or threads with one each.

#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "ballast/model/classifier.hpp"

namespace ballast::smooth {

class Executor {
 public:
  virtual ~Executor() = default;

  virtual int threads() const = 0;
  virtual int micro_batch() const = 0;
  virtual const model::Classifier& classifier() const = 0;

  // Calls work(session, worker, task) once for each task 0 ... tasks - 1, worker
  // being 0 ... threads() - 1, and returns when all are done. An exception of
  // any call ends the round and is thrown here.
  using Work = std::function<void(model::Session& session, int worker, std::uint64_t task)>;
  virtual void run(std::uint64_t tasks, const Work& work) = 0;

  // Writes the samples first ... first + count - 1 of a round into a buffer, from its first place on. Safe to call from several threads.
  using WriteSamples = std::function<void(std::uint64_t first, int count, const InputBuffer& buffer)>;
  // Adds the votes of the samples 0 ... samples - 1 for the classes 0 ... K - 1 and, the last, for "nan".
  virtual void count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes);

  // Adds what other processes have counted in the same round, if this executor has others with it.
  virtual void all_sum(std::span<std::uint64_t> counts) { static_cast<void>(counts); }
};

// One session, in the calling thread.
class InlineExecutor : public Executor {
 public:
  // Both must outlive it.
  InlineExecutor(const model::Classifier& classifier, model::Session& session) : classifier_(classifier), session_(session) {}

  int threads() const override { return 1; }
  int micro_batch() const override { return session_.micro_batch(); }
  const model::Classifier& classifier() const override { return classifier_; }
  void run(std::uint64_t tasks, const Work& work) override {
    for (std::uint64_t task = 0; task < tasks; ++task) work(session_, 0, task);
  }

 private:
  const model::Classifier& classifier_;
  model::Session& session_;
};

}  // namespace ballast::smooth
