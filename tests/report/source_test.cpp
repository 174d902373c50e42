// SPDX-License-Identifier: Apache-2.0
//
// What a log may be concluded from: all that was planned before it was begun, and no more.

#include "ballast/report/source.hpp"

#include <gtest/gtest.h>

#include "ballast/report/accuracy.hpp"
#include "ballast/stats/test_set.hpp"
#include "report_fixtures.hpp"

namespace ballast::report::source_test {
namespace {

// A log of certify with so many rows of a radius of 1/2, of which so many were planned at first.
Source of_plan(std::size_t rows, std::uint64_t planned) {
  std::vector<log::Record> records;
  for (std::size_t i = 0; i < rows; ++i) records.push_back(row(i, 1, 1, 0.5));
  Source result = source("log", std::move(records));
  result.settings.emplace();
  result.settings->scale = 0.25;
  result.manifest.emplace();
  result.manifest->add("rows", std::uint64_t{rows});
  result.manifest->add("first_plan", planned);
  return result;
}

TEST(Standing, SaysWhatIsMissingAndWhatWasAdded) {
  EXPECT_EQ(standing(of_plan(4, 4)), "");
  EXPECT_EQ(standing(of_plan(2, 4)), "incomplete: 2 of 4 rows");
  EXPECT_EQ(standing(of_plan(8, 4)), "extended: 8 rows, of which 4 were planned at first");
  EXPECT_EQ(standing(source("log", {row(0, 1, 1, 0.5)})), "");  // nothing says how many were planned
}

// Free stopping needs no more luck than a run that was planned so.
TEST(Bounds, OfAnIncompleteLogCountWhatIsMissingAsFailures) {
  const Confidence confidence{0.001, 0.001};
  Source incomplete = of_plan(500, 1000), whole = of_plan(500, 1000);
  for (std::size_t i = 500; i < 1000; ++i) whole.log.rows.push_back(row(i, 1, 2, 0));
  const AccuracyBounds bounds = accuracy_bounds(incomplete, 0.25, confidence), as_failures = accuracy_bounds(whole, 0.25, confidence);
  EXPECT_EQ(bounds.appendix_d, as_failures.appendix_d);
  EXPECT_EQ(bounds.inverted, as_failures.inverted);
  EXPECT_EQ(bounds.uniform, as_failures.uniform);
  EXPECT_EQ(bounds.population, as_failures.population);
  EXPECT_EQ(bounds.population, stats::population_bound({1000, 500}, 0.001, 0.001));
  EXPECT_LT(bounds.population, accuracy_bounds(of_plan(500, 500), 0.25, confidence).population);
  EXPECT_EQ(radius_bounds(incomplete, confidence).test_set, radius_bounds(whole, confidence).test_set);
  EXPECT_EQ(radius_bounds(incomplete, confidence).population, 0);  // it may fall when rows come, so nothing is said
  EXPECT_GT(radius_bounds(whole, confidence).population, 0);
}

TEST(Bounds, OfALogWithoutAPlanOrLongerThanItsPlanAreNone) {
  EXPECT_FALSE(confidence_of(of_plan(8, 4), {}, 0.001));
  EXPECT_TRUE(confidence_of(of_plan(4, 4), {}, 0.001));
  Source unplanned = of_plan(4, 4);  // images that came batch by batch, whose end nobody had named
  std::erase_if(unplanned.manifest->entries, [](const auto& entry) { return entry.name == "first_plan" || entry.name == "rows"; });
  EXPECT_FALSE(confidence_of(unplanned, {}, 0.001));
  EXPECT_TRUE(confidence_of(of_plan(2, 4), {}, 0.001));
  EXPECT_TRUE(confidence_of(source("log", {row(0, 1, 1, 0.5)}), 0.001, 0.001));  // by assumption, which is said where it is shown
}

TEST(LargestRadius, OfADeterministicBoundIsNotTheOneObserved) {
  Source verified = of_plan(4, 4);
  verified.settings->method = procedure::Verification{"crown", 1, {}, {}};
  EXPECT_EQ(largest_radius(verified), std::nullopt);
  verified.settings->method = procedure::Verification{"crown", 1, {}, 2};
  EXPECT_EQ(largest_radius(verified), 2);
  verified.settings->method = procedure::Verification{"crown", 1, 0.5, {}};
  EXPECT_EQ(largest_radius(verified), 0.5);
}

TEST(CascadeAccuracy, CountsImagesThatSomeModelCertifiesAsTheirLabel) {
  std::vector<log::Record> rows{row(0, 1, 1, 0.5), row(1, 1, 1, 0), row(2, 1, 2, 0), row(3, 1, 1, 0)};
  rows[0].certified_by = 1, rows[1].certified_by = 2, rows[2].certified_by = 1;
  EXPECT_EQ(cascade_accuracy(rows), 0.5);
  EXPECT_EQ(certified_accuracy(rows, 0.5), 0.25);
}

}  // namespace
}  // namespace ballast::report::source_test
