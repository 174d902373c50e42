// SPDX-License-Identifier: Apache-2.0
//
// Processes that share one run out among them, such as the ranks of an MPI job.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/smooth/crew.hpp"

namespace ballast::run {

// How the processes talk. Rank 0 keeps the log and hands out the images.
class Team {
 public:
  virtual ~Team() = default;

  virtual int rank() const = 0;  // 0 ... size() - 1
  virtual int size() const = 0;

  // Letters arrive whole, and those from one sender to one box in their order. May be called by several threads at once.
  virtual void send(int to, int box, const std::string& letter) = 0;
  virtual std::string receive(int from, int box) = 0;  // waits for it

  struct Letter {
    int from = 0;
    std::string text;
  };
  virtual std::optional<Letter> look_into(int box) = 0;  // from anyone; does not wait

  // What every rank calls, by one thread and in the same order:
  virtual void add_up(std::span<std::uint64_t> counts) = 0;              // each becomes the sum over all ranks
  virtual std::vector<std::string> all_of(const std::string& mine) = 0;  // what each rank gives, by rank
};

// The ranks' crews as one: every rank must run the same procedure on the same image, works on its share of the tasks, and
// learns the sums of all votes.
class TeamCrew : public smooth::Crew {
 public:
  // Both must outlive it. The micro-batch must be the same on all ranks.
  TeamCrew(smooth::Crew& crew, Team& team) : crew_(crew), team_(team) {}

  int threads() const override { return crew_.threads(); }
  int micro_batch() const override { return crew_.micro_batch(); }
  const model::Classifier& classifier() const override { return crew_.classifier(); }
  void run(std::uint64_t tasks, const Work& work) override;
  void add_up(std::span<std::uint64_t> counts) override { team_.add_up(counts); }

 private:
  smooth::Crew& crew_;
  Team& team_;
};

}  // namespace ballast::run
