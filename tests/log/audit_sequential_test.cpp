// SPDX-License-Identifier: Apache-2.0
//
// Logs of sequential methods: looks held to their boundaries, and ends to the reasons for ending.

#include <gtest/gtest.h>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/audit.hpp"

namespace ballast::log::audit_sequential_test {
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
      {"radius raised in the last digit", [](Record& r) { r.radius += last_digit; }, {"radius"}},
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
  check_alterations(settings_of(of_named_radii), alterations);
  alterations.back() = {"a selection", [](Record& r) { r.selection = {0, 0, 1, 0, 0}; }, {"counts"}};
  check_alterations(settings_of(NamedRadii{testing_the_label, of_named_radii.radii}), alterations);
}

// The claim itself: a radius more than was certified, with a look made up for it.
TEST(Audit, OfRadiiFindsARadiusThatItsLookDoesNotCertify) {
  const Settings settings = settings_of(of_named_radii);
  const stats::RadiiTest test(procedure::radii_design(settings));
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
  const Settings settings = settings_of(NamedRadii{testing_the_label, {0.25}});
  const stats::RadiiTest test(procedure::radii_design(settings));
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
      {"radius raised in the last digit", [](Record& r) { r.radius += last_digit; }, {"radius"}},
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
  check_alterations(settings_of(to_a_tolerance), alterations);
}

// A pilot that looks better than it was leads to another size, another radius, or both.
TEST(Audit, OfAToleranceFindsABetterPilot) {
  const Settings settings = settings_of(to_a_tolerance);
  std::vector<Record> rows = rows_of(settings);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].looks.empty() || rows[i].looks[1].failures == 0) continue;
    const Record before = rows[i];
    rows[i].looks[1].failures = 0;
    EXPECT_EQ(LogFile(settings, rows).audited().findings.size(), 1u) << i;
    rows[i] = before;
  }
}

// What the look's own bound proves is what a row may say.
void claim_look(Record& row, const Settings& settings, const Record::Look& look) {
  const auto claim =
      stats::anytime_claim(look.samples, look.failures, settings.alpha, procedure::smoothing_of(settings), settings.noise_error);
  row.looks = {look};
  answer(row, claim.radius ? std::optional<Label>(2) : std::nullopt, claim.radius.value_or(0), claim.p_lower);
}

