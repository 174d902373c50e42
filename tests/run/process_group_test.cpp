// SPDX-License-Identifier: Apache-2.0
//
// Several ranks, here threads of one process, write the log that one process writes.

#include "ballast/run/process_group.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "ballast/data/memory_dataset.hpp"
#include "ballast/log/settings.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "record_codec.hpp"
#include "tasks.hpp"

namespace ballast::run::process_group_test {
namespace {

constexpr std::size_t images = 67;  // more than are handed out ahead of the first row, whatever the threads do
const std::atomic<bool> never{false};

// What the ranks have in common.
struct Office {
  explicit Office(int ranks) : size(ranks), given(static_cast<std::size_t>(ranks)) {}

  // All ranks come with something; the last one tells everybody what all have brought.
  std::vector<std::string> meet(int rank, const std::string& mine) {
    std::unique_lock lock(mutex);
    given[static_cast<std::size_t>(rank)] = mine;
    const int meeting = meetings;
    if (++arrived == size) shared = given, arrived = 0, ++meetings, changed.notify_all();
    changed.wait(lock, [&] { return meetings != meeting; });
    return shared;
  }

  int size, arrived = 0, meetings = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> given, shared;
  std::map<std::pair<int, int>, std::deque<ProcessGroup::Message>> tags;  // of each rank
};

class Rank : public ProcessGroup {
 public:
  Rank(Office& office, int rank) : office_(office), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return office_.size; }
  void send(int to, int tag, const std::string& message) override {
    const std::lock_guard lock(office_.mutex);
    office_.tags[{to, tag}].push_back({rank_, message});
    office_.changed.notify_all();
  }
  std::string receive(int from, int tag) override {
    std::unique_lock lock(office_.mutex);
    auto& messages = office_.tags[{rank_, tag}];
    office_.changed.wait(lock, [&] { return !messages.empty(); });
    EXPECT_EQ(messages.front().from, from);
    return pop(messages);
  }
  std::optional<Message> try_receive(int tag) override {
    const std::lock_guard lock(office_.mutex);
    auto& messages = office_.tags[{rank_, tag}];
    if (messages.empty()) return {};
    const int from = messages.front().from;
    return Message{from, pop(messages)};
  }
  void all_sum(std::span<std::uint64_t> counts) override {
    const std::string mine(reinterpret_cast<const char*>(counts.data()), counts.size_bytes());
    std::vector<std::uint64_t> sums(counts.size());
    for (const std::string& bytes : office_.meet(rank_, mine)) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += reinterpret_cast<const std::uint64_t*>(bytes.data())[i];
    }
    std::copy(sums.begin(), sums.end(), counts.begin());
  }
  std::vector<std::string> all_gather(const std::string& mine) override { return office_.meet(rank_, mine); }

 private:
  static std::string pop(std::deque<Message>& messages) {
    std::string text = std::move(messages.front().text);
    messages.pop_front();
    return text;
  }

  Office& office_;
  int rank_;
};

// Four classes by brightness, in noise: rows with several votes.
std::unique_ptr<model::Classifier> four_shades() {
  return model::classifier_from(
      [](std::span<const float> pixels, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = std::clamp(static_cast<Label>(pixels[i] * 4), Label{0}, Label{3});
      },
      {1, 1, 1}, 4);
}

data::MemoryDataset shades() {
  std::vector<std::uint8_t> pixels(images);
  std::vector<Label> labels(images);
  for (std::size_t i = 0; i < images; ++i) pixels[i] = static_cast<std::uint8_t>(7 * i % 256), labels[i] = static_cast<Label>(i % 4);
  return {{1, 1, 1}, pixels, labels, 4};
}

const procedure::FixedSamples fixed{100, 1000, stats::Bound::cohen};
const procedure::Sequential sequential{false, 100, 1000, 20, 0.01};

procedure::Settings settings_of(const procedure::Method& method) { return {NoiseKind::grid, 0.25, 0, 0.001, 1, method, false}; }

struct LogFile {
  std::filesystem::path file = std::filesystem::temp_directory_path() / ("ballast_process_group_test_" + std::to_string(getpid()) + ".tsv");
  LogFile() { remove(); }
  ~LogFile() { remove(); }
  void remove() const {
    std::filesystem::remove(file);
    std::filesystem::remove(log::manifest_path(file));
  }
};

// What a run by so many ranks leaves: the rows of the log, without their times.
std::vector<std::string> log_of(int ranks, const procedure::Method& method, Spread spread, const LogFile& at,
                                std::size_t stop_after = images) {
  const auto dataset = shades();
  const auto classifier = four_shades();
  const procedure::Settings settings = settings_of(method);
  const noise::NoisyWriter noise(NoiseKind::grid, 0.25, classifier->affine());
  const Procedure procedure = procedure_of(settings, noise, 5);
  const auto all = indices({}, images);
  std::atomic<bool> stop{false};
  Office office(ranks);
  std::vector<std::thread> helpers;
  for (int rank = 1; rank < ranks; ++rank) {
    helpers.emplace_back([&, rank] {
      Rank group(office, rank);
      smooth::ThreadPool pool(*classifier, 2);
      run_as_worker({dataset, all, pool, spread, procedure, stop}, group);
    });
  }
  Rank group(office, 0);
  smooth::ThreadPool pool(*classifier, 2);
  const log::Kind kind = log::kind_of(settings);
  log::LogWriter log(at.file, kind, {});
  run_into(
      log, {dataset, all, pool, spread, procedure, stop}, [&](const Status& status) { stop = stop || status.done >= stop_after; },
      ranks > 1 ? &group : nullptr);
  for (std::thread& helper : helpers) helper.join();
  std::vector<std::string> lines;
  for (log::Record row : log::read_log(at.file).rows) {
    row.seconds = 0;
    lines.push_back(log::to_line(row, kind));
  }
  return lines;
}

