// SPDX-License-Identifier: Apache-2.0
//
// Which images are to be done, who does them, and what becomes of their rows.

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "ballast/log/record.hpp"
#include "ballast/run/process_group.hpp"

namespace ballast::run {

// Tasks 0, 1, ...: where workers take them, and leave the rows. By several threads at once.
class Tasks {
 public:
  virtual ~Tasks() = default;

  // What a worker does for about so long while there is no task for it yet.
  using Meanwhile = std::function<void(std::chrono::milliseconds)>;

  // Waits for a task. None: there will be no more.
  virtual std::optional<std::size_t> take(int worker, const Meanwhile& meanwhile) = 0;

  // A task that was taken must be put, or else:
  virtual void put(std::size_t task, log::Record row) = 0;

  // Nobody is to get another task, in any process.
  virtual void fail() = 0;
};

// Hands the tasks out in order and calls write(row) in order too, under a lock. What was handed out is finished even when the run
// is to stop, so that no row is missing before another.
class OrderedTaskQueue : public Tasks {
 public:
  using Write = std::function<void(log::Record row)>;

  // ahead: rows that may wait for an earlier one. References must outlive it.
  OrderedTaskQueue(std::size_t count, std::size_t ahead, const std::atomic<bool>& stop, Write write)
      : count_(count), ahead_(ahead), stop_(stop), write_(std::move(write)) {}

  std::optional<std::size_t> take(int worker, const Meanwhile& meanwhile) override;
  void put(std::size_t task, log::Record row) override;
  void fail() override;

  // Does not wait: `later` where too many rows wait for an earlier one.
  struct Offer {
    std::optional<std::size_t> task;
    bool later = false;
  };
  Offer offer();

 private:
  std::size_t count_, ahead_;
  const std::atomic<bool>& stop_;
  Write write_;
  mutable std::mutex mutex_;
  std::map<std::size_t, log::Record> waiting_;
  std::size_t handed_out_ = 0, written_ = 0;
  bool failed_ = false;
};

// What rank 0 answers the other ranks from its queue, until all have said that they are done. Throws std::runtime_error then if one of
// them has failed.
void serve_workers(ProcessGroup& group, OrderedTaskQueue& queue);

// The tasks of a rank other than 0, from the queue of rank 0.
class TasksOfRankZero : public Tasks {
 public:
  explicit TasksOfRankZero(ProcessGroup& group) : group_(group) {}  // the group must outlive it

  std::optional<std::size_t> take(int worker, const Meanwhile& meanwhile) override;
  void put(std::size_t task, log::Record row) override;
  void fail() override;
  void done();  // once, when nobody here will take or put again

 private:
  ProcessGroup& group_;
};

}  // namespace ballast::run
