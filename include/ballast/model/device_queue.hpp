// SPDX-License-Identifier: Apache-2.0
//
// Devices that classify batches while their caller goes on.

#pragma once

#include <cstdint>
#include <span>

#include "ballast/core/input_buffer.hpp"

namespace ballast::model {

// Buffers in the processor's memory, which devices read. Batches are put into buffers 0, 1, ... buffers() - 1, 0, ... in turn, which
// shares them out over the devices: one after another on each, all devices at the same time. For one thread.
class DeviceQueue {
 public:
  virtual ~DeviceQueue() = default;

  // Images in a batch. A device always computes as many, so that labels do not depend on how many are asked for.
  virtual int batch() const = 0;
  virtual int devices() const = 0;
  // So many times devices().
  virtual int buffers() const = 0;
  virtual InputBuffer buffer(int number) = 0;

  // Begins to classify the first `count` images of a buffer, 1 ... batch().
  virtual void start(int number, int count) = 0;
  // Returns when the buffer may be written again.
  virtual void wait(int number) = 0;
  // Waits for all that was started and adds its votes: for the classes 0 ... K - 1 and, the last, for "nan".
  virtual void finish(std::span<std::uint64_t> votes) = 0;
};

}  // namespace ballast::model
