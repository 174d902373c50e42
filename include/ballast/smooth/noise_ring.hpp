// SPDX-License-Identifier: Apache-2.0
//
// Batches of noisy images that threads make ahead of who uses them.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "ballast/core/input_buffer.hpp"
#include "ballast/smooth/executor.hpp"

namespace ballast::smooth {

// A round is samples that are written batch after batch into buffers in turn: batch b into buffer b % buffers. Each batch is written in
// pieces by all threads, so that the first is soon there and memory does not grow with them.
class NoiseRing {
 public:
  // Each buffer has room for `batch` samples. threads: 0 is one a core.
  NoiseRing(int buffers, int batch, int threads);
  ~NoiseRing();
  NoiseRing(const NoiseRing&) = delete;
  NoiseRing& operator=(const NoiseRing&) = delete;

  // Between rounds, or while the buffer's batch is taken and not given back.
  void set_buffer(std::uint64_t batch, const InputBuffer& buffer);

  // write must stay until end().
  void begin(std::uint64_t samples, const Executor::WriteSamples& write);
  // Returns when batch b is written. Throws what write threw.
  void take(std::uint64_t batch);
  // Its buffer may be written again.
  void give_back(std::uint64_t batch);
  // Returns when nobody writes any more, whatever was left of the round.
  void end();

 private:
  struct Slot {
    InputBuffer buffer;
    std::uint64_t missing = 0;  // pieces of the batch that is being written
  };

  void write_pieces();
  void join();
  bool has_piece() const { return writes_ && next_ < pieces_ && next_ / per_batch_ < given_back_ + slots_.size(); }

  const std::uint64_t batch_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable to_write_, written_;
  const Executor::WriteSamples* writes_ = nullptr;  // of the present round
  std::uint64_t samples_ = 0, piece_ = 1, pieces_ = 0, per_batch_ = 1, next_ = 0;
  std::uint64_t given_back_ = 0;  // batches
  int busy_ = 0;
  bool ending_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace ballast::smooth
