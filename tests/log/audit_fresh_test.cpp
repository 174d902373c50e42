// SPDX-License-Identifier: Apache-2.0
//
// Logs held against fresh draws: honest ones stand, and raised ones fall, whatever made them.

#include <gtest/gtest.h>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/audit.hpp"

namespace ballast::log::audit_fresh_test {
namespace {

// Draws of every row as its image would give them: class 2 with these shares.
std::vector<FreshVotes> drawn(const std::vector<double>& shares, std::uint64_t samples, std::uint64_t seed) {
  Random random(seed);
  std::vector<FreshVotes> draws;
  for (std::size_t i = 0; i < shares.size(); ++i) draws.push_back({i, votes(samples, shares[i], random)});
  return draws;
}

// Rows of images whose class 2 has these shares, certified by n samples; those named are certified by more than there were.
struct Made {
  Settings settings;
  std::vector<double> shares;
  std::vector<Record> rows;
};
Made made(const procedure::Method& method, std::size_t rows, double raised, std::size_t every) {
  Made result{settings_of(method), {}, {}};
  const Conclude conclude = conclude_by(result.settings);
  Random random(4);
  for (std::size_t i = 0; i < rows; ++i) {
    const double share = std::uniform_real_distribution(0.9, 0.97)(random);
    Record record;
    record.index = i;
    record.label = 2;
    conclude(record, share + (i % every == 0 ? raised : 0), random);
    result.shares.push_back(share);
    result.rows.push_back(record);
  }
  return result;
}

Audit held_against(const Made& log, std::uint64_t samples, double moved = 0) {
  Audit audit = LogFile(kind_of(log.settings), manifest_of(log.settings, log.rows.size()), log.rows).audited();
  EXPECT_TRUE(audit.findings.empty()) << texts(audit);  // in itself the log is sound, raised or not
  check_fresh(audit, drawn(log.shares, samples, 5), moved);
  return audit;
}

TEST(FreshAudit, LeavesAnHonestLogAlone) {
  for (const procedure::Method& method : std::vector<procedure::Method>{of_fixed_samples, of_prediction, at_any_time}) {
    const Audit audit = held_against(made(method, 200, 0, 1), 2'000);
    EXPECT_TRUE(audit.findings.empty()) << texts(audit);
    EXPECT_NE(audit.notes.back().find("200 rows held against fresh draws: 0 refuted, of which chance allows 5"), std::string::npos)
        << audit.notes.back();
  }
}

// Five refuted rows may be chance; five rows whose votes are of another probability are not.
TEST(FreshAudit, FindsFiveRaisedRowsOfTwoHundred) {
  const Audit audit = held_against(made(FixedSamples{100, 100'000}, 200, 0.02, 40), 20'000);
  std::set<std::size_t> lines;
  for (const auto& [line, kind] : places(audit)) {
    EXPECT_EQ(kind, "votes");
    lines.insert(line);
  }
  EXPECT_EQ(lines, (std::set<std::size_t>{2, 42, 82, 122, 162}));
}

// Of two hundred rows chance refutes at most five.
TEST(FreshAudit, FindsOneRefutedRowMoreThanChanceAllows) {
  for (const auto& [every, is_finding] : {std::pair{40u, false}, std::pair{34u, true}}) {
    Made log = made(at_any_time, 200, 0, 1);
    std::size_t refuted = 0;
    for (std::size_t i = 0; i < log.shares.size(); i += every, ++refuted) log.shares[i] = 0.6;
    EXPECT_EQ(refuted, is_finding ? 6u : 5u);
    const Audit audit = held_against(log, 5'000);
    EXPECT_EQ(!audit.findings.empty(), is_finding) << texts(audit);
    EXPECT_NE(audit.notes.back().find(is_finding ? ": 6 refuted" : ": 5 refuted"), std::string::npos) << audit.notes.back();
  }
}

TEST(FreshAudit, FindsALogThatIsRaisedThroughout) {
  for (const procedure::Method& method : std::vector<procedure::Method>{of_fixed_samples, at_any_time}) {
    Made log = made(method, 50, 0.25, 1);
    for (double& share : log.shares) share = 0.7;
    const Audit audit = held_against(log, 5'000);
    EXPECT_EQ(places(audit).front(), (Place{0, "refuted"})) << texts(audit);
  }
}

TEST(FreshAudit, AllowsForWhatAnotherArithmeticMayMove) {
  const Made log = made(FixedSamples{100, 100'000}, 200, 0.01, 40);
  EXPECT_FALSE(held_against(log, 20'000).findings.empty());
  EXPECT_TRUE(held_against(log, 20'000, 0.02).findings.empty());
}

TEST(FreshAudit, FindsPredictionsOfAnotherClass) {
  Made log = made(of_prediction, 20, 0, 1);
  for (double& share : log.shares) share = 0.2;  // most fresh votes are class 1's
  const Audit audit = held_against(log, 2'000);
  ASSERT_EQ(audit.findings.size(), 1u) << texts(audit);
  EXPECT_EQ(audit.findings[0].kind, "refuted");
}

TEST(FreshAudit, HoldsBothBoundsOfAPairToTheirs) {
  const Settings settings = settings_of(FixedSamples{100, 1000, stats::Bound::pb});
  Random random(3);
  Record row;
  row.label = 2;
  certify(row, settings, 0.9, random);
  ASSERT_TRUE(row.predict);
  const auto claims = claims_of(row, settings, {40, 60, 900, 0, 0});
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_EQ(claims[0].fresh.successes, 900u);
  ASSERT_TRUE(claims[0].logged);
  EXPECT_EQ(claims[1].fresh.successes, 1000u - (row.runner_up == 1 ? 60 : 40));
  EXPECT_FALSE(claims[1].logged);  // the runner-up is chosen by these votes
  const double others = stats::upper_confidence_bound({row.runner_up_count, row.samples}, 0.1 * settings.alpha);
  EXPECT_LE(claims[1].needed, 1 - others);
  EXPECT_GT(claims[1].needed, 1 - others - 1e-9);
}

TEST(FreshAudit, TakesNoVotesOfAClassThatTheyChose) {
  const Settings settings = settings_of(FixedSamples{0, 1000});
  Random random(3);
  Record row;
  row.label = 2;
  certify(row, settings, 0.9, random);
  EXPECT_FALSE(claims_of(row, settings, {0, 100, 900, 0, 0})[0].logged);
  EXPECT_THROW(claims_of(row, settings_of(by_splitting), {0, 100, 900, 0, 0}), InputError);
}

TEST(FreshAudit, AsksForTheProbabilityOfTheRadius) {
  for (const procedure::Method& method : std::vector<procedure::Method>{of_named_radii, to_a_tolerance, at_any_time}) {
    const Settings settings = settings_of(method);
    Record row;
    row.predict = row.label = 2;
    row.radius = 0.25;
    const auto claims = claims_of(row, settings, {0, 100, 900, 0, 0});
    ASSERT_EQ(claims.size(), 1u);
    EXPECT_NEAR(claims[0].needed, 0.6914624612740131, 1e-9);  // Phi(0.25 / 0.5)
    EXPECT_LE(claims[0].needed, 1 - stats::doubt_at_radius(procedure::smoothing_of(settings), 0.25));
    EXPECT_FALSE(claims[0].logged);
  }
}

}  // namespace
}  // namespace ballast::log::audit_fresh_test
