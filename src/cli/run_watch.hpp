// SPDX-License-Identifier: Apache-2.0
//
// Who looks on while images become rows: shows how far they are, inside an image too, and answers Ctrl-C at once.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "ballast/run/progress.hpp"
#include "logged_run.hpp"

namespace ballast::cli {

class RunWatch {
 public:
  // processes: those that draw as many samples as this one. References must outlive it.
  RunWatch(const LoggedRun& job, const std::atomic<bool>& stop, int processes);
  ~RunWatch();  // what it last said stays
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  // Nothing is said before. resumed: rows that were there already.
  void begin(std::size_t resumed);

  // What run::Job counts in.
  std::atomic<std::uint64_t>& drawn() { return drawn_; }

  // By one thread at a time.
  void row_done(const run::Status& status);

  // Of rows that are no log's, what they say follows by itself: nothing is to stand before it.
  void clear();

 private:
  void watch();
  void look();
  void tell_of_length();
  void stand();

  const LoggedRun& job_;
  const std::atomic<bool>& stop_;
  const std::uint64_t processes_;
  std::atomic<std::uint64_t> drawn_{0};
  std::mutex mutex_;  // of what follows
  std::condition_variable ended_;
  bool begun_ = false, ending_ = false, told_of_stop_ = false, told_of_length_ = false;
  std::chrono::steady_clock::time_point start_;
  run::ProgressLine line_;
  run::Standing standing_;
  std::thread thread_;  // the last, as it uses the rest
};

}  // namespace ballast::cli
