// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/thread_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "ballast/smooth/session_threads.hpp"

namespace ballast::smooth {

struct ThreadPool::Rounds {
  std::mutex mutex;
  std::condition_variable changed;
  const Work* work = nullptr;  // of the present round
  std::uint64_t tasks = 0, round = 0;
  int busy = 0;
  bool ending = false;
  std::exception_ptr failure;
  std::atomic<std::uint64_t> next{0};
  SessionThreads threads;  // the last, so that they end before what they use

  Rounds(const model::Classifier& classifier, int count)
      : threads(
            classifier, count, [this](model::Session& session, int worker) { take_part(session, worker); }, [this] { end(); }) {}

  void take_part(model::Session& session, int worker) {
    std::uint64_t last_round = 0;
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return ending || round != last_round; });
      if (ending) return;
      last_round = round;
      lock.unlock();
      do_tasks(session, worker);
      lock.lock();
      if (--busy == 0) changed.notify_all();
    }
  }

  void do_tasks(model::Session& session, int worker) {
    try {
      for (std::uint64_t task; (task = next.fetch_add(1)) < tasks;) (*work)(session, worker, task);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = tasks;  // nobody starts another
    }
  }

  void end() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    changed.notify_all();
  }
};

ThreadPool::ThreadPool(const model::Classifier& classifier, int threads) : rounds_(std::make_unique<Rounds>(classifier, threads)) {}
ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const { return rounds_->threads.count(); }
int ThreadPool::micro_batch() const { return rounds_->threads.micro_batch(); }
const model::Classifier& ThreadPool::classifier() const { return rounds_->threads.classifier(); }

void ThreadPool::run(std::uint64_t tasks, const Work& work) {
  Rounds& rounds = *rounds_;
  std::unique_lock lock(rounds.mutex);
  rounds.work = &work;
  rounds.tasks = tasks;
  rounds.next = 0;
  rounds.failure = nullptr;
  rounds.busy = threads();
  ++rounds.round;
  rounds.changed.notify_all();
  rounds.changed.wait(lock, [&] { return rounds.busy == 0; });
  if (rounds.failure) std::rethrow_exception(rounds.failure);
}

}  // namespace ballast::smooth
