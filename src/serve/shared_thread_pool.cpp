// SPDX-License-Identifier: Apache-2.0

#include "ballast/serve/shared_thread_pool.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "ballast/smooth/session_threads.hpp"

namespace ballast::serve {

namespace {

// One call of run().
struct Round {
  const smooth::Executor::Work& work;
  std::uint64_t tasks, begun = 0, finished = 0;
  std::exception_ptr failure;
};

}  // namespace

struct SharedThreadPool::Rounds {
  std::mutex mutex;
  std::condition_variable arrived, finished;
  std::deque<Round*> waiting;  // rounds with tasks that nobody has begun
  bool ending = false;
  smooth::SessionThreads threads;  // the last, so that they end before what they use

  Rounds(const model::Classifier& classifier, int count)
      : threads(
            classifier, count, [this](model::Session& session, int worker) { take_part(session, worker); }, [this] { end(); }) {}

  void end() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    arrived.notify_all();
  }

  void take_part(model::Session& session, int worker) {
    std::unique_lock lock(mutex);
    for (;;) {
      arrived.wait(lock, [&] { return ending || !waiting.empty(); });
      if (ending) return;
      Round& round = *waiting.front();
      waiting.pop_front();
      const std::uint64_t task = round.begun++;
      if (round.begun < round.tasks) waiting.push_back(&round);
      lock.unlock();
      const std::exception_ptr failure = failure_of(round, session, worker, task);
      lock.lock();
      finish(round, failure);
    }
  }

  static std::exception_ptr failure_of(const Round& round, model::Session& session, int worker, std::uint64_t task) {
    try {
      round.work(session, worker, task);
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  void finish(Round& round, const std::exception_ptr& failure) {
    ++round.finished;
    if (failure) {
      if (!round.failure) round.failure = failure;
      round.tasks = round.begun;  // nobody begins another
      std::erase(waiting, &round);
    }
    if (round.finished == round.tasks) finished.notify_all();
  }
};

SharedThreadPool::SharedThreadPool(const model::Classifier& classifier, int threads)
    : rounds_(std::make_unique<Rounds>(classifier, threads)) {}
SharedThreadPool::~SharedThreadPool() = default;

int SharedThreadPool::threads() const { return rounds_->threads.count(); }
int SharedThreadPool::micro_batch() const { return rounds_->threads.micro_batch(); }
const model::Classifier& SharedThreadPool::classifier() const { return rounds_->threads.classifier(); }

void SharedThreadPool::run(std::uint64_t tasks, const Work& work) {
  if (tasks == 0) return;
  Round round{work, tasks};
  std::unique_lock lock(rounds_->mutex);
  rounds_->waiting.push_back(&round);
  rounds_->arrived.notify_all();
  rounds_->finished.wait(lock, [&] { return round.finished == round.tasks; });
  if (round.failure) std::rethrow_exception(round.failure);
}

}  // namespace ballast::serve
