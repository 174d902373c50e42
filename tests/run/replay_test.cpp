// SPDX-License-Identifier: Apache-2.0
//
// Before a run, what it will cost; after it, rows drawn again from their seeds.

#include "ballast/run/replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "ballast/log/settings.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/run/plan.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::run::replay_test {
namespace {

constexpr double false_alarm = 1e-6;
constexpr double sigma = 0.1;

// Grey levels, the brighter ones labelled 1; the middle ones are close to a tie.
data::MemoryDataset ten_images() {
  std::vector<std::uint8_t> pixels(10);
  std::vector<Label> labels(10);
  for (std::size_t i = 0; i < 10; ++i) {
    pixels[i] = static_cast<std::uint8_t>(82 + 10 * i);
    labels[i] = i < 5 ? 0 : 1;
  }
  return {{1, 1, 1}, pixels, labels, 2};
}

// A pool that answers 1 where the pixel is bright.
struct BrightPool {
  explicit BrightPool(int threads = 2) : pool(*classifier, threads) {}

  std::unique_ptr<model::Classifier> classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = images[i] > 0.5f ? 1 : 0;
      },
      {1, 1, 1}, 2);
  smooth::ThreadPool pool;
};

const procedure::Sequential sequential{false, 50, 1000, 32, 0.01};
const procedure::FixedSamples fixed{50, 1000, stats::Bound::cohen};
const procedure::NamedRadii radii{sequential, {0, 0.05, 0.1}};
const procedure::Tolerance tolerance{sequential, 0.2, 64};
const procedure::Anytime anytime{sequential, 0.1};
const procedure::Splitting splitting{255};
const procedure::Prediction prediction{1000};
const std::vector<procedure::Method> methods{fixed, radii, tolerance, anytime, splitting, prediction};

procedure::Settings settings_of(const procedure::Method& method) {
  const bool splits = std::holds_alternative<procedure::Splitting>(method);
  return {splits ? NoiseKind::split : NoiseKind::grid, splits ? 0.5 : sigma, 0, 0.001, 1, method, false};
}

noise::NoisyWriter noise_of(const procedure::Settings& settings) { return {*settings.noise, settings.scale, {{1, 0}}}; }

// But for its time.
std::string line_of(log::Record row, const procedure::Method& method) {
  row.seconds = 0;
  return log::to_line(row, log::kind_of(settings_of(method)));
}

TEST(RandomRows, AreDistinctRisingAndOfTheLog) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto rows = random_rows(100, 10, seed);
    ASSERT_EQ(rows.size(), 10u);
    EXPECT_LT(rows.back(), 100u);
    EXPECT_EQ(std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()), rows.end());
    EXPECT_EQ(rows, random_rows(100, 10, seed));
  }
  EXPECT_NE(random_rows(100, 10, 1), random_rows(100, 10, 2));
  EXPECT_EQ(random_rows(3, 10, 1), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(random_rows(3, 3, 1), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(random_rows(3, 0, 1).empty());
  EXPECT_TRUE(random_rows(0, 3, 1).empty());
}

TEST(RandomRows, AreEachAsLikely) {
  constexpr std::uint64_t seeds = 10'000;
  std::vector<std::uint64_t> chosen(12);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (const std::size_t row : random_rows(12, 3, seed)) ++chosen[row];
  }
  for (const std::uint64_t count : chosen) {
    EXPECT_GT(stats::binomial_upper_tail(count, seeds, 0.25), false_alarm / 24);
    EXPECT_GT(stats::binomial_lower_tail(count, seeds, 0.25), false_alarm / 24);
  }
}

TEST(Replayed, RowsAreTheRowsOfTheRunWithAnyNumberOfThreads) {
  const auto dataset = ten_images();
  BrightPool two(2), three(3);
  for (const procedure::Method& method : methods) {
    const procedure::Settings settings = settings_of(method);
    const auto noise = noise_of(settings);
    const Procedure procedure = procedure_of(settings, noise, 2019);
    int answers = 0;
    for (std::size_t i = 0; i < dataset.size(); ++i) {
      log::Record row = procedure(two.pool, dataset.at(i), i);
      row.index = i;
      row.label = dataset.at(i).label;
      row.correct = row.predict == row.label;
      answers += row.predict.has_value();
      EXPECT_EQ(line_of(replayed(row, dataset, three.pool, procedure), method), line_of(row, method))
          << procedure::name_of(method) << " " << i;
      EXPECT_EQ(moved_votes(row.counts, replayed(row, dataset, three.pool, procedure).counts), 0u);
    }
    EXPECT_GT(answers, 5) << procedure::name_of(method);
  }
}

