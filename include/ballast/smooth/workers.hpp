// SPDX-License-Identifier: Apache-2.0
//
// A team of threads, each with a session of the classifier for itself.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "ballast/model/classifier.hpp"

namespace ballast::smooth {

class Workers {
 public:
  // threads: 0 for one a core. The classifier must outlive the team.
  Workers(const model::Classifier& classifier, int threads);
  ~Workers();

  int threads() const;
  int micro_batch() const;
  const model::Classifier& classifier() const;

  // Calls work(session, worker, task) once for each task 0 ... tasks - 1,
  // spread over the team, and returns when all are done. An exception of any
  // call ends the round and is thrown here. Not to be called from two threads at once.
  using Work = std::function<void(model::Session& session, int worker, std::uint64_t task)>;
  void run(std::uint64_t tasks, const Work& work);

 private:
  struct Team;
  std::unique_ptr<Team> team_;
};

}  // namespace ballast::smooth
