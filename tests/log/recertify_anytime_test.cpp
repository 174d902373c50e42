// SPDX-License-Identifier: Apache-2.0
//
// A bound at any time takes another alpha: what it proves there is the better of what is known of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/recertify.hpp"

namespace ballast::log::recertify_anytime_test {
namespace {

constexpr double alphas[] = {0.1, 0.01, 0.001, 1e-6};

std::vector<Settings> many_settings() {
  std::vector<Settings> all;
  for (const Anytime& method : {at_any_time, Anytime{of_selection, {}}, Anytime{testing_the_label, 0.01}})
    all.push_back(settings_of(method));
  all.push_back(settings_of(at_any_time));
  all.back().noise = NoiseKind::laplace;
  return all;
}

Settings at_alpha(const Settings& before, double alpha) { return recertified(before, {.alpha = alpha}, 1); }

std::vector<Record> recertified_rows(const std::vector<Record>& rows, const Settings& before, const Settings& now) {
  std::vector<Record> result;
  for (const Record& row : rows) result.push_back(recertified(row, before, now, 0));
  return result;
}

double radius_at(const Record::Look& look, const Settings& settings) {
  const auto claim =
      stats::anytime_claim(look.samples, look.failures, settings.alpha, procedure::smoothing_of(settings), settings.noise_error);
  return claim.radius.value_or(0);
}

std::string refusal_of(const Settings& settings, const Recertification& wanted) {
  try {
    recertified(settings, wanted, 1);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(RecertifyAnytime, ClaimsTheBetterOfTheRecordedLookAndTheEndAndNeverMore) {
  for (const Settings& before : many_settings()) {
    const std::vector<Record> rows = rows_of(before, 48);
    int answers = 0, at_the_look = 0, at_the_end = 0;
    for (const double alpha : alphas) {
      const Settings now = at_alpha(before, alpha);
      for (const Record& row : rows) {
        const Record again = recertified(row, before, now, 0);
        const Record::Look end{row.samples, row.samples - row.count};
        const double by_look = row.looks.empty() ? 0 : radius_at(row.looks[0], now), by_end = radius_at(end, now);
        EXPECT_LE(again.radius, std::max(by_look, by_end));
        EXPECT_EQ(again.radius, tested_class(row, before) ? std::max(by_look, by_end) : 0);
        EXPECT_EQ(again.correct, again.predict == again.label);
        if (!again.predict) {
          EXPECT_EQ(again.radius, 0);
          EXPECT_EQ(again.p_lower, 0);
          EXPECT_TRUE(again.looks.empty());
          continue;
        }
        ++answers;
        EXPECT_EQ(again.predict, tested_class(row, before));
        ASSERT_EQ(again.looks.size(), 1u);
        EXPECT_TRUE(again.looks[0] == end || (!row.looks.empty() && again.looks[0] == row.looks[0]));
        EXPECT_EQ(again.radius, radius_at(again.looks[0], now));
        (again.looks[0] == end ? at_the_end : at_the_look) += 1;
      }
    }
    EXPECT_GT(answers, 60);
    EXPECT_GT(at_the_end, 0);
    EXPECT_GT(at_the_look, 0);
  }
}

std::vector<std::string> fields_of(const Record& record) {
  std::vector<std::string> fields;
  for_each_field(record, [&](const auto& field) { fields.push_back(testing::PrintToString(field)); });
  return fields;
}

// All else in the row is as it was: the votes are the same.
TEST(RecertifyAnytime, LeavesTheVotesAlone) {
  const Settings before = settings_of(at_any_time), now = at_alpha(before, 0.01);
  for (const Record& row : rows_of(before, 48)) {
    Record again = recertified(row, before, now, 7);
    again.predict = row.predict;
    again.radius = row.radius;
    again.p_lower = row.p_lower;
    again.correct = row.correct;
    again.looks = row.looks;
    EXPECT_EQ(fields_of(again), fields_of(row));
  }
}

TEST(RecertifyAnytime, ToTheSameAlphaLeavesEveryCharacter) {
  for (const Settings& settings : many_settings()) {
    const std::vector<Record> rows = rows_of(settings, 48), again = recertified_rows(rows, settings, at_alpha(settings, settings.alpha));
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(to_line(again[i], Kind::staged), to_line(rows[i], Kind::staged));
  }
}

// Read from a log, a row names classes up to the last one that has a vote, and its runner-up may be beyond.
TEST(RecertifyAnytime, ToTheSameAlphaLeavesEveryCharacterOfALog) {
  const auto columns = parse_header(header_line(Kind::staged));
  const Settings of_label = settings_of(Anytime{testing_the_label, {}});
  for (const Votes& counts : std::vector<Votes>{
           {1000, 0, 0, 0}, {0, 1000, 0, 0}, {0, 0, 1000, 0}, {980, 0, 0, 20}, {20, 980, 0, 0}, {0, 0, 0, 1000}, {400, 300, 0, 300}}) {
    for (const Label label : {0, 1, 2}) {
      Record row;
      row.label = label;
      row.selection = {0};
      row.looks = {{1000, 1000 - counts[static_cast<std::size_t>(label)]}};
      fill_votes(row, counts, static_cast<std::size_t>(label));
      const double radius = radius_at(row.looks[0], of_label);
      if (radius == 0) row.looks.clear(), answer(row, {}, 0, 0);
      else answer(row, label, radius, stats::anytime_claim(1000, row.looks[0].failures, 0.001, {NoiseLaw::gaussian, 0.5}, 4e-13).p_lower);
      const std::string line = to_line(row, Kind::staged);
      EXPECT_EQ(to_line(recertified(parse_line(line, columns), of_label, of_label, 0), Kind::staged), line);
    }
  }
}

TEST(RecertifyAnytime, GivesLessForASmallerAlphaAndNoMoreOnTheWayBack) {
  const Settings first = settings_of(at_any_time), strict = at_alpha(first, 1e-5), loose = at_alpha(first, 0.05);
  EXPECT_EQ(at_alpha(strict, 0.001), first);
  for (const Record& row : rows_of(first, 48)) {
    const Record less = recertified(row, first, strict, 0), more = recertified(row, first, loose, 0);
    EXPECT_LE(less.radius, row.radius);
    EXPECT_GE(more.radius, row.radius);
    EXPECT_LE(recertified(less, strict, first, 0).radius, row.radius);
    EXPECT_LE(recertified(more, loose, first, 0).radius, row.radius);
    if (row.predict && row.radius > 0) EXPECT_LT(less.radius, row.radius);
  }
}

TEST(RecertifyAnytime, MakesALogThatIsSoundInItself) {
  for (const Settings& before : many_settings()) {
    for (const double alpha : alphas) {
      const Settings now = at_alpha(before, alpha);
      const auto rows = recertified_rows(rows_of(before, 48), before, now);
      const Audit audit = LogFile(Kind::staged, manifest_of(now, 48), rows).audited();
      EXPECT_TRUE(audit.findings.empty()) << alpha << "\n" << texts(audit);
      EXPECT_EQ(audit.settings, now);
    }
  }
}

TEST(RecertifyAnytime, SharesAlphaAmongTheRows) {
  const Settings before = settings_of(at_any_time), shared = recertified(before, {.family_wise = true}, 48);
  EXPECT_EQ(shared.family_size, 48u);
  EXPECT_EQ(shared.alpha, 0.001 / 48);
  EXPECT_EQ(at_alpha(shared, 0.001), before);
  for (const Record& row : rows_of(before, 48)) EXPECT_LE(recertified(row, before, shared, 0).radius, row.radius);
}

TEST(RecertifyAnytime, TakesAnotherAlphaAlone) {
  const Settings settings = settings_of(at_any_time);
  const std::string refusal = "a log of certify-anytime takes another alpha; n and bound are its own";
  EXPECT_EQ(refusal_of(settings, {.samples = 500}), refusal);
  EXPECT_EQ(refusal_of(settings, {.samples = 1000}), refusal);
  EXPECT_EQ(refusal_of(settings, {.alpha = 0.01, .samples = 500}), refusal);
  EXPECT_EQ(refusal_of(settings, {.samples = 500, .scale = true}), refusal);
  for (const stats::Bound bound : {stats::Bound::cohen, stats::Bound::pb, stats::Bound::lecuyer, stats::Bound::li}) {
    EXPECT_EQ(refusal_of(settings, {.bound = bound}), refusal);
    EXPECT_EQ(refusal_of(settings, {.alpha = 0.01, .bound = bound}), refusal);
  }
  EXPECT_NE(refusal_of(settings, {.scale = true}), "");
  for (const double alpha : {0.0, 1.0, -0.1, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_NE(refusal_of(settings, {.alpha = alpha}), "") << alpha;
    EXPECT_NE(refusal_of(settings, {.alpha = alpha, .family_wise = true}), "") << alpha;
  }
  EXPECT_EQ(refusal_of(settings, {.alpha = 0.01}), "");
  Settings scaled = settings;
  scaled.illustration = true;
  EXPECT_NE(refusal_of(scaled, {.alpha = 0.01}).find("scaled"), std::string::npos);
}

TEST(RecertifyAnytime, OfAClassNanNeverAnswers) {
  const Settings before = settings_of(at_any_time);
  Record row;
  row.label = 2;
  row.selection = {0, 0, 0, 0, 100};
  row.looks = {{1000, 0}};
  fill_votes(row, {0, 0, 0, 0, 1000}, 4);
  const Record again = recertified(row, before, at_alpha(before, 0.1), 0);
  EXPECT_FALSE(again.predict);
  EXPECT_EQ(again.radius, 0);
  EXPECT_TRUE(again.looks.empty());
}

TEST(RecertifyAnytime, OfARowWithoutVotesAbstains) {
  const Settings before = settings_of(Anytime{testing_the_label, {}});
  Record row;
  row.label = 2;
  row.counts = Votes(5);
  const Record again = recertified(row, before, at_alpha(before, 0.1), 0);
  EXPECT_FALSE(again.predict);
  EXPECT_EQ(again.radius, 0);
  EXPECT_TRUE(again.looks.empty());
}

TEST(RecertifyAnytime, RefusesRowsThatCannotBe) {
  const Settings before = settings_of(at_any_time), now = at_alpha(before, 0.01);
  const std::vector<Record> rows = rows_of(before);
  const Record& row = rows[0];
  ASSERT_FALSE(row.looks.empty());
  const auto refuses = [&](const char* what, const std::function<void(Record&)>& alter) {
    Record altered = row;
    alter(altered);
    EXPECT_THROW(recertified(altered, before, now, 0), InputError) << what;
  };
  refuses("more votes of the class than samples", [](Record& r) { r.count = r.samples + 1; });
  refuses("more failures than samples", [](Record& r) { r.looks[0].failures = r.looks[0].samples + 1; });
  refuses("samples beyond all numbers", [](Record& r) { r.looks[0].samples = std::numeric_limits<std::uint64_t>::max(); });
  // As of a fixed number of samples: votes that are not those that the row says, and a look that they contradict.
  refuses("no counts", [](Record& r) { r.counts = {0}; });
  refuses("a vote less", [](Record& r) { --r.counts[2]; });
  refuses("votes beyond all numbers", [](Record& r) { r.counts[0] = std::numeric_limits<std::uint64_t>::max(); });
  refuses("another count", [](Record& r) { --r.count; });
  refuses("more samples than are drawn", [](Record& r) { r.counts[2] += 1000, r.count += 1000, r.samples += 1000; });
  refuses("a look after the end", [](Record& r) { r.looks[0] = {r.samples + 1, 0}; });
  refuses("a look with more failures than there were in the end", [](Record& r) { r.looks[0].failures = r.samples - r.count + 1; });
  refuses("a selection vote less", [](Record& r) { --r.selection[2]; });
}

}  // namespace
}  // namespace ballast::log::recertify_anytime_test
