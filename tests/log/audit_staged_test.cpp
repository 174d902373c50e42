// SPDX-License-Identifier: Apache-2.0
//
// Staged logs: looks held to their boundaries, and ends to the reasons for ending.

#include <gtest/gtest.h>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/audit.hpp"

namespace ballast::log {
namespace {

TEST(Audit, OfRadiiFindsWhatWasAltered) {
  std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"count one higher", [](Record& r) { ++r.count; }, {"counts"}},
      {"a vote more everywhere", [](Record& r) { ++r.counts[2], ++r.count, ++r.samples; }, {"counts"}},
      {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
      {"runner_up no class at all", [](Record& r) { r.runner_up = std::numeric_limits<Label>::max() - 1; }, {"counts"}},
      {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}},
      {"abstains", [](Record& r) { r.predict.reset(), r.correct = false, r.radius = 0; }, {"radius"}},
      {"radius of no test", [](Record& r) { r.radius += 0.01; }, {"radius"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += kLastDigit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"a look left out", [](Record& r) { r.looks.pop_back(); }, {"radius"}},
      {"all looks left out", [](Record& r) { r.looks.clear(); }, {"radius"}},
      {"more looks than radii", [](Record& r) { r.looks.resize(5, r.looks.back()); }, {"counts"}},
      {"a look at another size", [](Record& r) { ++r.looks[0].samples; }, {"counts"}},
      {"a failure less at the end than there is",
       [](Record& r) {
         r.looks.back() = {r.samples, r.samples - r.count - 1};
       },
       {"counts"}},
      {"a look at 0",
       [](Record& r) {
         r.looks[0] = {0, 0};
       },
       {"counts"}},
      {"a look after the end",
       [](Record& r) {
         r.looks.back() = {1000, 0};
       },
       {"counts"}},
      {"a look with all failures", [](Record& r) { r.looks[0].failures = r.looks[0].samples; }, {"counts"}},
      {"a look beyond all numbers", [](Record& r) { r.looks[0].failures = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}},
      {"a look with more failures than there were in the end",
       [](Record& r) { r.looks.back().failures = r.samples - r.count + 1; },
       {"counts"}},
      {"a selection vote less", [](Record& r) { --r.selection[2]; }, {"counts"}}};
  Settings settings = settings_of(Method::radii);
  check_alterations(settings, alterations);
  settings.labelled = true;
  settings.selection_samples = 0;
  alterations.back() = {"a selection", [](Record& r) { r.selection = {0, 0, 1, 0, 0}; }, {"counts"}};
  check_alterations(settings, alterations);
}

// The claim itself: a radius more than was certified, with a look made up for it.
TEST(Audit, OfRadiiFindsARadiusThatItsLookDoesNotCertify) {
  const Settings settings = settings_of(Method::radii);
  const stats::RadiiTest test(radii_design(settings));
  std::vector<Record> rows = rows_of(settings, 48);
  int tried = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Record& row = rows[i];
    const std::size_t certified = row.looks.size();
    if (!row.correct || certified == test.size()) continue;
    Record before = row;
    row.looks.push_back({row.samples, row.samples - row.count});
    answer(row, row.predict, test.tested_radius(certified), test.p_lower(certified));
    EXPECT_EQ(places(LogFile(Kind::staged, manifest_of(settings, 48), rows).audited()), (std::vector<Place>{{i + 2, "counts"}})) << i;
    row = before;
    ++tried;
  }
  EXPECT_GE(tried, 2);
}

// One failure more than the boundary allows is one too many, at every look.
TEST(Audit, OfRadiiHoldsEachLookToItsBoundary) {
  Settings settings = settings_of(Method::radii);
  settings.radii = {0.25};
  settings.selection_samples = 0;
  settings.labelled = true;
  const stats::RadiiTest test(radii_design(settings));
  std::vector<Record> rows;
  std::vector<Place> expected;
  for (std::size_t j = 0; j < test.looks().size(); ++j) {
    for (const std::int64_t failures : {test.schedule(0).certify_at[j], test.schedule(0).certify_at[j] + 1}) {
      if (failures < 0) continue;
      const auto failed = static_cast<std::uint64_t>(failures);
      Record record;
      record.index = rows.size();
      record.label = 2;
      record.looks = {{test.looks()[j], failed}};
      fill_votes(record, {failed, 0, test.looks()[j] - failed, 0, 0}, 2);
      answer(record, 2, test.tested_radius(0), test.p_lower(0));
      rows.push_back(record);
      if (failures > test.schedule(0).certify_at[j]) expected.emplace_back(rows.size() + 1, "counts");
    }
  }
  EXPECT_GT(expected.size(), 20u);
  EXPECT_EQ(places(LogFile(Kind::staged, manifest_of(settings, rows.size()), rows).audited()), expected);
}

