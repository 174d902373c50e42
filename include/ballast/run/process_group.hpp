// SPDX-License-Identifier: Apache-2.0
//
// Processes that share one run out among them, such as the ranks of an MPI job.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/smooth/executor.hpp"

namespace ballast::run {

// How the processes talk. Rank 0 keeps the log and hands out the images.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;  // 0 ... size() - 1
  virtual int size() const = 0;

  // Messages arrive whole, and those from one sender to one tag in their order. May be called by several threads at once.
  virtual void send(int to, int tag, const std::string& message) = 0;
  virtual std::string receive(int from, int tag) = 0;  // waits for it

  struct Message {
    int from = 0;
    std::string text;
  };
  virtual std::optional<Message> try_receive(int tag) = 0;  // from anyone; does not wait

  // What every rank calls, by one thread and in the same order:
  virtual void all_sum(std::span<std::uint64_t> counts) = 0;                 // each becomes the sum over all ranks
  virtual std::vector<std::string> all_gather(const std::string& mine) = 0;  // what each rank gives, by rank
};

// The ranks' executors as one: every rank must run the same procedure on the same image, works on its share of the tasks, and
// learns the sums of all votes.
class DistributedExecutor : public smooth::Executor {
 public:
  // Both must outlive it. The micro-batch must be the same on all ranks.
  DistributedExecutor(smooth::Executor& executor, ProcessGroup& group) : executor_(executor), group_(group) {}

  int threads() const override { return executor_.threads(); }
  int micro_batch() const override { return executor_.micro_batch(); }
  const model::Classifier& classifier() const override { return executor_.classifier(); }
  void run(std::uint64_t tasks, const Work& work) override;
  void all_sum(std::span<std::uint64_t> counts) override { group_.all_sum(counts); }

 private:
  smooth::Executor& executor_;
  ProcessGroup& group_;
};

}  // namespace ballast::run
