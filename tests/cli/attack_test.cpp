// SPDX-License-Identifier: Apache-2.0
//
// Attacks from the command line: on plain and smoothed classifiers, within certified radii and beyond them.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::attack_test {
namespace {

class Attack : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run({"attack", "--help"}).out.find("not in this build") != std::string::npos) GTEST_SKIP() << "this build has no LibTorch";
  }

  // Six images, from the least to the most certain.
  Arguments attack(const std::string& to, const Arguments& more) const {
    Arguments arguments{"attack",  at.model, at.images,  to,   "--start",   "1", "--skip", "7",
                        "--steps", "10",     "--copies", "20", "--threads", "1", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // What the column holds, row by row.
  static Cells column(const std::string& log, const std::string& name) {
    const auto table = table_of(log);
    const auto place = std::find(table.at(0).begin(), table.at(0).end(), name) - table.at(0).begin();
    Cells cells;
    for (std::size_t row = 1; row < table.size(); ++row) cells.push_back(table[row].at(static_cast<std::size_t>(place)));
    return cells;
  }

  static std::ptrdiff_t successes(const std::string& log) {
    const Cells cells = column(log, "success");
    return std::count(cells.begin(), cells.end(), "1");
  }

  // A log in the reference implementation's columns that certifies image 33, of label 0, at this radius.
  std::string claim(const std::string& radius) const {
    const std::string file = at.folder / "claim.tsv";
    write_file(file, "idx\tlabel\tpredict\tradius\tcorrect\ttime\n33\t0\t0\t" + radius + "\t1\t0:00:01\n");
    return file;
  }

  Fixture at;
};

TEST_F(Attack, OnThePlainClassifierIsSuccessfulWhereTheRadiusIsLargeEnough) {
  const std::string near = at.folder / "near.tsv", far = at.folder / "far.tsv";
  ASSERT_TRUE(succeeded(run(attack(near, {"--radius", "0.0001"}))));
  ASSERT_TRUE(succeeded(run(attack(far, {"--radius", "1.5", "--rate", "0.2"}))));
  ASSERT_EQ(column(far, "success").size(), 6u);
  EXPECT_EQ(successes(near), 0);
  EXPECT_EQ(successes(far), 6);
  for (const std::string& distance : column(far, "distance")) EXPECT_LE(std::stod(distance), 1.5) << distance;
  const auto manifest = nlohmann::json::parse(contents_of(far + ".json"));
  EXPECT_EQ(manifest.at("method"), "attack");
  EXPECT_EQ(manifest.at("noise"), "none");
  EXPECT_EQ(manifest.at("radius"), 1.5);
}

TEST_F(Attack, OnTheSmoothedClassifierGivesTheSameLogForAnyThreads) {
  const std::string one = at.folder / "one.tsv", three = at.folder / "three.tsv";
  const Arguments how{"--radius", "0.3", "--sigma", "0.25", "--n", "1000", "--objective", "log-mean"};
  ASSERT_TRUE(succeeded(run(attack(one, how))));
  ASSERT_TRUE(succeeded(run(with(attack(three, how), "--threads", "3"))));
  EXPECT_EQ(rows_of(one), rows_of(three));
  EXPECT_GT(successes(one), 0);
  EXPECT_LT(successes(one), 6);
}

TEST_F(Attack, GoesOnWhereItStopped) {
  const std::string whole = at.folder / "whole.tsv", parts = at.folder / "parts.tsv";
  const Arguments how{"--radius", "0.3", "--sigma", "0.25", "--n", "1000"};
  ASSERT_TRUE(succeeded(run(attack(whole, how))));
  ASSERT_TRUE(succeeded(run(with(attack(parts, how), "--max", "2"))));
  EXPECT_EQ(rows_of(parts).size(), 3u);
  ASSERT_TRUE(succeeded(run(attack(parts, how))));
  EXPECT_EQ(rows_of(parts), rows_of(whole));
  EXPECT_TRUE(refused(at.folder, with(attack(parts, how), "--radius", "0.4"), "radius"));
}

TEST_F(Attack, LeavesALogThatAuditAndSummaryRead) {
  const std::string plain = at.folder / "plain.tsv", smoothed = at.folder / "smoothed.tsv";
  ASSERT_TRUE(succeeded(run(attack(plain, {"--radius", "1.5", "--rate", "0.2"}))));
  ASSERT_TRUE(succeeded(run(attack(smoothed, {"--radius", "0.3", "--sigma", "0.25", "--n", "1000"}))));
  for (const std::string& log : {plain, smoothed}) {
    const Outcome audited = run({"audit", log});
    EXPECT_TRUE(succeeded(audited)) << log;
    EXPECT_NE(audited.out.find("6 rows, all checks passed"), std::string::npos) << audited.out;
  }
  const Outcome summary = run({"summary", plain, smoothed});
  ASSERT_TRUE(succeeded(summary));
  EXPECT_NE(summary.out.find("attack on the base classifier within 1.5\nsuccessful 1.0000"), std::string::npos) << summary.out;
  EXPECT_NE(summary.out.find("attack on the smoothed classifier within 0.3, sigma 0.25, grid noise, judged by n 1000"), std::string::npos)
      << summary.out;
  EXPECT_TRUE(refused(at.folder, {"report", plain, "--out", at.folder / "report"}, "certifies nothing"));
  EXPECT_TRUE(refused(at.folder, {"recertify", plain, "--out", at.folder / "again.tsv", "--alpha", "0.01"}, "no certificates"));
  EXPECT_TRUE(refused(at.folder, {"audit", plain, "--model", at.model, "--data", at.images}, "does not hold the images"));
}

TEST_F(Attack, FindsNothingWithinCertifiedRadiiAndMuchBeyond) {
  const std::string within = at.folder / "within.tsv", beyond = at.folder / "beyond.tsv";
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  ASSERT_TRUE(succeeded(run(attack(within, {"--against", at.log}))));
  ASSERT_TRUE(succeeded(run(attack(beyond, {"--against", at.log, "--factor", "2"}))));
  EXPECT_GT(column(within, "success").size(), 2u);
  EXPECT_EQ(successes(within), 0);
  EXPECT_GT(successes(beyond), 0);  // which refutes nothing: exit status 0
  const auto manifest = nlohmann::json::parse(contents_of(within + ".json"));
  EXPECT_EQ(manifest.at("alpha"), 1e-6);
  EXPECT_EQ(manifest.at("sigma"), 0.25);
  EXPECT_EQ(manifest.at("noise"), "grid");
}

TEST_F(Attack, FailsLoudlyWhereACertificateIsRefuted) {
  const std::string log = at.folder / "refuted.tsv";
  const auto against = [&](const std::string& to, const std::string& radius, const std::string& factor) {
    return with(with(attack(to, {"--against", claim(radius), "--sigma", "0.25", "--rate", "0.2", "--factor", factor}), "--start", "0"),
                "--skip", "1");
  };
  const Outcome outcome = run(against(log, "1.5", "0.999"));
  EXPECT_TRUE(complained(outcome, 1, "1 of 1 certificates of"));
  EXPECT_NE(outcome.err.find("image 33, certified as class 0 at radius 1.5, is answered"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("wrong with probability 1e-06 at most"), std::string::npos) << outcome.err;
  EXPECT_EQ(successes(log), 1);
  EXPECT_TRUE(complained(run(against(log, "1.5", "0.999")), 1, "are refuted"));  // also where the row was there already
  EXPECT_TRUE(succeeded(run(against(at.folder / "true.tsv", "0.01", "0.999"))));
  EXPECT_TRUE(succeeded(run(against(at.folder / "beyond.tsv", "1.5", "1"))));
}

TEST_F(Attack, SavesTheImages) {
  const std::string grid = at.folder / "grid", floats = at.folder / "floats";
  ASSERT_TRUE(succeeded(run(attack(at.log, {"--radius", "0.3", "--sigma", "0.25", "--n", "100", "--max", "1", "--save", grid}))));
  ASSERT_TRUE(succeeded(run(attack(at.log + "2", {"--radius", "0.3", "--max", "2", "--save", floats}))));
  EXPECT_EQ(contents_of(grid + "/1.png").substr(1, 3), "PNG");
  EXPECT_EQ(contents_of(floats + "/1.npy").size(), 128 + 4 * 64u);
  EXPECT_TRUE(std::filesystem::exists(floats + "/8.npy"));
}

TEST_F(Attack, RefusesWhatCannotWorkBeforeItBegins) {
  const auto refuses = [&](const Arguments& more, const std::string& words) { return refused(at.folder, attack(at.log, more), words); };
  EXPECT_TRUE(refuses({}, "--radius"));
  EXPECT_TRUE(refuses({"--radius", "1", "--against", claim("1")}, "either --radius"));
  EXPECT_TRUE(refuses({"--radius", "-1"}, "--radius -1: must be above 0"));
  EXPECT_TRUE(refuses({"--radius", "nan"}, "--radius"));
  EXPECT_TRUE(refuses({"--radius", "1", "--factor", "2"}, "--factor goes with --against"));
  EXPECT_TRUE(refuses({"--against", claim("1"), "--factor", "0", "--sigma", "1"}, "--factor 0: must be above 0"));
  EXPECT_TRUE(refuses({"--against", claim("1")}, "--sigma is required"));
  EXPECT_TRUE(refuses({"--against", claim("1"), "--sigma", "0.25", "--alpha", "0.01"}, "--alpha 0.01: at most 1e-06"));
  EXPECT_TRUE(refuses({"--against", claim("1"), "--sigma", "0.25"}, "none of these images has a certificate"));
  EXPECT_TRUE(refuses({"--against", at.folder / "nothing.tsv", "--sigma", "0.25"}, "nothing.tsv"));
  EXPECT_TRUE(refuses({"--radius", "1", "--rate", "0"}, "rate = 0"));
  EXPECT_TRUE(refuses({"--radius", "1", "--noise", "grid"}, "--sigma is required"));
  EXPECT_TRUE(refuses({"--radius", "1", "--noise", "uniform"}, "--noise"));
  EXPECT_TRUE(refuses({"--radius", "1", "--objective", "loss"}, "--objective"));
  EXPECT_TRUE(refuses({"--radius", "1", "--sigma", "0.25", "--n", "5"}, "n = 5"));
  EXPECT_TRUE(refuses({"--radius", "1", "--save", at.folder / "no/where"}, "does not exist"));
}

TEST_F(Attack, RefusesCertificatesOfAnotherModelOrOtherNoise) {
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  const std::string to = at.folder / "attack.tsv";
  EXPECT_TRUE(refused(at.folder, attack(to, {"--against", at.log, "--sigma", "0.5"}), "are of sigma 0.25"));
  EXPECT_TRUE(refused(at.folder, attack(to, {"--against", at.log, "--noise", "gaussian"}), "are of noise grid"));
  Arguments other = attack(to, {"--against", at.log});
  other[1] = at.folder / "other.onnx";
  write_file(other[1], convolution_model({1, 8, 8}, 3));
  EXPECT_TRUE(refused(at.folder, other, "not the model and data of this log"));
}

}  // namespace
}  // namespace ballast::cli::testing::attack_test
