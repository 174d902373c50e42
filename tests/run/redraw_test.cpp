// SPDX-License-Identifier: Apache-2.0
//
// Before a run, what it will cost; after it, rows drawn again from their seeds.

#include "ballast/run/redraw.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/run/plan.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::run {
namespace {

constexpr double kFalseAlarm = 1e-6;
constexpr double kSigma = 0.1;

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

// A team that answers 1 where the pixel is bright.
struct Team {
  explicit Team(int threads = 2) : workers(*classifier, threads) {}

  std::unique_ptr<model::Classifier> classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = images[i] > 0.5f ? 1 : 0;
      },
      {1, 1, 1}, 2);
  smooth::Workers workers;
};

log::Settings settings_of(log::Method method) {
  log::Settings settings;
  settings.method = method;
  settings.smoothing = {NoiseLaw::gaussian, kSigma};
  settings.selection_samples = 50;
  settings.samples = 1000;
  settings.step = 32;
  if (method == log::Method::radii) settings.radii = {0, 0.05, 0.1};
  if (method == log::Method::tolerance) {
    settings.tolerance = 0.2;
    settings.pilot = 64;
  }
  if (method == log::Method::splitting) {
    settings.noise = "split";
    settings.smoothing = {NoiseLaw::uniform, 0.5};
    settings.selection_samples = 0;
  }
  return settings;
}

noise::NoisyWriter noise_of(const log::Settings& settings) {
  return {settings.noise == "split" ? noise::NoiseKind::split : noise::NoiseKind::grid, settings.smoothing.scale, {{1, 0}}};
}

constexpr log::Method kMethods[] = {log::Method::certify, log::Method::radii, log::Method::tolerance, log::Method::splitting,
                                    log::Method::predict};

std::string line_of(const log::Record& row, log::Method method) { return log::to_line(row, kind_of(method)); }

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
    EXPECT_GT(stats::binomial_upper_tail(count, seeds, 0.25), kFalseAlarm / 24);
    EXPECT_GT(stats::binomial_lower_tail(count, seeds, 0.25), kFalseAlarm / 24);
  }
}

TEST(Redrawn, RowsAreTheRowsOfTheRunWithAnyNumberOfThreads) {
  const auto dataset = ten_images();
  Team two(2), three(3);
  for (const log::Method method : kMethods) {
    const log::Settings settings = settings_of(method);
    const auto noise = noise_of(settings);
    const Procedure procedure = procedure_of(settings, noise, 2019);
    int answers = 0;
    for (std::size_t i = 0; i < dataset.size(); ++i) {
      log::Record row = procedure(two.workers, dataset.at(i), i);
      row.index = i;
      row.label = dataset.at(i).label;
      row.correct = row.predict == row.label;
      answers += row.predict.has_value();
      EXPECT_EQ(line_of(redrawn(row, dataset, three.workers, procedure), method), line_of(row, method)) << to_string(method) << " " << i;
      EXPECT_EQ(moved_votes(row, redrawn(row, dataset, three.workers, procedure)), 0u);
    }
    EXPECT_GT(answers, 5) << to_string(method);
  }
}

// Whatever the row says of itself, what is drawn is the image's: altered votes or labels show.
TEST(Redrawn, RowsDoNotFollowTheLog) {
  const auto dataset = ten_images();
  Team team;
  const log::Settings settings = settings_of(log::Method::certify);
  const auto noise = noise_of(settings);
  const Procedure procedure = procedure_of(settings, noise, 2019), other = procedure_of(settings, noise, 2020);
  log::Record row;
  row.index = 4;
  const log::Record fresh = redrawn(row, dataset, team.workers, procedure);
  EXPECT_EQ(fresh.index, 4u);
  EXPECT_EQ(fresh.label, 0);
  EXPECT_EQ(std::accumulate(fresh.counts.begin(), fresh.counts.end(), std::uint64_t{0}), 1000u);
  log::Record altered = fresh;
  altered.label = 1;
  altered.predict = 1;
  altered.counts = {999, 1, 0};
  EXPECT_EQ(line_of(redrawn(altered, dataset, team.workers, procedure), log::Method::certify), line_of(fresh, log::Method::certify));
  EXPECT_NE(line_of(redrawn(row, dataset, team.workers, other), log::Method::certify), line_of(fresh, log::Method::certify));
}

