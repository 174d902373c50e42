// SPDX-License-Identifier: Apache-2.0
//
// A team of threads, each with a session of the classifier for itself.

#pragma once

#include <memory>

#include "ballast/smooth/crew.hpp"

namespace ballast::smooth {

class Workers : public Crew {
 public:
  // threads: 0 for one a core. The classifier must outlive the team.
  Workers(const model::Classifier& classifier, int threads);
  ~Workers() override;

  int threads() const override;
  int micro_batch() const override;
  const model::Classifier& classifier() const override;

  // Tasks are begun in order, spread over the team. Not to be called from two
  // threads at once, nor from within a task.
  void run(std::uint64_t tasks, const Work& work) override;

 private:
  struct Team;
  std::unique_ptr<Team> team_;
};

}  // namespace ballast::smooth