TEST(Audit, OfAnytimeFindsWhatWasAltered) {
  std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"a vote less of another class", [](Record& r) { --r.counts[0]; }, {"counts"}},
      {"count one higher", [](Record& r) { ++r.count; }, {"counts"}},
      {"a vote moved to the class tested", [](Record& r) { --r.counts[0], ++r.counts[2]; }, {"counts"}},
      {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
      {"more samples than are drawn", [](Record& r) { r.counts[2] += 1000, r.count += 1000, r.samples += 1000; }, {"counts"}},
      {"votes beyond all numbers", [](Record& r) { r.counts[0] = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}},
      {"runner_up the class itself", [](Record& r) { r.runner_up = 2; }, {"counts"}},
      {"runner_up no class at all", [](Record& r) { r.runner_up = std::numeric_limits<Label>::max() - 1; }, {"counts"}},
      {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
      {"another class predicted, still correct", [](Record& r) { r.predict = 1; }, {"correct", "radius"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}},
      {"abstains", [](Record& r) { r.predict.reset(), r.correct = false, r.radius = 0; }, {"radius"}},
      {"abstains with a radius", [](Record& r) { r.predict.reset(), r.correct = false; }, {"abstention", "radius"}},
      {"radius raised", [](Record& r) { r.radius += 0.01; }, {"radius"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += last_digit; }, {"radius"}},
      {"radius lowered in the last digit", [](Record& r) { r.radius -= last_digit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"the look left out", [](Record& r) { r.looks.clear(); }, {"radius"}},
      {"two looks", [](Record& r) { r.looks.push_back(r.looks[0]); }, {"counts"}},
      {"a look after a sample less", [](Record& r) { --r.looks[0].samples; }, {"radius"}},
      {"a look at half of the samples, with half of the failures",
       [](Record& r) {
         r.looks[0] = {r.looks[0].samples / 2, r.looks[0].failures / 2};
       },
       {"radius"}},
      {"a look at 0",
       [](Record& r) {
         r.looks[0] = {0, 0};
       },
       {"radius"}},
      {"a look after the end",
       [](Record& r) {
         r.looks[0] = {r.samples + 1, r.samples - r.count};
       },
       {"counts"}},
      {"a failure less at the end than there is",
       [](Record& r) {
         r.looks[0] = {r.samples, r.samples - r.count - 1};
       },
       {"counts"}},
      {"a look with more failures than there were in the end",
       [](Record& r) { r.looks[0].failures = r.samples - r.count + 1; },
       {"counts"}},
      {"a look with fewer failures than samples were left for",
       [](Record& r) {
         r.looks[0] = {r.samples - 1, r.samples - r.count - 2};
       },
       {"counts"}},
      {"a look with all failures", [](Record& r) { r.looks[0].failures = r.looks[0].samples; }, {"counts"}},
      {"a look with failures beyond all numbers",
       [](Record& r) { r.looks[0].failures = std::numeric_limits<std::uint64_t>::max(); },
       {"counts"}},
      {"a look at samples beyond all numbers",
       [](Record& r) { r.looks[0].samples = std::numeric_limits<std::uint64_t>::max(); },
       {"counts"}},
      {"a selection vote less", [](Record& r) { --r.selection[2]; }, {"counts"}}};
  check_alterations(settings_of(at_any_time), alterations);
  check_alterations(settings_of(Anytime{of_selection, {}}), alterations);
  alterations.back() = {"a selection", [](Record& r) { r.selection = {0, 0, 1, 0, 0}; }, {"counts"}};
  check_alterations(settings_of(Anytime{testing_the_label, 0.01}), alterations);
}

// A look on the way says a little more or less than the end, and is held to its own numbers all the same.
TEST(Audit, OfAnytimeFindsAnAlteredLookOnTheWay) {
  const Settings settings = settings_of(Anytime{of_selection, {}});
  std::vector<Record> rows = rows_of(settings, 48);
  int tried = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Record& row = rows[i];
    if (!row.correct || row.looks[0].samples == row.samples || row.looks[0].failures == 0) continue;
    const Record before = row;
    const auto found = [&](const Record::Look& look) {
      row.looks = {look};
      const auto result = places(LogFile(Kind::staged, manifest_of(settings, 48), rows).audited());
      row = before;
      return result;
    };
    const auto [samples, failures] = before.looks[0];
    const std::vector<Place> wrong{{i + 2, "radius"}};
    EXPECT_EQ(found({samples + 1, failures}), wrong) << i;
    EXPECT_EQ(found({samples - 1, failures}), wrong) << i;
    EXPECT_EQ(found({samples, failures - 1}), wrong) << i;
    EXPECT_EQ(found({samples, before.samples - before.count + 1}), (std::vector<Place>{{i + 2, "counts"}})) << i;
    ++tried;
  }
  EXPECT_GE(tried, 2);
}

// The claim itself: a look made up for the radius that it gives, where the votes at the end contradict it.
TEST(Audit, OfAnytimeFindsALookThatTheVotesContradict) {
  const Settings settings = settings_of(at_any_time);
  std::vector<Record> rows = rows_of(settings, 48);
  int tried = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Record& row = rows[i];
    if (!row.correct || row.samples == row.count) continue;
    const Record before = row;
    for (const Record::Look& look :
         {Record::Look{row.samples, row.samples - row.count - 1}, Record::Look{row.samples + 500, 0}, Record::Look{row.samples, 0}}) {
      claim_look(row, settings, look);
      EXPECT_EQ(places(LogFile(Kind::staged, manifest_of(settings, 48), rows).audited()), (std::vector<Place>{{i + 2, "counts"}})) << i;
      tried += row.radius > before.radius;
      row = before;
    }
  }
  EXPECT_GE(tried, 6);
}

