// SPDX-License-Identifier: Apache-2.0

#include "admission_queue.hpp"

#include <fmt/format.h>

#include "ballast/serve/service.hpp"

namespace ballast::serve {

void AdmissionQueue::enter() {
  std::unique_lock lock(mutex_);
  if (closed_) throw Refused(Refused::Why::closing, "the server is shutting down");
  const bool at_once = served_ < at_once_ && queue_.empty();
  if (!at_once && queue_.size() >= most_waiting_)
    throw Refused(Refused::Why::busy, fmt::format("the queue is full: {} requests wait already; try again later", queue_.size()));
  if (!at_once) {
    const char mark = 0;  // its address stands for this caller
    queue_.push_back(&mark);
    changed_.wait(lock, [&] { return served_ < at_once_ && queue_.front() == &mark; });
    queue_.pop_front();
    changed_.notify_all();
  }
  ++served_;
}

void AdmissionQueue::leave() {
  const std::lock_guard lock(mutex_);
  --served_;
  changed_.notify_all();
}

void AdmissionQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool AdmissionQueue::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void AdmissionQueue::wait_until_empty() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return served_ == 0 && queue_.empty(); });
}

std::size_t AdmissionQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

std::size_t AdmissionQueue::served() const {
  const std::lock_guard lock(mutex_);
  return served_;
}

}  // namespace ballast::serve
