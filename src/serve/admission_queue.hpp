// SPDX-License-Identifier: Apache-2.0
//
// Who is served, and who waits: first come, first served, and no longer a queue than is allowed.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

namespace ballast::serve {

class AdmissionQueue {
 public:
  AdmissionQueue(std::size_t at_once, std::size_t waiting) : at_once_(at_once), most_waiting_(waiting) {}

  // A place among those served, as long as it lives.
  class Slot {
   public:
    // Waits for the place. Throws Refused where the queue is full, or closed.
    explicit Slot(AdmissionQueue& queue) : queue_(queue) { queue_.enter(); }
    ~Slot() { queue_.leave(); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    AdmissionQueue& queue_;
  };

  void close();  // nobody new is let in; those who wait are still served
  bool is_closed() const;
  void wait_until_empty();  // after close()
  std::size_t waiting() const;
  std::size_t served() const;

 private:
  void enter();
  void leave();

  const std::size_t at_once_, most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<const void*> queue_;
  std::size_t served_ = 0;
  bool closed_ = false;
};

}  // namespace ballast::serve