// At every number of samples, those of a look or not, the radius is that of the bound there, and of one failure less it is too much.
TEST(Audit, OfAnytimeHoldsEachLookToItsBound) {
  const Settings settings = settings_of(Anytime{testing_the_label, {}});
  std::vector<Record> rows;
  std::vector<Place> expected;
  for (std::uint64_t samples = 40; samples <= 1000; samples += 39) {
    for (const std::uint64_t failures : {samples / 50, samples / 10, samples / 4}) {
      for (const bool raised : {false, true}) {
        if (raised && failures == 0) continue;
        Record record;
        record.index = rows.size();
        record.label = 2;
        fill_votes(record, {failures, 0, samples - failures, 0, 0}, 2);
        claim_look(record, settings, {samples, failures - (raised ? 1 : 0)});
        if (!record.predict) continue;
        record.looks = {{samples, failures}};
        rows.push_back(record);
        if (raised) expected.emplace_back(rows.size() + 1, "radius");
      }
    }
  }
  EXPECT_GT(expected.size(), 50u);
  EXPECT_EQ(places(LogFile(Kind::staged, manifest_of(settings, rows.size()), rows).audited()), expected);
}

// It holds at any time, so whoever drew it may have stopped for any reason: after any sample, not only at a look.
TEST(Audit, OfAnytimeLetsARowEndWhereItLikes) {
  const Settings settings = settings_of(at_any_time);
  Random random(7);
  std::vector<Record> rows;
  for (std::uint64_t samples = 1; samples <= 1000; samples += 37) {
    Record record;
    record.index = rows.size();
    record.label = 2;
    record.selection = {0, 0, 100, 0, 0};
    fill_votes(record, votes(samples, 0.9, random), 2);
    claim_look(record, settings, {record.samples, record.samples - record.count});
    if (!record.predict) record.looks.clear(), answer(record, {}, 0, 0);
    rows.push_back(record);
  }
  const Audit audit = LogFile(Kind::staged, manifest_of(settings, rows.size()), rows).audited();
  EXPECT_TRUE(audit.findings.empty()) << texts(audit);
}

// Whether a row like this one is found to end where its test goes on.
bool ends_where_it_goes_on(const Settings& settings, const std::vector<Record>& rows) {
  const Audit audit = LogFile(kind_of(settings), manifest_of(settings, rows.size()), rows).audited();
  EXPECT_LE(audit.findings.size(), 1u) << texts(audit);
  return texts(audit).find("where the test goes on") != std::string::npos;
}

// Read from a log, a row's votes end after the last class that is named: there the class "nan" stands at the label's place.
TEST(Audit, OfALabelThatGotNoVoteDoesNotTakeItForTheClassNan) {
  for (const procedure::Method& method : std::vector<procedure::Method>{NamedRadii{testing_the_label, of_named_radii.radii}, to_a_tolerance,
                                                                        Anytime{testing_the_label, {}}}) {
    const Settings settings = settings_of(method);
    Random random(3);
    Record record;
    record.label = 2;
    conclude_by(settings)(record, 0, random);
    std::vector<Record> rows;
    for (const Votes& counts :
         {Votes{1, record.samples - 2, 0, 0, 1}, Votes{1, 1, 0, 0, record.samples - 2}, Votes{1, 0, 0, 0, record.samples - 1}}) {
      for (const Label label : {1, 2, 3}) {
        if (counts[static_cast<std::size_t>(label)] > 1) continue;
        record.index = rows.size();
        record.label = label;
        fill_votes(record, counts, static_cast<std::size_t>(label));
        rows.push_back(record);
      }
    }
    const Audit audit = LogFile(Kind::staged, manifest_of(settings, rows.size()), rows).audited();
    EXPECT_TRUE(audit.findings.empty()) << name_of(method) << "\n" << texts(audit);
  }
}

// Whoever may stop when it pleases, or go on until it does, has more luck than alpha allows.
TEST(Audit, OfRadiiFindsARowThatStoppedOrWentOnForNoReason) {
  const Settings settings = settings_of(of_named_radii);
  const stats::RadiiTest test(procedure::radii_design(settings));
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
  const Settings settings = settings_of(to_a_tolerance);
  const stats::ToleranceTest test(procedure::two_stage_design(settings), to_a_tolerance.futility);
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
}  // namespace ballast::log::audit_sequential_test
