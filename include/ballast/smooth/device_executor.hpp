// SPDX-License-Identifier: Apache-2.0
//
// Counts by devices, for which all cores make noise.

#pragma once

#include <memory>

#include "ballast/smooth/executor.hpp"
#include "ballast/smooth/noise_ring.hpp"

namespace ballast::smooth {

// Votes are those of samples in batches of the device's, whatever the number of devices and threads. Work that wants a session has one,
// on the first device, in the calling thread.
class DeviceExecutor : public Executor {
 public:
  // A classifier that has devices, which must outlive it. threads: that make noise, 0 for one a core.
  DeviceExecutor(const model::Classifier& classifier, int threads);

  int threads() const override { return 1; }
  int micro_batch() const override { return queue_->batch(); }
  const model::Classifier& classifier() const override { return classifier_; }
  void run(std::uint64_t tasks, const Work& work) override;
  void count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) override;

 private:
  const model::Classifier& classifier_;
  std::unique_ptr<model::DeviceQueue> queue_;
  std::unique_ptr<model::Session> session_;  // made when it is wanted
  NoiseRing noise_;                          // the last, so that it ends before what it writes to
};

// Threads of the processor or its devices, as the classifier runs. threads: 0 for one a core.
std::unique_ptr<Executor> executor_of(const model::Classifier& classifier, int threads);

}  // namespace ballast::smooth
