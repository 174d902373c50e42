// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/device_executor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "ballast/core/errors.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::device_executor_test {
namespace {

constexpr ImageShape shape{1, 4, 4};
constexpr int class_count = 5, buffers_of_each = 3;

// Devices that take their time, on which a classifier's own sessions run.
class SlowQueue : public model::DeviceQueue {
 public:
  SlowQueue(const model::Classifier& classifier, int devices)
      : devices_(devices), session_(classifier.new_session()), batch_(session_->micro_batch()), votes_(class_count + 1) {
    for (int i = 0; i < buffers(); ++i) memory_.emplace_back(shape.size() * static_cast<std::size_t>(batch_));
    copied_.resize(memory_.size(), true);
  }

  int batch() const override { return batch_; }
  int devices() const override { return devices_; }
  int buffers() const override { return devices_ * buffers_of_each; }
  InputBuffer buffer(int number) override {
    InputBuffer buffer = session_->input();
    buffer.data = memory_[static_cast<std::size_t>(number)].data();
    return buffer;
  }

  // Reads the buffer only when it is waited for, as late as a device may.
  void start(int number, int count) override {
    if (fails_after_ >= 0 && fails_after_-- == 0) throw std::runtime_error("the device is lost");
    started_.push_back({number, count});
    copied_[static_cast<std::size_t>(number)] = false;
  }
  void wait(int number) override {
    while (!copied_[static_cast<std::size_t>(number)]) classify_next();
  }
  void finish(std::span<std::uint64_t> votes) override {
    while (!started_.empty()) classify_next();
    for (std::size_t c = 0; c < votes.size(); ++c) votes[c] += std::exchange(votes_[c], 0);
  }

  int fails_after_ = -1;

 private:
  struct Batch {
    int number, count;
  };

  void classify_next() {
    const Batch next = started_.front();
    started_.erase(started_.begin());
    const auto& from = memory_[static_cast<std::size_t>(next.number)];
    std::copy(from.begin(), from.end(), static_cast<float*>(session_->input().data));
    std::vector<Label> labels(static_cast<std::size_t>(next.count));
    session_->classify(labels);
    for (const Label label : labels) ++votes_[static_cast<std::size_t>(label)];
    copied_[static_cast<std::size_t>(next.number)] = true;
  }

  int devices_;
  std::unique_ptr<model::Session> session_;
  int batch_;
  std::vector<std::vector<float>> memory_;
  std::vector<bool> copied_;
  std::vector<Batch> started_;
  std::vector<std::uint64_t> votes_;
};

class DeviceClassifier : public model::Classifier {
 public:
  DeviceClassifier(int batch, int devices) : own_(hashing_classifier(shape, class_count, batch)), devices_(devices) {}

  ImageShape image_shape() const override { return own_->image_shape(); }
  int classes() const override { return own_->classes(); }
  std::vector<ChannelAffine> affine() const override { return own_->affine(); }
  std::unique_ptr<model::Session> new_session() const override { return own_->new_session(); }
  bool has_devices() const override { return true; }
  std::unique_ptr<model::DeviceQueue> new_queue() const override {
    auto queue = std::make_unique<SlowQueue>(*own_, devices_);
    queue->fails_after_ = fails_after;
    return queue;
  }
  std::string engine() const override { return "test"; }
  std::string precision() const override { return "fp32"; }
  std::string instruction_set() const override { return "test"; }

  const model::Classifier& own() const { return *own_; }
  int fails_after = -1;

 private:
  std::unique_ptr<model::Classifier> own_;
  int devices_;
};

std::vector<std::uint64_t> votes_by(Executor& executor, std::uint64_t samples) {
  static const noise::NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  const Image image = grey_image(shape, 100);
  VoteCounter counter(executor, noise, image, 7, 3);
  std::vector<std::uint64_t> votes;
  for (const noise::Purpose purpose : {noise::Purpose::selection, noise::Purpose::estimation, noise::Purpose::estimation}) {
    const auto counted = counter.next(purpose, samples).votes;
    votes.insert(votes.end(), counted.begin(), counted.end());
  }
  return votes;
}

TEST(DeviceExecutor, CountsAsThreadsDoForAnyDevicesBatchesAndNumbersOfSamples) {
  for (const int batch : {3, 32}) {
    for (const int devices : {1, 2, 3}) {
      const DeviceClassifier classifier(batch, devices);
      ThreadPool pool(classifier.own(), 2);
      DeviceExecutor executor(classifier, 2);
      for (const std::uint64_t samples : {1, 3, 4, 33, 150}) {
        EXPECT_EQ(votes_by(executor, samples), votes_by(pool, samples)) << batch << " x " << devices << ", " << samples;
      }
    }
  }
}

TEST(DeviceExecutor, LosesNoVoteAndKeepsNoneWhereADeviceFails) {
  DeviceClassifier classifier(8, 2);
  classifier.fails_after = 5;
  DeviceExecutor executor(classifier, 2);
  ThreadPool pool(classifier.own(), 1);
  EXPECT_THROW(votes_by(executor, 100), std::runtime_error);
  EXPECT_EQ(votes_by(executor, 100), votes_by(pool, 100));
}

TEST(DeviceExecutor, PassesOnWhatNoiseThrewAndCountsAfterIt) {
  const DeviceClassifier classifier(8, 1);
  DeviceExecutor executor(classifier, 1);
  std::vector<std::uint64_t> votes(class_count + 1);
  const auto failing = [](std::uint64_t first, int, const InputBuffer&) {
    if (first >= 16) throw InputError("no noise");
  };
  EXPECT_THROW(executor.count(100, failing, votes), InputError);
  EXPECT_EQ(votes, std::vector<std::uint64_t>(class_count + 1));
  ThreadPool pool(classifier.own(), 1);
  EXPECT_EQ(votes_by(executor, 40), votes_by(pool, 40));
}

TEST(DeviceExecutor, IsChosenForAClassifierWithDevices) {
  const DeviceClassifier classifier(8, 1);
  EXPECT_NE(dynamic_cast<DeviceExecutor*>(executor_of(classifier, 1).get()), nullptr);
  EXPECT_NE(dynamic_cast<ThreadPool*>(executor_of(classifier.own(), 1).get()), nullptr);
  EXPECT_THROW(DeviceExecutor(classifier.own(), 1), std::logic_error);
}

}  // namespace
}  // namespace ballast::smooth::device_executor_test
