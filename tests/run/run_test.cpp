// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/run.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/smooth/thread_pool.hpp"

namespace ballast::run::run_test {
namespace {

const std::atomic<bool> never{false};
const std::vector<std::size_t> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

data::MemoryDataset ten_images() {
  std::vector<std::uint8_t> pixels(10);
  std::vector<Label> labels(10);
  for (std::size_t i = 0; i < 10; ++i) {
    pixels[i] = static_cast<std::uint8_t>(25 * i);
    labels[i] = i < 5 ? 0 : 1;
  }
  return {{1, 1, 1}, pixels, labels, 2};
}

// A pool that answers 1 where the pixel is bright.
struct BrightPool {
  std::unique_ptr<model::Classifier> classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = images[i] > 0.5f ? 1 : 0;
      },
      {1, 1, 1}, 2);
  smooth::ThreadPool pool{*classifier, 3};
};

std::filesystem::path fresh_log() {
  static int number = 0;
  const auto file =
      std::filesystem::temp_directory_path() / ("ballast_run_test_" + std::to_string(getpid()) + "_" + std::to_string(number++) + ".tsv");
  std::filesystem::remove(file);
  std::filesystem::remove(log::manifest_path(file));
  return file;
}

void remove_log(const std::filesystem::path& file) {
  std::filesystem::remove(file);
  std::filesystem::remove(log::manifest_path(file));
}

