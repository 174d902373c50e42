// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/counting_team.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "smooth_fixtures.hpp"

namespace ballast::smooth::counting_team_test {
namespace {

constexpr ImageShape shape{1, 3, 3};
constexpr int class_count = 4, members = 3;

// Samples that are told apart by their numbers.
void write_numbers(std::uint64_t first, int count, const InputBuffer& buffer) {
  for (int i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < shape.size(); ++j)
      static_cast<float*>(buffer.data)[static_cast<std::size_t>(i) * buffer.sample_stride + j] =
          static_cast<float>(first) + static_cast<float>(i);
  }
}

std::vector<std::uint64_t> counted(Executor& executor, std::uint64_t samples) {
  std::vector<std::uint64_t> votes(class_count + 1);
  executor.count(samples, write_numbers, votes);
  return votes;
}

std::vector<std::uint64_t> counted_alone(const model::Classifier& classifier, std::uint64_t samples) {
  const auto session = classifier.new_session();
  InlineExecutor alone(classifier, *session);
  return counted(alone, samples);
}

// Each member does its own work and then helps.
void run_team(const model::Classifier& classifier, const std::function<void(Executor& executor, int worker)>& own) {
  ThreadPool pool(classifier, members);
  CountingTeam team(members);
  pool.run(members, [&](model::Session& session, int worker, std::uint64_t) {
    CountingTeam::Member member(team, classifier, session);
    own(member, worker);
    member.help_others();
  });
}

TEST(CountingTeam, CountsWhatOneCountsAlone) {
  const auto classifier = hashing_classifier(shape, class_count, 8);
  for (const std::uint64_t samples : {0, 1, 7, 8, 9, 100, 1001}) {
    const auto expected = counted_alone(*classifier, samples);
    std::vector<std::uint64_t> by_all[members];
    run_team(*classifier, [&](Executor& executor, int worker) { by_all[worker] = counted(executor, samples); });
    for (const auto& votes : by_all) EXPECT_EQ(votes, expected) << samples;
  }
}

TEST(CountingTeam, ThoseWhoAreFreeCountForTheLast) {
  std::mutex mutex;
  std::set<std::thread::id> counting;
  const auto slow = model::classifier_from(
      [&](std::span<const float>, std::span<Label> labels) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::fill(labels.begin(), labels.end(), 2);
        const std::lock_guard lock(mutex);
        counting.insert(std::this_thread::get_id());
      },
      shape, class_count, 8);
  run_team(*slow, [&](Executor& executor, int worker) {
    if (worker > 0) return;
    for (int look = 0; look < 5; ++look) EXPECT_EQ(counted(executor, 801), (std::vector<std::uint64_t>{0, 0, 801, 0, 0}));
  });
  EXPECT_EQ(counting.size(), static_cast<std::size_t>(members));
}

TEST(CountingTeam, WhoWaitsForWorkHelpsMeanwhile) {
  const auto classifier = hashing_classifier(shape, class_count, 8);
  const auto expected = counted_alone(*classifier, 100'000);
  std::atomic<bool> over{false};
  ThreadPool pool(*classifier, members);
  CountingTeam team(members);
  pool.run(members, [&](model::Session& session, int worker, std::uint64_t) {
    CountingTeam::Member member(team, *classifier, session);
    if (worker == 0) {
      EXPECT_EQ(counted(member, 100'000), expected);
      over = true;
    }
    while (!over) member.help_others_for(std::chrono::milliseconds(1));
    EXPECT_EQ(counted(member, 1001), counted_alone(*classifier, 1001));
    member.help_others();
  });
}

TEST(CountingTeam, AFailureAmongHelpersIsTheirs) {
  std::atomic<int> calls{0};
  const auto failing = model::classifier_from(
      [&](std::span<const float>, std::span<Label> labels) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (++calls > 20) throw std::runtime_error("the model is lost");
        std::fill(labels.begin(), labels.end(), 0);
      },
      shape, class_count, 8);
  EXPECT_THROW(run_team(*failing,
                        [&](Executor& executor, int worker) {
                          if (worker == 1) counted(executor, 8000);
                        }),
               std::runtime_error);
}

TEST(CountingTeam, NobodyWaitsForAMemberThatFailed) {
  const auto classifier = hashing_classifier(shape, class_count, 8);
  EXPECT_THROW(run_team(*classifier,
                        [](Executor&, int worker) {
                          if (worker == 2) throw std::runtime_error("no such image");
                        }),
               std::runtime_error);
}

}  // namespace
}  // namespace ballast::smooth::counting_team_test
