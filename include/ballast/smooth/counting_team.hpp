// SPDX-License-Identifier: Apache-2.0
//
// Threads with an image each, of which those that have none count for the others.

#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "ballast/smooth/executor.hpp"

namespace ballast::smooth {

class CountingTeam {
  struct Round;

 public:
  // So many members will come.
  explicit CountingTeam(int members) : working_(members) {}

  // One thread's part, with a session of its own. Samples that it is to count may be counted by others who help.
  class Member : public Executor {
   public:
    // All must outlive it.
    Member(CountingTeam& team, const model::Classifier& classifier, model::Session& session)
        : team_(team), classifier_(classifier), session_(session) {}
    // One that goes without having helped has failed, and nobody waits any longer for those who have not come.
    ~Member() override;

    int threads() const override { return 1; }
    int micro_batch() const override { return session_.micro_batch(); }
    const model::Classifier& classifier() const override { return classifier_; }
    void run(std::uint64_t tasks, const Work& work) override {
      for (std::uint64_t task = 0; task < tasks; ++task) work(session_, 0, task);
    }
    void count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) override;

    // Counts for the others: once, if there is something to count within this time.
    void help_others_for(std::chrono::milliseconds time);
    // Ends its own work, and counts for the others until all have ended theirs.
    void help_others();

   private:
    void take_part(Round& round, std::unique_lock<std::mutex>& lock);

    CountingTeam& team_;
    const model::Classifier& classifier_;
    model::Session& session_;
    bool working_ = true;
  };

 private:
  Round* open_round();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Round*> rounds_;  // under way
  int working_;                 // members who are at work of their own, or have not come yet
  bool failed_ = false;
};

}  // namespace ballast::smooth
