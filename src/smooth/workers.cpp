// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {

struct Workers::Team {
  const model::Classifier& classifier;
  std::vector<std::unique_ptr<model::Session>> sessions;
  std::vector<std::thread> threads;

  std::mutex mutex;
  std::condition_variable changed;
  const Work* work = nullptr;  // of the present round
  std::uint64_t tasks = 0, round = 0;
  int busy = 0;
  bool ending = false;
  std::exception_ptr failure;
  std::atomic<std::uint64_t> next{0};

  explicit Team(const model::Classifier& model) : classifier(model) {}
  ~Team() { end(); }  // also where a later thread could not be started

  void take_part(int worker) {
    std::uint64_t last_round = 0;
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return ending || round != last_round; });
      if (ending) return;
      last_round = round;
      lock.unlock();
      do_tasks(worker);
      lock.lock();
      if (--busy == 0) changed.notify_all();
    }
  }

  void do_tasks(int worker) {
    try {
      for (std::uint64_t task; (task = next.fetch_add(1)) < tasks;) (*work)(*sessions[static_cast<std::size_t>(worker)], worker, task);
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
    for (std::thread& thread : threads) thread.join();
  }
};

Workers::Workers(const model::Classifier& classifier, int threads) : team_(std::make_unique<Team>(classifier)) {
  require(threads >= 0 && threads <= 4096, fmt::format("threads = {}: 0 (one a core) to 4096 are allowed", threads));
  const int count = threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 0; i < count; ++i) team_->sessions.push_back(classifier.new_session());
  for (int i = 0; i < count; ++i) team_->threads.emplace_back([team = team_.get(), i] { team->take_part(i); });
}

Workers::~Workers() = default;

int Workers::threads() const { return static_cast<int>(team_->sessions.size()); }
int Workers::micro_batch() const { return team_->sessions[0]->micro_batch(); }
const model::Classifier& Workers::classifier() const { return team_->classifier; }

void Workers::run(std::uint64_t tasks, const Work& work) {
  std::unique_lock lock(team_->mutex);
  team_->work = &work;
  team_->tasks = tasks;
  team_->next = 0;
  team_->failure = nullptr;
  team_->busy = threads();
  ++team_->round;
  team_->changed.notify_all();
  team_->changed.wait(lock, [&] { return team_->busy == 0; });
  if (team_->failure) std::rethrow_exception(team_->failure);
}

}  // namespace ballast::smooth