TEST(ProcessGroup, WritesTheRowsOfOneProcessInTheirOrder) {
  const std::vector<procedure::Method> methods{fixed, procedure::NamedRadii{sequential, {0, 0.1, 0.25}},
                                               procedure::Anytime{sequential, 0.2}, procedure::Prediction{1000}};
  for (const procedure::Method& method : methods) {
    const LogFile at;
    const auto alone = log_of(1, method, spread_of(settings_of(method)), at);
    ASSERT_EQ(alone.size(), images);
    for (const int ranks : {2, 4}) {
      for (const Spread spread : {Spread::samples, Spread::images, Spread::together}) {
        at.remove();
        EXPECT_EQ(log_of(ranks, method, spread, at), alone) << ranks << " ranks, " << static_cast<int>(spread);
      }
    }
  }
}

TEST(ProcessGroup, StopsWithoutAGapAndGoesOn) {
  for (const Spread spread : {Spread::samples, Spread::images, Spread::together}) {
    const LogFile at;
    const auto alone = log_of(1, fixed, Spread::samples, at);
    at.remove();
    const auto begun = log_of(3, fixed, spread, at, 4);
    ASSERT_GE(begun.size(), 4u);
    ASSERT_LT(begun.size(), images);
    EXPECT_EQ(begun, std::vector(alone.begin(), alone.begin() + static_cast<std::ptrdiff_t>(begun.size())));
    EXPECT_EQ(log_of(2, fixed, spread, at), alone);
  }
}

TEST(ProcessGroup, EndsEverywhereWhereOneRankFails) {
  for (const int failing : {0, 1}) {
    const LogFile at;
    const auto dataset = shades();
    const auto all = indices({}, images);
    const auto classifier = four_shades();
    Office office(3);
    std::atomic<int> failures{0};
    const auto procedure_of_rank = [&](int rank) -> Procedure {
      return [rank, failing](smooth::Executor&, const data::Example&, std::size_t) -> log::Record {
        if (rank == failing) throw std::runtime_error("broken");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // so that every rank gets something
        return {};
      };
    };
    std::vector<std::thread> helpers;
    for (int rank = 1; rank < 3; ++rank) {
      helpers.emplace_back([&, rank] {
        Rank group(office, rank);
        smooth::ThreadPool pool(*classifier, 2);
        try {
          const Procedure procedure = procedure_of_rank(rank);
          run_as_worker({dataset, all, pool, Spread::images, procedure, never}, group);
        } catch (const std::runtime_error& error) {
          EXPECT_STREQ(error.what(), "broken");
          ++failures;
        }
      });
    }
    Rank group(office, 0);
    smooth::ThreadPool pool(*classifier, 2);
    log::LogWriter log(at.file, log::Kind::certify, {});
    const Procedure procedure = procedure_of_rank(0);
    try {
      run_into(log, {dataset, all, pool, Spread::images, procedure, never}, {}, &group);
      ADD_FAILURE() << "rank 0 did not learn of it";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), failing == 0 ? "broken" : "another process has failed");
    }
    for (std::thread& helper : helpers) helper.join();
    EXPECT_EQ(failures, failing == 0 ? 0 : 1);
    const auto rows = log::read_log(at.file).rows;
    EXPECT_LT(rows.size(), images);
  }
}

TEST(DistributedExecutor, SharesTasksOutWithoutLeavingOrDoublingOne) {
  const auto classifier = four_shades();
  for (const std::uint64_t tasks : {0u, 1u, 2u, 3u, 7u, 30u}) {
    Office office(3);
    std::array<std::atomic<int>, 30> done{};
    std::vector<std::thread> ranks;
    for (int rank = 0; rank < 3; ++rank) {
      ranks.emplace_back([&, rank] {
        Rank group(office, rank);
        smooth::ThreadPool pool(*classifier, 2);
        DistributedExecutor(pool, group).run(tasks, [&](model::Session&, int, std::uint64_t task) { ++done.at(task); });
      });
    }
    for (std::thread& rank : ranks) rank.join();
    for (std::uint64_t task = 0; task < done.size(); ++task) EXPECT_EQ(done.at(task), task < tasks ? 1 : 0) << task << " of " << tasks;
  }
}

TEST(RecordCodec, BringsEveryFieldOfARow) {
  log::Record row;
  row.index = 1ull << 60, row.label = 3, row.predict = 7, row.radius = 0.1 + 0.2, row.correct = true, row.seconds = 1e-300;
  row.p_lower = 0.987654321, row.samples = 100'000, row.count = 99, row.runner_up = 2, row.runner_up_count = 1;
  row.selection = {1, 2, 3}, row.counts = {4, 0, 1ull << 63}, row.looks = {{5, 6}, {7, 8}};
  row.certified_by = 6, row.attacked = 4, row.budget = 2.5, row.distance = 1.25, row.success = true;
  const std::string bytes = to_bytes(row);
  const log::Record there = record_from(bytes);
  EXPECT_EQ(to_bytes(there), bytes);
  for (const auto kind : {log::Kind::certify, log::Kind::staged, log::Kind::cascade, log::Kind::attack})
    EXPECT_EQ(log::to_line(there, kind), log::to_line(row, kind));
  EXPECT_EQ(there.radius, row.radius);
  EXPECT_FALSE(record_from(to_bytes({})).predict);
  for (std::size_t length = 0; length < bytes.size(); ++length) EXPECT_THROW(record_from(bytes.substr(0, length)), std::runtime_error);
  EXPECT_THROW(record_from(bytes + "x"), std::runtime_error);
}

}  // namespace
}  // namespace ballast::run::process_group_test
