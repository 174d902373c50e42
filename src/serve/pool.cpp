// SPDX-License-Identifier: Apache-2.0

#include "ballast/serve/pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "ballast/core/errors.hpp"

namespace ballast::serve {

namespace {

// One call of run().
struct Round {
  const smooth::Crew::Work& work;
  std::uint64_t tasks, begun = 0, finished = 0;
  std::exception_ptr failure;
};

}  // namespace

struct Pool::Team {
  const model::Classifier& classifier;
  std::vector<std::unique_ptr<model::Session>> sessions;
  std::vector<std::thread> threads;

  std::mutex mutex;
  std::condition_variable arrived, finished;
  std::deque<Round*> waiting;  // rounds with tasks that nobody has begun
  bool ending = false;

  explicit Team(const model::Classifier& model) : classifier(model) {}
  ~Team() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    arrived.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void take_part(int worker) {
    std::unique_lock lock(mutex);
    for (;;) {
      arrived.wait(lock, [&] { return ending || !waiting.empty(); });
      if (ending) return;
      Round& round = *waiting.front();
      waiting.pop_front();
      const std::uint64_t task = round.begun++;
      if (round.begun < round.tasks) waiting.push_back(&round);
      lock.unlock();
      const std::exception_ptr failure = failure_of(round, worker, task);
      lock.lock();
      finish(round, failure);
    }
  }

  std::exception_ptr failure_of(const Round& round, int worker, std::uint64_t task) {
    try {
      round.work(*sessions[static_cast<std::size_t>(worker)], worker, task);
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

Pool::Pool(const model::Classifier& classifier, int threads) : team_(std::make_unique<Team>(classifier)) {
  require(threads >= 0 && threads <= 4096, fmt::format("threads = {}: 0 (one a core) to 4096 are allowed", threads));
  const int count = threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 0; i < count; ++i) team_->sessions.push_back(classifier.new_session());
  for (int i = 0; i < count; ++i) team_->threads.emplace_back([team = team_.get(), i] { team->take_part(i); });
}

Pool::~Pool() = default;

int Pool::threads() const { return static_cast<int>(team_->sessions.size()); }
int Pool::micro_batch() const { return team_->sessions[0]->micro_batch(); }
const model::Classifier& Pool::classifier() const { return team_->classifier; }

void Pool::run(std::uint64_t tasks, const Work& work) {
  if (tasks == 0) return;
  Round round{work, tasks};
  std::unique_lock lock(team_->mutex);
  team_->waiting.push_back(&round);
  team_->arrived.notify_all();
  team_->finished.wait(lock, [&] { return round.finished == round.tasks; });
  if (round.failure) std::rethrow_exception(round.failure);
}

}  // namespace ballast::serve
