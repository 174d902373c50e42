// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/vote_counter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "ballast/core/errors.hpp"
#include "smooth_fixtures.hpp"

namespace ballast::smooth::vote_counter_test {
namespace {

using noise::NoisyWriter;
using noise::Purpose;

TEST(VoteCounter, CountsTheSameForAnyThreadsAndAnyMicroBatch) {
  const ImageShape shape{3, 5, 7};
  const Image image = grey_image(shape, 90);
  const NoisyWriter noise(NoiseKind::grid, 0.25, plain(3));
  std::vector<std::vector<std::uint64_t>> seen;
  for (const int micro_batch : {1, 7, 32}) {
    for (const int threads : {1, 2, 5}) {
      const auto classifier = hashing_classifier(shape, 6, micro_batch);
      ThreadPool pool(*classifier, threads);
      VoteCounter votes(pool, noise, image, 11, 4);
      seen.push_back(votes.next(Purpose::estimation, 1003).votes);
    }
  }
  for (const auto& votes : seen) EXPECT_EQ(votes, seen[0]);
}

TEST(VoteCounter, GivesTheSameSamplesWhateverWayTheyAreAskedFor) {
  const ImageShape shape{1, 6, 6};
  const Image image = grey_image(shape, 30);
  const NoisyWriter noise(NoiseKind::grid, 0.5, plain());
  const auto classifier = hashing_classifier(shape, 9, 32);
  ThreadPool pool(*classifier, 2);
  VoteCounter whole(pool, noise, image, 3, 0), parts(pool, noise, image, 3, 0);
  const auto all = whole.next(Purpose::estimation, 500).votes;
  std::vector<std::uint64_t> sum(all.size());
  for (const std::uint64_t part : {1, 99, 32, 368}) {
    const auto votes = parts.next(Purpose::estimation, part).votes;
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += votes[c];
  }
  EXPECT_EQ(all, sum);
}

// The hypothesis of CERTIFY: the estimate's draws are not the guess's.
TEST(VoteCounter, NeverGivesASampleTwice) {
  const ImageShape shape{1, 4, 4};
  std::mutex mutex;
  std::set<std::vector<float>> inputs;
  std::size_t calls = 0;
  const auto classifier = model::classifier_from(
      [&](std::span<const float> images, std::span<Label> labels) {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < labels.size(); ++i, ++calls) {
          inputs.insert({images.begin() + static_cast<std::ptrdiff_t>(i * 16), images.begin() + static_cast<std::ptrdiff_t>((i + 1) * 16)});
          labels[i] = 0;
        }
      },
      shape, 2);
  ThreadPool pool(*classifier, 2);
  const NoisyWriter noise(NoiseKind::grid, 1.0, plain());
  const Image image = grey_image(shape, 128);
  VoteCounter votes(pool, noise, image, 8, 0);
  for (const Purpose purpose : {Purpose::selection, Purpose::estimation, Purpose::prediction}) {
    votes.next(purpose, 100);
    votes.next(purpose, 333);
  }
  EXPECT_EQ(calls, 3 * 433u);
  EXPECT_EQ(inputs.size(), calls);  // 16 pixels of noise agree by chance with probability below 1e-30
}

TEST(VoteCounter, RefusesImagesThatDoNotFit) {
  const ImageShape shape{1, 4, 4};
  const auto classifier = hashing_classifier(shape, 2, 8);
  ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, 0.25, plain());
  const Image wrong_shape = grey_image({1, 4, 5}, 1), floats{shape, std::vector<float>(16, 0.5f)};
  EXPECT_THROW(VoteCounter(pool, noise, wrong_shape, 1, 0), InputError);
  EXPECT_THROW(VoteCounter(pool, noise, floats, 1, 0), InputError);
}

TEST(ThreadPool, DoEveryTaskOnceAndPassOnWhatGoesWrong) {
  const auto classifier = hashing_classifier({1, 2, 2}, 2, 4);
  ThreadPool pool(*classifier, 4);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::atomic<int>> done(101);
    pool.run(done.size(), [&](model::Session&, int, std::uint64_t task) { ++done[task]; });
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
  EXPECT_THROW(pool.run(10,
                        [](model::Session&, int, std::uint64_t task) {
                          if (task == 3) throw std::runtime_error("task 3");
                        }),
               std::runtime_error);
  int after = 0;
  pool.run(1, [&](model::Session&, int, std::uint64_t) { ++after; });
  EXPECT_EQ(after, 1);
}

TEST(Counts, FindWinnerAndRunnerUpWithTiesToTheLowest) {
  const Counts counts{{5, 9, 9, 3, 0}};
  EXPECT_EQ(counts.winner(), 1);
  EXPECT_EQ(counts.runner_up(1), 2);
  EXPECT_EQ(counts.runner_up(2), 1);
  EXPECT_EQ((Counts{{7, 1, 0}}.runner_up(0)), 1);
  EXPECT_EQ((Counts{{7, 1, 3}}.runner_up(0)), 2);  // what is no number may be the runner-up
  EXPECT_EQ(counts.total(), 26u);
  EXPECT_EQ(counts.nan_label(), 4);
}

}  // namespace
}  // namespace ballast::smooth::vote_counter_test
