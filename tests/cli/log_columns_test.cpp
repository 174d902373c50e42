// SPDX-License-Identifier: Apache-2.0
//
// The rows that certify and predict write.

#include <cmath>
#include <map>
#include <regex>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::log_columns_test {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<Row> named_rows(const std::string& log) {
  const auto table = table_of(log);
  std::vector<Row> rows;
  for (std::size_t i = 1; i < table.size(); ++i) {
    EXPECT_EQ(table[i].size(), table[0].size());
    Row row;
    for (std::size_t c = 0; c < table[i].size(); ++c) row[table[0][c]] = table[i][c];
    rows.push_back(row);
  }
  return rows;
}

std::map<std::string, std::uint64_t> votes_of(const std::string& text) {
  std::map<std::string, std::uint64_t> votes;
  std::istringstream in(text);
  for (std::string entry; std::getline(in, entry, ',');)
    votes[entry.substr(0, entry.find(':'))] = std::stoull(entry.substr(entry.find(':') + 1));
  return votes;
}

std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& votes) {
  std::uint64_t sum = 0;
  for (const auto& [label, count] : votes) sum += count;
  return sum;
}

std::uint64_t votes_for(const std::string& text, const std::string& label) {
  const auto votes = votes_of(text);
  return votes.count(label) ? votes.at(label) : 0;
}

std::vector<Row> certified(const Fixture& at) {
  EXPECT_TRUE(succeeded(run(at.certify(at.log))));
  return named_rows(at.log);
}

std::vector<Row> predicted(const Fixture& at) {
  EXPECT_TRUE(succeeded(run({"predict", at.model, at.images, at.log, "--sigma", "0.25", "--n", "500", "--quiet"})));
  return named_rows(at.log);
}

TEST(CertifyLog, HasTheColumnsOfTheReferenceImplementationFirst) {
  const Fixture at;
  certified(at);
  EXPECT_EQ(lines_of(contents_of(at.log))[0],
            "idx\tlabel\tpredict\tradius\tcorrect\ttime\tp_lower\tn\tcount\trunner_up\trunner_up_count\tselection\tcounts");
}

TEST(PredictLog, HasNoRadius) {
  const Fixture at;
  predicted(at);
  EXPECT_EQ(lines_of(contents_of(at.log))[0], "idx\tlabel\tpredict\tcorrect\ttime\tn\tcount\trunner_up\trunner_up_count\tcounts");
}

TEST(CertifyLog, AddsUp) {
  const Fixture at;
  for (const Row& row : certified(at)) {
    const auto counts = votes_of(row.at("counts"));
    EXPECT_EQ(row.at("n"), "1000");
    EXPECT_EQ(sum_of(counts), 1000u);
    EXPECT_EQ(sum_of(votes_of(row.at("selection"))), 100u);
    EXPECT_EQ(std::stoull(row.at("runner_up_count")), votes_for(row.at("counts"), row.at("runner_up")));
    EXPECT_TRUE(row.at("predict") == "-1" || std::stoull(row.at("count")) == votes_for(row.at("counts"), row.at("predict")));
    EXPECT_LT(std::stod(row.at("p_lower")), std::stod(row.at("count")) / 1000);
    EXPECT_EQ(row.at("correct"), row.at("predict") == row.at("label") ? "1" : "0");
    EXPECT_TRUE(std::regex_match(row.at("time"), std::regex("\\d+:\\d\\d:\\d\\d\\.\\d{6}"))) << row.at("time");
  }
}

TEST(PredictLog, AddsUp) {
  const Fixture at;
  for (const Row& row : predicted(at)) {
    EXPECT_EQ(sum_of(votes_of(row.at("counts"))), 500u);
    EXPECT_TRUE(row.at("predict") == "-1" || std::stoull(row.at("count")) == votes_for(row.at("counts"), row.at("predict")));
    EXPECT_EQ(std::stoull(row.at("runner_up_count")), votes_for(row.at("counts"), row.at("runner_up")));
    EXPECT_GE(std::stoull(row.at("count")), std::stoull(row.at("runner_up_count")));
    EXPECT_EQ(row.at("correct"), row.at("predict") == row.at("label") ? "1" : "0");
  }
}

TEST(CertifyLog, WritesAnAbstentionAsMinusOneWithRadiusZero) {
  const Fixture at;
  std::size_t abstained = 0;
  for (const Row& row : certified(at)) {
    const bool abstains = row.at("predict") == "-1";
    abstained += abstains;
    EXPECT_EQ(abstains, std::stod(row.at("p_lower")) <= 0.5);
    EXPECT_EQ(abstains, std::stod(row.at("radius")) == 0);
    EXPECT_FALSE(abstains && row.at("correct") == "1");
  }
  EXPECT_GE(abstained, 1u);
  EXPECT_LT(abstained, SampleImages::count / 2);
}

TEST(PredictLog, WritesAnAbstentionAsMinusOne) {
  const Fixture at;
  const auto rows = predicted(at);
  EXPECT_EQ(rows.front().at("predict"), "-1");
  EXPECT_EQ(rows.back().at("predict"), "0");
}

// A unanimous vote of n gives p_lower = alpha^(1/n) and the radius sigma times its quantile: 0.25 x 2.462139 at n = 1000.
TEST(CertifyLog, HoldsTheKnownRadiusOfAUnanimousVoteRoundedDown) {
  const Fixture at;
  const Row last = certified(at).back();
  ASSERT_EQ(last.at("count"), "1000");
  EXPECT_NEAR(std::stod(last.at("p_lower")), std::pow(0.001, 0.001), 2e-12);
  EXPECT_LE(std::stod(last.at("p_lower")), std::pow(0.001, 0.001));
  const double doubt = 0.5 * std::erfc(std::stod(last.at("radius")) / 0.25 / std::sqrt(2.0));
  EXPECT_GE(doubt, 1 - std::pow(0.001, 0.001));
  EXPECT_NEAR(doubt, 1 - std::pow(0.001, 0.001), 1e-6);
}

TEST(CertifyLog, NumbersTheImagesAsTheDataDoes) {
  const Fixture at;
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--start", "3", "--skip", "10"}))));
  const auto rows = named_rows(at.log);
  ASSERT_EQ(rows.size(), 4u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("idx"), std::to_string(3 + 10 * i));
    EXPECT_EQ(rows[i].at("label"), std::to_string((3 + 10 * i) % 3));
  }
}

TEST(CertifyOutput, IsTheTableOfCertifiedAccuracyUnlessQuiet) {
  const Fixture at;
  Arguments arguments = at.certify(at.log);
  arguments.pop_back();
  const Outcome outcome = run(arguments);
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.out.find("certified accuracy"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find("40/40 images"), std::string::npos) << outcome.err;
  const Outcome quiet = run(at.certify(at.folder / "quiet"));
  EXPECT_EQ(quiet.out + quiet.err, "");
}

}  // namespace
}  // namespace ballast::cli::testing::log_columns_test