TEST(Audit, OfAToleranceFindsWhatWasAltered) {
  const std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"a vote more everywhere", [](Record& r) { ++r.counts[2], ++r.count, ++r.samples; }, {"counts"}},
      {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += kLastDigit; }, {"radius"}},
      {"the next radius of the grid", [](Record& r) { r.radius += 0.004 * 0.5 + 1e-9; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"a look left out", [](Record& r) { r.looks.pop_back(); }, {"counts"}},
      {"no looks", [](Record& r) { r.looks.clear(); }, {"radius"}},
      {"a screen elsewhere", [](Record& r) { ++r.looks[0].samples; }, {"counts"}},
      {"a screen that did not reject",
       [](Record& r) {
         r.looks[0] = {20, 20};
       },
       {"counts"}},
      {"a pilot of another size", [](Record& r) { --r.looks[1].samples; }, {"counts"}},
      {"an end of another size", [](Record& r) { --r.looks[2].samples; }, {"counts"}},
      {"an end of another size, and the votes for it",
       [](Record& r) { r.looks[2].samples += 20, r.samples += 20, r.count += 20, r.counts[2] += 20; },
       {"counts"}},
      {"a pilot beyond all numbers", [](Record& r) { r.looks[1].failures = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}}};
  check_alterations(settings_of(Method::tolerance), alterations);
}

// A pilot that looks better than it was leads to another size, another radius, or both.
TEST(Audit, OfAToleranceFindsABetterPilot) {
  const Settings settings = settings_of(Method::tolerance);
  std::vector<Record> rows = rows_of(settings);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].looks.empty() || rows[i].looks[1].failures == 0) continue;
    const Record before = rows[i];
    rows[i].looks[1].failures = 0;
    EXPECT_EQ(LogFile(settings, rows).audited().findings.size(), 1u) << i;
    rows[i] = before;
  }
}

// Whether a row like this one is found to end where its test goes on.
bool ends_where_it_goes_on(const Settings& settings, const std::vector<Record>& rows) {
  const Audit audit = LogFile(kind_of(settings.method), manifest_of(settings, rows.size()), rows).audited();
  EXPECT_LE(audit.findings.size(), 1u) << texts(audit);
  return texts(audit).find("where the test goes on") != std::string::npos;
}

// Whoever may stop when it pleases, or go on until it does, has more luck than alpha allows.
TEST(Audit, OfRadiiFindsARowThatStoppedOrWentOnForNoReason) {
  const Settings settings = settings_of(Method::radii);
  const stats::RadiiTest test(radii_design(settings));
  const std::vector<Record> rows = rows_of(settings, 48);
  int stopped = 0, went_on = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].looks.size() != test.size() || !rows[i].correct) continue;
    std::vector<Record> altered = rows;
    Record& row = altered[i];
    const auto next = std::upper_bound(test.looks().begin(), test.looks().end(), row.samples);
    if (next != test.looks().end() && *next != test.looks().back()) {  // all are certified, and it drew more
      Votes counts = row.counts;
      counts[2] += *next - row.samples;
      fill_votes(row, counts, 2);
      EXPECT_TRUE(ends_where_it_goes_on(settings, altered)) << i;
      ++went_on;
    }
    altered = rows;
    const auto first = rows[i].looks[0];
    if (first.samples == rows[i].samples || first.failures > 0) continue;  // the first radius is certified, and no other is given up
    altered[i].looks.resize(1);
    Votes counts(5);
    counts[2] = first.samples;
    fill_votes(altered[i], counts, 2);
    answer(altered[i], 2, test.tested_radius(0), test.p_lower(0));
    EXPECT_TRUE(ends_where_it_goes_on(settings, altered)) << i;
    ++stopped;
  }
  EXPECT_GE(went_on, 2);
  EXPECT_GE(stopped, 2);
}

TEST(Audit, OfAToleranceFindsARowThatGaveUpForNoReason) {
  const Settings settings = settings_of(Method::tolerance);
  const stats::ToleranceTest test(two_stage_design(settings), settings.futility);
  std::vector<Record> rows = rows_of(settings, 16);
  const auto row = std::find_if(rows.begin(), rows.end(), [](const Record& one) { return one.correct; });
  ASSERT_NE(row, rows.end());
  row->looks.clear();
  Votes counts(5);
  counts[2] = test.screen.looks().front() - 1;  // one failure: the screen has neither rejected nor given up
  counts[1] = 1;
  fill_votes(*row, counts, 2);
  answer(*row, {}, 0, 0);
  EXPECT_TRUE(ends_where_it_goes_on(settings, rows));
}

}  // namespace
}  // namespace ballast::log