TEST(Redrawn, RowsOfNoImageAreRefused) {
  const auto dataset = ten_images();
  Team team;
  const log::Settings settings = settings_of(log::Method::certify);
  const auto noise = noise_of(settings);
  const Procedure procedure = procedure_of(settings, noise, 1);
  for (const std::uint64_t index : {std::uint64_t{10}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    log::Record row;
    row.index = index;
    EXPECT_THROW(redrawn(row, dataset, team.workers, procedure), InputError) << index;
  }
}

TEST(MovedVotes, AreHalfTheSumOfTheDifferences) {
  const auto row = [](std::vector<std::uint64_t> counts) {
    log::Record record;
    record.counts = std::move(counts);
    return record;
  };
  EXPECT_EQ(moved_votes(row({10, 20, 0}), row({10, 20, 0})), 0u);
  EXPECT_EQ(moved_votes(row({10, 20, 0}), row({13, 17, 0})), 3u);
  EXPECT_EQ(moved_votes(row({10, 20, 0}), row({13, 15, 2})), 5u);
  EXPECT_EQ(moved_votes(row({13, 15, 2}), row({10, 20, 0})), 5u);
  // A row that is read back has entries up to the last class named, and "nan" after it.
  EXPECT_EQ(moved_votes(row({30, 0}), row({30, 0, 0, 0})), 0u);
  EXPECT_EQ(moved_votes(row({28, 2}), row({28, 0, 0, 2})), 0u);
  EXPECT_EQ(moved_votes(row({28, 2}), row({28, 2, 0, 0})), 2u);
  EXPECT_EQ(moved_votes(row({}), row({0, 0})), 0u);
}

TEST(Plan, OfAFixedNumberOfSamplesIsExact) {
  const auto dataset = ten_images();
  Team team;
  const std::vector<std::size_t> indices{1, 3, 5, 7, 9};
  const auto samples = [&](log::Settings settings) {
    const auto noise = noise_of(settings);
    const Plan made = plan(dataset, indices, team.workers, noise, settings, 1, 0.01);
    EXPECT_EQ(made.images, 5u);
    EXPECT_EQ(made.deviation, 0);
    EXPECT_GT(made.samples_per_second, 0);
    EXPECT_DOUBLE_EQ(made.seconds(), 5 * made.samples_per_image / made.samples_per_second);
    return made.samples_per_image;
  };
  log::Settings unsplit = settings_of(log::Method::certify);
  unsplit.selection_samples = 0;
  EXPECT_EQ(samples(settings_of(log::Method::certify)), 1050);
  EXPECT_EQ(samples(unsplit), 1000);
  EXPECT_EQ(samples(settings_of(log::Method::predict)), 1000);
  EXPECT_EQ(samples(settings_of(log::Method::splitting)), 255);
}

// What is foretold from a look at the images is about what the run takes.
TEST(Plan, OfAStagedMethodForetellsTheRun) {
  const auto dataset = ten_images();
  Team team;
  std::vector<std::size_t> indices(10);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  for (const log::Method method : {log::Method::radii, log::Method::tolerance}) {
    for (const bool labelled : {true, false}) {
      log::Settings settings = settings_of(method);
      settings.labelled = labelled;
      if (labelled) settings.selection_samples = 0;
      const auto noise = noise_of(settings);
      const Plan made =
          plan(dataset, indices, team.workers, noise, settings, 7, 20);  // it ends before that: with a hundred looks at each image
      EXPECT_EQ(made.tried, 10u);
      EXPECT_GT(made.deviation, 0);
      const auto least = static_cast<double>(32 + settings.selection_samples),
                 most = static_cast<double>(1000 + settings.selection_samples);
      EXPECT_GE(made.samples_per_image, least);
      EXPECT_LE(made.samples_per_image, most);
      double drawn = 0;
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const Procedure procedure = procedure_of(settings, noise, seed);
        for (const std::size_t i : indices) {
          drawn += static_cast<double>(procedure(team.workers, dataset.at(i), i).samples + settings.selection_samples) / 80;
        }
      }
      EXPECT_NEAR(made.samples_per_image, drawn, 0.25 * drawn) << to_string(method) << (labelled ? " labelled" : "");
    }
  }
}

TEST(Plan, LooksAtOneImageAtLeast) {
  const auto dataset = ten_images();
  Team team;
  const log::Settings settings = settings_of(log::Method::radii);
  const auto noise = noise_of(settings);
  const Plan made = plan(dataset, {3}, team.workers, noise, settings, 7, 0);
  EXPECT_EQ(made.tried, 1u);
  EXPECT_EQ(made.deviation, 0);
  EXPECT_GT(made.samples_per_image, 50);
}

TEST(LargestRadius, IsThatOfAUnanimousVoteOrTheLastOneNamed) {
  EXPECT_EQ(largest_radius(settings_of(log::Method::certify)),
            stats::largest_radius({.alpha = 0.001, .smoothing = {NoiseLaw::gaussian, kSigma}}, 1000));
  EXPECT_EQ(largest_radius(settings_of(log::Method::radii)), 0.1);
  EXPECT_EQ(largest_radius(settings_of(log::Method::splitting)), 0.5);
  EXPECT_EQ(largest_radius(settings_of(log::Method::predict)), 0);
  log::Settings tolerance = settings_of(log::Method::tolerance);
  const double largest = largest_radius(tolerance).value();
  tolerance.selection_samples = 0;  // the class is the label: fixed beforehand all the same
  EXPECT_EQ(largest_radius(tolerance), largest);
  const stats::ToleranceTest test(log::two_stage_design(tolerance), tolerance.futility);
  EXPECT_GE(largest, test.stages.radii()[test.stages.rejected(0, 0) - 1]);
  EXPECT_LE(largest, test.stages.radii().back() + 0.004 * kSigma);
}

}  // namespace
}  // namespace ballast::run
