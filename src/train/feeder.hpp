// SPDX-License-Identifier: Apache-2.0
//
// Prepares batches while the network works on others.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "batches.hpp"

namespace ballast::train {

// The batches of one epoch from a given step on, in order, however many threads prepare them.
class Feeder {
 public:
  // threads: that prepare batches; 0 prepares each when it is asked for.
  Feeder(const Batches& batches, int epoch, int first_step, int threads);
  ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  // The next batch, valid until the next call. Throws what preparing it threw.
  HostBatch& next();

 private:
  void prepare();
  void end();

  struct Slot {
    HostBatch batch;
    int step = -1;  // what it holds
  };

  const Batches& batches_;
  int epoch_;
  std::vector<std::uint32_t> order_;
  int next_prepared_, next_taken_;
  std::vector<Slot> slots_;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> threads_;
};

}  // namespace ballast::train