// Whatever the row says of itself, what is drawn is the image's: altered votes or labels show.
TEST(Replayed, RowsDoNotFollowTheLog) {
  const auto dataset = ten_images();
  BrightPool bright;
  const procedure::Settings settings = settings_of(fixed);
  const auto noise = noise_of(settings);
  const Procedure procedure = procedure_of(settings, noise, 2019), other = procedure_of(settings, noise, 2020);
  log::Record row;
  row.index = 4;
  const log::Record fresh = replayed(row, dataset, bright.pool, procedure);
  EXPECT_EQ(fresh.index, 4u);
  EXPECT_EQ(fresh.label, 0);
  EXPECT_EQ(std::accumulate(fresh.counts.begin(), fresh.counts.end(), std::uint64_t{0}), 1000u);
  log::Record altered = fresh;
  altered.label = 1;
  altered.predict = 1;
  altered.counts = {999, 1, 0};
  EXPECT_EQ(line_of(replayed(altered, dataset, bright.pool, procedure), fixed), line_of(fresh, fixed));
  EXPECT_NE(line_of(replayed(row, dataset, bright.pool, other), fixed), line_of(fresh, fixed));
}

TEST(Replayed, RowsOfNoImageAreRefused) {
  const auto dataset = ten_images();
  BrightPool bright;
  const procedure::Settings settings = settings_of(fixed);
  const auto noise = noise_of(settings);
  const Procedure procedure = procedure_of(settings, noise, 1);
  for (const std::uint64_t index : {std::uint64_t{10}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    log::Record row;
    row.index = index;
    EXPECT_THROW(replayed(row, dataset, bright.pool, procedure), InputError) << index;
  }
}

// An image of which another arithmetic moves a hundredth has two or three votes of a hundred moved now and then.
TEST(MostMoved, AllowsForChanceAndForNoMore) {
  EXPECT_EQ(most_moved(1000, 0), 0U);
  EXPECT_EQ(most_moved(0, 0.02), 0U);
  EXPECT_EQ(most_moved(1, 0.02), 1U);
  for (const std::uint64_t votes : {20U, 40U, 100U, 1000U, 100'000U}) {
    const std::uint64_t most = most_moved(votes, 0.02);
    EXPECT_LE(stats::binomial_upper_tail(most + 1, votes, 0.02), 1e-6) << votes;
    EXPECT_GT(stats::binomial_upper_tail(most, votes, 0.02), 1e-6) << votes;
  }
  EXPECT_LT(most_moved(100'000, 0.02), 2250U);
}

TEST(MovedVotes, AreHalfTheSumOfTheDifferences) {
  EXPECT_EQ(moved_votes({10, 20, 0}, {10, 20, 0}), 0u);
  EXPECT_EQ(moved_votes({10, 20, 0}, {13, 17, 0}), 3u);
  EXPECT_EQ(moved_votes({10, 20, 0}, {13, 15, 2}), 5u);
  EXPECT_EQ(moved_votes({13, 15, 2}, {10, 20, 0}), 5u);
  // A row that is read back has entries up to the last class named, and "nan" after it.
  EXPECT_EQ(moved_votes({30, 0}, {30, 0, 0, 0}), 0u);
  EXPECT_EQ(moved_votes({28, 2}, {28, 0, 0, 2}), 0u);
  EXPECT_EQ(moved_votes({28, 2}, {28, 2, 0, 0}), 2u);
  EXPECT_EQ(moved_votes({}, {0, 0}), 0u);
}

TEST(Plan, OfAFixedNumberOfSamplesIsExact) {
  const auto dataset = ten_images();
  BrightPool bright;
  const std::vector<std::size_t> indices{1, 3, 5, 7, 9};
  const auto samples = [&](procedure::Settings settings) {
    const auto noise = noise_of(settings);
    const Plan made = plan(dataset, indices, bright.pool, noise, settings, 1, 0.01);
    EXPECT_EQ(made.images, 5u);
    EXPECT_EQ(made.deviation, 0);
    EXPECT_GT(made.samples_per_second, 0);
    EXPECT_DOUBLE_EQ(made.seconds(), 5 * made.samples_per_image / made.samples_per_second);
    return made.samples_per_image;
  };
  procedure::FixedSamples unselected = fixed;
  unselected.selection_samples = 0;
  EXPECT_EQ(samples(settings_of(fixed)), 1050);
  EXPECT_EQ(samples(settings_of(unselected)), 1000);
  EXPECT_EQ(samples(settings_of(prediction)), 1000);
  EXPECT_EQ(samples(settings_of(splitting)), 255);
}

// What is foretold from a look at the images is about what the run takes.
TEST(Plan, OfAStagedMethodForetellsTheRun) {
  const auto dataset = ten_images();
  BrightPool bright;
  std::vector<std::size_t> indices(10);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  for (const procedure::Method& method : std::vector<procedure::Method>{radii, tolerance, anytime}) {
    for (const bool is_label : {true, false}) {
      procedure::Settings settings = settings_of(method);
      auto& tested = const_cast<procedure::Sequential&>(*procedure::sequential(settings));
      tested.target_is_label = is_label;
      if (is_label) tested.selection_samples = 0;
      const auto noise = noise_of(settings);
      const Plan made =
          plan(dataset, indices, bright.pool, noise, settings, 7, 20);  // it ends before that: with a hundred looks at each image
      EXPECT_EQ(made.tried, 10u);
      EXPECT_GT(made.deviation, 0);
      const auto least = static_cast<double>(32 + tested.selection_samples), most = static_cast<double>(1000 + tested.selection_samples);
      EXPECT_GE(made.samples_per_image, least);
      EXPECT_LE(made.samples_per_image, most);
      double drawn = 0;
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const Procedure procedure = procedure_of(settings, noise, seed);
        for (const std::size_t i : indices) {
          drawn += static_cast<double>(procedure(bright.pool, dataset.at(i), i).samples + tested.selection_samples) / 80;
        }
      }
      EXPECT_NEAR(made.samples_per_image, drawn, 0.25 * drawn) << procedure::name_of(method) << (is_label ? " label" : "");
    }
  }
}

TEST(Plan, LooksAtOneImageAtLeast) {
  const auto dataset = ten_images();
  BrightPool bright;
  const procedure::Settings settings = settings_of(radii);
  const auto noise = noise_of(settings);
  const Plan made = plan(dataset, {3}, bright.pool, noise, settings, 7, 0);
  EXPECT_EQ(made.tried, 1u);
  EXPECT_EQ(made.deviation, 0);
  EXPECT_GT(made.samples_per_image, 50);
}

TEST(LargestRadius, IsThatOfAUnanimousVoteOrTheLastOneNamed) {
  EXPECT_EQ(largest_radius(settings_of(fixed)), stats::largest_radius({.alpha = 0.001, .smoothing = {NoiseLaw::gaussian, sigma}}, 1000));
  EXPECT_EQ(largest_radius(settings_of(radii)), 0.1);
  EXPECT_EQ(largest_radius(settings_of(splitting)), 0.5);
  EXPECT_EQ(largest_radius(settings_of(prediction)), 0);
  const procedure::Settings settings = settings_of(tolerance);
  const double largest = largest_radius(settings).value();
  procedure::Tolerance of_label = tolerance;
  of_label.target_is_label = true;
  of_label.selection_samples = 0;  // the class is fixed beforehand all the same
  EXPECT_EQ(largest_radius(settings_of(of_label)), largest);
  EXPECT_LT(largest_radius(settings_of(anytime)), largest);
  const stats::ToleranceTest test(procedure::two_stage_design(settings), tolerance.futility);
  EXPECT_GE(largest, test.stages.radii()[test.stages.rejected(0, 0) - 1]);
  EXPECT_LE(largest, test.stages.radii().back() + 0.004 * sigma);
}

}  // namespace
}  // namespace ballast::run::replay_test
