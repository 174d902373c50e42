// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/counting_team.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>

namespace ballast::smooth {

// The samples of one call, of which each taking part takes a micro-batch at a time.
struct CountingTeam::Round {
  std::uint64_t samples, step;
  const Executor::WriteSamples& write;
  std::size_t label_count;  // classes, and "nan"
  std::atomic<std::uint64_t> next{0};

  // Guarded by the team's mutex.
  int helpers = 0;
  std::vector<std::uint64_t> votes_of_helpers;
  std::exception_ptr failure;

  std::uint64_t tasks() const { return (samples + step - 1) / step; }

  // Counts what it gets until nothing is left; after a failure, which it returns, nobody goes on.
  std::exception_ptr take_part(model::Session& session, std::span<std::uint64_t> votes) {
    try {
      count(session, votes);
      return {};
    } catch (...) {
      next = tasks();
      return std::current_exception();
    }
  }

  // Adds the votes of what it gets to count.
  void count(model::Session& session, std::span<std::uint64_t> votes) {
    std::vector<Label> labels(step);
    for (std::uint64_t task; (task = next.fetch_add(1)) < tasks();) {
      const std::uint64_t start = task * step, count = std::min(step, samples - start);
      const std::span<Label> given = std::span(labels).first(count);
      write(start, static_cast<int>(count), session.input());
      session.classify(given);
      for (const Label label : given) ++votes[static_cast<std::size_t>(label)];
    }
  }
};

void CountingTeam::Member::count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) {
  const auto step = static_cast<std::uint64_t>(micro_batch());
  Round round{samples, step, write, votes.size(), {}, 0, {}, {}};
  if (round.tasks() <= 1) return round.count(session_, votes);
  {
    const std::lock_guard lock(team_.mutex_);
    team_.rounds_.push_back(&round);
  }
  team_.changed_.notify_all();
  const std::exception_ptr failure = round.take_part(session_, votes);
  std::unique_lock lock(team_.mutex_);
  std::erase(team_.rounds_, &round);
  team_.changed_.wait(lock, [&] { return round.helpers == 0; });
  if (failure || round.failure) std::rethrow_exception(failure ? failure : round.failure);
  if (!round.votes_of_helpers.empty())
    std::transform(votes.begin(), votes.end(), round.votes_of_helpers.begin(), votes.begin(), std::plus<>());
}

CountingTeam::Member::~Member() {
  if (!working_) return;
  {
    const std::lock_guard lock(team_.mutex_);
    team_.failed_ = true;
  }
  team_.changed_.notify_all();
}

void CountingTeam::Member::help_others() {
  working_ = false;
  std::unique_lock lock(team_.mutex_);
  --team_.working_;
  team_.changed_.notify_all();
  for (;;) {
    Round* round = nullptr;
    team_.changed_.wait(lock, [&] { return (round = team_.open_round()) || team_.working_ == 0 || team_.failed_; });
    if (!round) return;
    take_part(*round, lock);
  }
}

void CountingTeam::Member::help_others_for(std::chrono::milliseconds time) {
  std::unique_lock lock(team_.mutex_);
  Round* round = nullptr;
  if (team_.changed_.wait_for(lock, time, [&] { return (round = team_.open_round()) != nullptr; })) take_part(*round, lock);
}

// The lock of the team, which is not held while it counts.
void CountingTeam::Member::take_part(Round& round, std::unique_lock<std::mutex>& lock) {
  std::vector<std::uint64_t> votes(round.label_count);
  round.votes_of_helpers.resize(round.label_count);
  ++round.helpers;
  lock.unlock();
  const std::exception_ptr failure = round.take_part(session_, votes);
  lock.lock();
  std::transform(votes.begin(), votes.end(), round.votes_of_helpers.begin(), round.votes_of_helpers.begin(), std::plus<>());
  if (failure) round.failure = failure;
  --round.helpers;
  team_.changed_.notify_all();
}

// One that has samples left: of those, the one with the most.
CountingTeam::Round* CountingTeam::open_round() {
  Round* best = nullptr;
  std::uint64_t most = 0;
  for (Round* round : rounds_) {
    const std::uint64_t taken = round->next.load(std::memory_order_relaxed);
    if (taken < round->tasks() && round->tasks() - taken > most) most = round->tasks() - taken, best = round;
  }
  return best;
}

}  // namespace ballast::smooth
