// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/device_executor.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ballast/smooth/thread_pool.hpp"

namespace ballast::smooth {
namespace {

std::unique_ptr<model::DeviceQueue> queue_of(const model::Classifier& classifier) {
  auto queue = classifier.new_queue();
  if (!queue) throw std::logic_error("a classifier without devices");
  return queue;
}

}  // namespace

DeviceExecutor::DeviceExecutor(const model::Classifier& classifier, int threads)
    : classifier_(classifier), queue_(queue_of(classifier)), noise_(queue_->buffers(), queue_->batch(), threads) {
  for (int i = 0; i < queue_->buffers(); ++i) noise_.set_buffer(static_cast<std::uint64_t>(i), queue_->buffer(i));
}

void DeviceExecutor::run(std::uint64_t tasks, const Work& work) {
  if (!session_) session_ = classifier_.new_session();
  for (std::uint64_t task = 0; task < tasks; ++task) work(*session_, 0, task);
}

void DeviceExecutor::count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) {
  const auto batch = static_cast<std::uint64_t>(queue_->batch()), devices = static_cast<std::uint64_t>(queue_->devices()),
             buffers = static_cast<std::uint64_t>(queue_->buffers());
  // Whatever ends the round, nobody writes to a buffer afterwards, nothing is under way and no vote is left for the next round.
  struct Round {
    DeviceExecutor& executor;
    std::size_t classes;
    bool counted = false;
    ~Round() {
      executor.noise_.end();
      if (counted) return;
      std::vector<std::uint64_t> dropped(classes);
      try {
        executor.queue_->finish(dropped);
      } catch (...) {  // of a device that is lost: what is thrown already says so
      }
    }
  } round{*this, votes.size()};
  noise_.begin(samples, write);
  const std::uint64_t batches = (samples + batch - 1) / batch;
  for (std::uint64_t b = 0; b < batches; ++b) {
    noise_.take(b);
    queue_->start(static_cast<int>(b % buffers), static_cast<int>(std::min(batch, samples - b * batch)));
    if (b < devices) continue;  // each device has one more to do while the copy before it is waited for
    queue_->wait(static_cast<int>((b - devices) % buffers));
    noise_.give_back(b - devices);
  }
  queue_->finish(votes);
  round.counted = true;
}

std::unique_ptr<Executor> executor_of(const model::Classifier& classifier, int threads) {
  if (classifier.has_devices()) return std::make_unique<DeviceExecutor>(classifier, threads);
  return std::make_unique<ThreadPool>(classifier, threads);
}

}  // namespace ballast::smooth
