// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/noise_ring.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {
namespace {

// Values that one thread writes at a time: a tenth of a millisecond.
constexpr std::size_t piece_values = 1 << 15;

}  // namespace

NoiseRing::NoiseRing(int buffers, int batch, int threads)
    : batch_(static_cast<std::uint64_t>(batch)), slots_(static_cast<std::size_t>(buffers)) {
  require(threads >= 0 && threads <= 4096, fmt::format("threads = {}: 0 (one a core) to 4096 are allowed", threads));
  const int count = threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  try {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { write_pieces(); });
  } catch (...) {
    join();
    throw;
  }
}

NoiseRing::~NoiseRing() { join(); }

void NoiseRing::join() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  to_write_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void NoiseRing::set_buffer(std::uint64_t batch, const InputBuffer& buffer) {
  const std::lock_guard lock(mutex_);
  slots_[batch % slots_.size()].buffer = buffer;
}

void NoiseRing::begin(std::uint64_t samples, const Executor::WriteSamples& write) {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t values = std::max<std::size_t>(1, slots_.front().buffer.shape.size());
    piece_ = std::clamp<std::uint64_t>(piece_values / values, 1, batch_);
    per_batch_ = (batch_ + piece_ - 1) / piece_;
    const std::uint64_t whole = samples / batch_, rest = samples % batch_;
    pieces_ = whole * per_batch_ + (rest + piece_ - 1) / piece_;
    samples_ = samples;
    next_ = given_back_ = 0;
    failure_ = nullptr;
    for (std::size_t b = 0; b < slots_.size(); ++b) slots_[b].missing = std::min(per_batch_, pieces_ - std::min(pieces_, b * per_batch_));
    writes_ = &write;
  }
  to_write_.notify_all();
}

void NoiseRing::take(std::uint64_t batch) {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return failure_ || slots_[batch % slots_.size()].missing == 0; });
  if (failure_) std::rethrow_exception(failure_);
}

void NoiseRing::give_back(std::uint64_t batch) {
  {
    const std::lock_guard lock(mutex_);
    given_back_ = batch + 1;
    const std::uint64_t first = (batch + slots_.size()) * per_batch_;
    slots_[batch % slots_.size()].missing = std::min(per_batch_, pieces_ - std::min(pieces_, first));
  }
  to_write_.notify_all();
}

void NoiseRing::end() {
  std::unique_lock lock(mutex_);
  writes_ = nullptr;
  written_.wait(lock, [&] { return busy_ == 0; });
}

void NoiseRing::write_pieces() {
  std::unique_lock lock(mutex_);
  for (;;) {
    to_write_.wait(lock, [&] { return ending_ || has_piece(); });
    if (ending_) return;
    const std::uint64_t batch = next_ / per_batch_, place = next_ % per_batch_ * piece_, first = batch * batch_ + place;
    const auto count = static_cast<int>(std::min({piece_, batch_ - place, samples_ - first}));
    Slot& slot = slots_[batch % slots_.size()];
    const InputBuffer buffer = from_place(slot.buffer, place);
    const auto& write = *writes_;
    ++next_;
    ++busy_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      write(first, count, buffer);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --busy_;
    --slot.missing;
    if (failure && !failure_) failure_ = failure, next_ = pieces_;
    if (slot.missing == 0 || busy_ == 0) written_.notify_all();
  }
}

}  // namespace ballast::smooth