TEST(Range, PicksImagesInOrder) {
  EXPECT_EQ(indices({0, 1, -1}, 4), (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(indices({1, 3, -1}, 10), (std::vector<std::size_t>{1, 4, 7}));
  EXPECT_EQ(indices({2, 2, 3}, 100), (std::vector<std::size_t>{2, 4, 6}));
  EXPECT_EQ(indices({0, INT64_MAX, -1}, 5), (std::vector<std::size_t>{0}));
  for (const ImageRange& range : {ImageRange{-1, 1, -1}, {5, 1, -1}, {0, 0, -1}, {0, -2, -1}, {0, 1, 0}, {0, 1, -2}}) {
    EXPECT_THROW(indices(range, 5), InputError) << range.start << " " << range.skip << " " << range.max;
  }
}

TEST(Indices, OfAllShardsTogetherAreTheWholeAndEachIsARangeOfItsOwn) {
  constexpr std::size_t images = 23;
  for (const std::int64_t skip : {1, 3}) {
    for (const std::int64_t max : {-1, 5, 7}) {
      for (std::int64_t shards = 1; shards <= 5; ++shards) {
        std::vector<std::size_t> together;
        for (std::int64_t shard = 1; shard <= shards; ++shard) {
          const ImageRange range{2, skip, max, shard, shards};
          const auto part = indices(range, images);
          EXPECT_EQ(part, indices(shard_of(range), images)) << skip << " " << max << " " << shard << "/" << shards;
          together.insert(together.end(), part.begin(), part.end());
        }
        std::sort(together.begin(), together.end());
        EXPECT_EQ(together, indices({2, skip, max}, images));
      }
    }
  }
}

TEST(Run, FillsInLabelAndCorrectnessAndWritesEveryRow) {
  const auto dataset = ten_images();
  const auto file = fresh_log();
  std::vector<log::Record> rows;
  std::size_t shown = 0;
  BrightPool bright;
  {
    log::LogWriter log(file, log::Kind::predict, {});
    const auto chosen = indices({0, 3, -1}, 10);
    const Procedure procedure = [](smooth::Executor&, const data::Example&, std::size_t index) {
      log::Record record;
      if (index != 3) record.predict = 1;
      return record;
    };
    rows = run_into(log, {dataset, chosen, bright.pool, Spread::samples, procedure, never},
                    [&](const Status& status) { EXPECT_EQ(status.done, ++shown); });
  }
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(shown, 4u);
  EXPECT_EQ(rows[2].index, 6u);
  EXPECT_EQ((std::vector<bool>{rows[0].correct, rows[1].correct, rows[2].correct, rows[3].correct}),
            (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(log::read_log(file).rows.size(), 4u);
  remove_log(file);
}

TEST(Run, ContinuesWithoutDoingARowTwice) {
  const auto dataset = ten_images();
  const auto file = fresh_log();
  std::vector<std::size_t> done;
  std::atomic<bool> stop{false};
  BrightPool bright;
  const Procedure procedure = [&](smooth::Executor&, const data::Example&, std::size_t index) {
    done.push_back(index);
    stop = done.size() == 4;  // as a signal during the fourth image would
    return log::Record{};
  };
  for (int session = 0; session < 2; ++session) {
    log::LogWriter log(file, log::Kind::predict, {});
    const auto rows = run_into(log, {dataset, all, bright.pool, Spread::samples, procedure, stop}, {});
    EXPECT_EQ(rows.size(), session == 0 ? 4u : 10u);
    stop = false;
  }
  EXPECT_EQ(done, all);
  log::LogWriter log(file, log::Kind::predict, {});
  const auto others = indices({1, 1, -1}, 10);
  EXPECT_THROW(run_into(log, {dataset, others, bright.pool, Spread::samples, procedure, never}, {}), InputError);
  remove_log(file);
}

// A list takes rows as well as a log does.
TEST(Rows, ComeInOrderWithoutALog) {
  const auto dataset = ten_images();
  BrightPool bright;
  const Procedure procedure = [](smooth::Executor&, const data::Example&, std::size_t index) {
    if (index % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    log::Record record;
    record.predict = 1;
    return record;
  };
  for (const Spread spread : {Spread::samples, Spread::images}) {
    std::vector<log::Record> rows;
    const std::vector<std::size_t> chosen{9, 2, 3, 7};
    run_rows({dataset, chosen, bright.pool, spread, procedure, never}, [&](log::Record row) { rows.push_back(std::move(row)); });
    ASSERT_EQ(rows.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(rows[i].index, chosen[i]);
      EXPECT_EQ(rows[i].label, dataset.at(chosen[i]).label);
      EXPECT_EQ(rows[i].correct, chosen[i] >= 5);
    }
  }
}

// Images spread over the threads end in any order; their rows do not.
TEST(Run, WritesRowsInOrderWhicheverEndsFirst) {
  const auto dataset = ten_images();
  const auto file = fresh_log();
  BrightPool bright;
  const Procedure procedure = [](smooth::Executor& executor, const data::Example&, std::size_t index) {
    EXPECT_EQ(executor.threads(), 1);
    if (index % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return log::Record{};
  };
  {
    log::LogWriter log(file, log::Kind::predict, {});
    std::size_t shown = 0;
    const auto rows = run_into(log, {dataset, all, bright.pool, Spread::images, procedure, never},
                               [&](const Status& status) { EXPECT_EQ(status.done, ++shown); });
    EXPECT_EQ(shown, 10u);
    ASSERT_EQ(rows.size(), 10u);
  }
  const auto rows = log::read_log(file).rows;
  ASSERT_EQ(rows.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(rows[i].index, i);
  remove_log(file);
}

TEST(Run, ThatIsStoppedOrFailsKeepsTheFirstRowsWithoutAGap) {
  const auto dataset = ten_images();
  for (const bool fails : {false, true}) {
    const auto file = fresh_log();
    BrightPool bright;
    std::atomic<bool> stop{false};
    const Procedure procedure = [&](smooth::Executor&, const data::Example&, std::size_t index) {
      if (index == 4 && fails) throw InputError("image 4 cannot be read");
      if (index == 4) stop = true;
      return log::Record{};
    };
    log::LogWriter log(file, log::Kind::predict, {});
    const auto go = [&] { return run_into(log, {dataset, all, bright.pool, Spread::images, procedure, stop}, {}); };
    if (fails) EXPECT_THROW(go(), InputError);
    else EXPECT_GE(go().size(), 5u);
    const auto rows = log::read_log(file).rows;
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].index, i);
    if (fails) EXPECT_LE(rows.size(), 4u);
    remove_log(file);
  }
}

procedure::Settings settings_of(const procedure::Method& method) { return {NoiseKind::grid, 0.1, 0, 0.001, 1, method, false}; }

TEST(Procedures, GiveRowsWhoseVotesAddUp) {
  const auto dataset = ten_images();
  BrightPool bright;
  const noise::NoisyWriter noise(NoiseKind::grid, 0.1, {{1, 0}});
  const auto row =
      procedure_of(settings_of(procedure::FixedSamples{50, 500, stats::Bound::cohen}), noise, 1)(bright.pool, dataset.at(9), 9);
  EXPECT_EQ(row.predict, 1);
  EXPECT_EQ(row.samples, 500u);
  EXPECT_EQ(row.count + row.runner_up_count, 500u);
  EXPECT_EQ(row.counts[1], row.count);
  EXPECT_EQ(row.selection[0] + row.selection[1], 50u);
  EXPECT_GT(row.radius, 0);
  const auto answer = procedure_of(settings_of(procedure::Prediction{500}), noise, 1)(bright.pool, dataset.at(0), 0);
  EXPECT_EQ(answer.predict, 0);
  EXPECT_EQ(answer.samples, 500u);
}

// Whoever looks on learns of every sample, and changes no row.
TEST(Samples, AreCountedWhileTheyAreDrawn) {
  const auto dataset = ten_images();
  BrightPool bright;
  const noise::NoisyWriter noise(NoiseKind::grid, 0.1, {{1, 0}});
  const Procedure procedure = procedure_of(settings_of(procedure::FixedSamples{10, 200, stats::Bound::cohen}), noise, 1);
  for (const Spread spread : {Spread::samples, Spread::images}) {
    std::atomic<std::uint64_t> drawn{0};
    std::vector<log::Record> counted, plain;
    run_rows({dataset, all, bright.pool, spread, procedure, never, &drawn}, [&](log::Record row) { counted.push_back(std::move(row)); });
    run_rows({dataset, all, bright.pool, spread, procedure, never}, [&](log::Record row) { plain.push_back(std::move(row)); });
    EXPECT_EQ(drawn, 10u * 210);
    ASSERT_EQ(counted.size(), plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(counted[i].counts, plain[i].counts);
  }
}

TEST(Procedures, StopEarlyWhereTheVotesAreClear) {
  const auto dataset = ten_images();
  BrightPool bright;
  const noise::NoisyWriter noise(NoiseKind::grid, 0.1, {{1, 0}});
  const procedure::Sequential sequential{true, 0, 10'000, 20, 0.01};
  const procedure::Settings settings = settings_of(procedure::NamedRadii{sequential, {0, 0.1, 0.2}});
  const auto row = procedure_of(settings, noise, 1)(bright.pool, dataset.at(9), 9);
  EXPECT_EQ(row.predict, 1);
  EXPECT_NEAR(row.radius, 0.2, 1e-9);
  EXPECT_EQ(row.looks.size(), 3u);
  EXPECT_LT(row.samples, 1000u);
  const auto radius = procedure_of(settings_of(procedure::Tolerance{sequential, 0.2, 300}), noise, 1)(bright.pool, dataset.at(9), 9);
  EXPECT_EQ(radius.predict, 1);
  EXPECT_EQ(radius.looks.size(), 3u);
  EXPECT_GT(radius.radius, 0.2);
  const auto anytime = procedure_of(settings_of(procedure::Anytime{sequential, 0.1}), noise, 1)(bright.pool, dataset.at(9), 9);
  EXPECT_EQ(anytime.predict, 1);
  EXPECT_EQ(anytime.looks.size(), 1u);
  EXPECT_GT(anytime.radius, 0.2);
  EXPECT_LT(anytime.samples, 10'000u);
}

TEST(Fit, OfImagesAndModelIsChecked) {
  const auto dataset = ten_images();
  const auto label = [](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 0); };
  EXPECT_NO_THROW(check_fit(dataset, *model::classifier_from(label, {1, 1, 1}, 2)));
  EXPECT_NO_THROW(check_fit(dataset, *model::classifier_from(label, {1, 1, 1}, 5)));
  EXPECT_NO_THROW(check_countable(*model::classifier_from(label, {1, 1, 1}, 65'536)));
  EXPECT_THROW(check_countable(*model::classifier_from(label, {1, 1, 1}, 65'537)), InputError);
  EXPECT_THROW(check_fit(dataset, *model::classifier_from(label, {1, 1, 2}, 2)), InputError);
  const data::MemoryDataset three({1, 1, 1}, std::vector<std::uint8_t>{1}, {2});
  EXPECT_THROW(check_fit(three, *model::classifier_from(label, {1, 1, 1}, 2)), InputError);
}

}  // namespace
}  // namespace ballast::run::run_test
