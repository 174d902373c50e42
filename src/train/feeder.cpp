// SPDX-License-Identifier: Apache-2.0

#include "feeder.hpp"

namespace ballast::train {

Feeder::Feeder(const Batches& batches, int epoch, int first_step, int threads)
    : batches_(batches),
      epoch_(epoch),
      order_(batches.order(epoch)),
      next_prepared_(first_step),
      next_taken_(first_step),
      slots_(static_cast<std::size_t>(threads) + 1) {
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { prepare(); });
  } catch (...) {
    end();
    throw;
  }
}

Feeder::~Feeder() { end(); }

void Feeder::end() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

// Step s goes to slot s modulo their number, once the step that was there before has been taken and let go of.
void Feeder::prepare() {
  const int room = static_cast<int>(slots_.size());
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || next_prepared_ >= batches_.steps() || next_prepared_ < next_taken_ + room - 1; });
    if (stopping_ || next_prepared_ >= batches_.steps()) return;
    const int step = next_prepared_++;
    Slot& slot = slots_[static_cast<std::size_t>(step % room)];
    lock.unlock();
    std::exception_ptr failure;
    try {
      batches_.fill(epoch_, order_, step, slot.batch);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    slot.step = step;
    changed_.notify_all();
  }
}

HostBatch& Feeder::next() {
  Slot& slot = slots_[static_cast<std::size_t>(next_taken_ % static_cast<int>(slots_.size()))];
  if (threads_.empty()) {
    batches_.fill(epoch_, order_, next_taken_++, slot.batch);
    return slot.batch;
  }
  std::unique_lock lock(mutex_);
  const int step = next_taken_++;  // the batch before this one is let go of
  changed_.notify_all();
  changed_.wait(lock, [&] { return failure_ || slot.step == step; });
  if (failure_) std::rethrow_exception(failure_);
  return slot.batch;
}

}  // namespace ballast::train
