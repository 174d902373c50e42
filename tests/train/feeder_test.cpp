// SPDX-License-Identifier: Apache-2.0

#include "feeder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "easy_images.hpp"

namespace ballast::train::feeder_test {
namespace {

TrainOptions options() {
  TrainOptions options = quick();
  options.batch = 8;
  options.shift = 2;
  options.flip = true;
  options.validation = 16;
  options.recipe = Consistency{};
  return options;
}

std::vector<HostBatch> taken(const Batches& batches, int epoch, int first, int threads) {
  Feeder feeder(batches, epoch, first, threads);
  std::vector<HostBatch> all;
  for (int step = first; step < batches.steps(); ++step) all.push_back(feeder.next());
  return all;
}

TEST(Feeder, GivesTheSameBatchesHoweverManyThreadsPrepareThem) {
  const auto images = quarters(128);
  const Batches batches(images, options(), true);
  ASSERT_EQ(batches.steps(), 14);
  for (const int first : {0, 5}) {
    const auto alone = taken(batches, 2, first, 0);
    for (const int threads : {1, 2, 5, 40}) {
      const auto many = taken(batches, 2, first, threads);
      ASSERT_EQ(many.size(), alone.size());
      for (std::size_t i = 0; i < alone.size(); ++i) {
        EXPECT_EQ(many[i].noisy, alone[i].noisy) << threads << " threads, batch " << i;
        EXPECT_EQ(many[i].clean, alone[i].clean);
        EXPECT_EQ(many[i].labels, alone[i].labels);
      }
    }
  }
}

TEST(Feeder, CanBeLeftAtAnyTime) {
  const auto images = quarters(128);
  const Batches batches(images, options(), true);
  for (int steps = 0; steps < 4; ++steps) {
    Feeder feeder(batches, 1, 0, 3);
    for (int i = 0; i < steps; ++i) feeder.next();
  }
}

// A data set one of whose images cannot be read the second time.
class Breaking : public data::Dataset {
 public:
  std::size_t size() const override { return images_.size(); }
  data::Example at(std::size_t index) const override {
    if (broken && index == 77) throw std::runtime_error("image 77 is gone");
    return images_.at(index);
  }
  int classes() const override { return images_.classes(); }
  bool is_8bit() const override { return true; }
  std::optional<ImageShape> shape() const override { return images_.shape(); }
  std::string sha256() const override { return images_.sha256(); }

  bool broken = false;

 private:
  data::MemoryDataset images_ = quarters(128);
};

TEST(Feeder, PassesOnWhatWentWrong) {
  Breaking images;
  TrainOptions all = options();
  all.validation = 0;
  const Batches batches(images, all, false);
  images.broken = true;
  for (const int threads : {0, 1, 3}) EXPECT_THROW(taken(batches, 1, 0, threads), std::runtime_error) << threads;
}

TEST(Batches, HoldTheValidationImagesOutAndTakeEachOtherOnceAnEpoch) {
  const auto images = quarters(128);
  const Batches batches(images, options(), false);
  const std::set<std::uint32_t> held(batches.validation().begin(), batches.validation().end());
  EXPECT_EQ(held.size(), 16u);
  auto first = batches.order(1), second = batches.order(2);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, batches.order(1));
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::set<std::uint32_t>(first.begin(), first.end()).size(), 112u);
  for (const std::uint32_t index : first) EXPECT_EQ(held.count(index), 0u);
}

TEST(Batches, GiveEveryCopyNoiseOfItsOwnAndEveryEpochToo) {
  const auto images = quarters(128);
  TrainOptions plain = options();
  plain.shift = 0;
  plain.flip = false;
  plain.validation = 0;
  const Batches batches(images, plain, true);
  std::set<std::vector<float>> seen;
  std::vector<std::uint32_t> order(128);
  for (std::uint32_t i = 0; i < 128; ++i) order[i] = i;
  for (const int epoch : {1, 2, 3}) {
    HostBatch batch;
    batches.fill(epoch, order, 0, batch);
    for (std::size_t at = 0; at < batch.noisy.size(); at += 64) {
      std::vector<float> noise(64);
      for (std::size_t i = 0; i < 64; ++i) noise[i] = batch.noisy[at + i] - batch.clean[at % batch.clean.size() + i];
      EXPECT_TRUE(seen.insert(noise).second) << "epoch " << epoch << ", copy at " << at / 64;
    }
  }
}

}  // namespace
}  // namespace ballast::train::feeder_test
