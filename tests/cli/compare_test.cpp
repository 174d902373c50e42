// SPDX-License-Identifier: Apache-2.0
//
// Several methods and models beside each other.

#include <filesystem>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::compare_test {
namespace {

class Compare : public ::testing::Test {
 protected:
  bool can_verify() const { return run({"verify", "--help"}).out.find("not in this build") == std::string::npos; }

  std::string entry(const std::string& name, const std::string& command, const std::string& options) const {
    return name + "=" + command + " " + at.model + " " + options;
  }

  Arguments compare(const Arguments& more) const {
    Arguments arguments{"compare", at.images, "--out", out, "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Fixture at;
  std::string out = at.folder / "comparison";
};

TEST_F(Compare, PutsLogsOfCertifyIntoOneTableAndOneFigure) {
  const Arguments command = compare({"--entry", entry("quarter", "certify", "--sigma 0.25 --n 1000"), "--entry",
                                     entry("half a pixel", "certify", "--sigma 0.5 --n 2000 --skip 4"), "--radii", "0,0.1"});
  const Outcome outcome = run(command);
  ASSERT_TRUE(succeeded(outcome));
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  EXPECT_EQ(rows_of(out + "/quarter.tsv"), rows_of(at.log));  // whatever certify says alone
  EXPECT_EQ(rows_of(out + "/half a pixel.tsv").size(), SampleImages::count / 4 + 1);
  EXPECT_NE(outcome.out.find("| quarter | sigma 0.25 | 40 |"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("| half a pixel | sigma 0.5 | 10 |"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("wrong with probability at most 0.001"), std::string::npos) << outcome.out;
  for (const char* name : {"comparison.md", "comparison.tex", "comparison.csv", "comparison.gp"})
    EXPECT_TRUE(std::filesystem::exists(out + "/" + name)) << name;
  const std::string before = contents_of(out + "/quarter.tsv");
  EXPECT_TRUE(succeeded(run(command)));  // all is there already
  EXPECT_EQ(contents_of(out + "/quarter.tsv"), before);
}

TEST_F(Compare, PutsDeterministicBoundsBesideSmoothing) {
  if (!can_verify()) GTEST_SKIP() << "this build has no LibTorch";
  const Outcome outcome = run(compare({"--entry", entry("smoothing", "certify", "--sigma 0.25 --n 1000"), "--entry",
                                       entry("Lipschitz", "verify", "--method lipschitz"), "--entry",
                                       entry("CROWN at a tenth", "verify", "--method crown --radius 0.1"), "--max", "9"}));
  ASSERT_TRUE(succeeded(outcome));
  ASSERT_TRUE(succeeded(run({"verify", at.model, at.images, at.log, "--method", "lipschitz", "--max", "9", "--quiet"})));
  EXPECT_EQ(rows_of(out + "/Lipschitz.tsv"), rows_of(at.log));
  EXPECT_NE(outcome.out.find("| CROWN at a tenth | crown | 9 |"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("has no such chance"), std::string::npos) << outcome.out;
}

TEST_F(Compare, HasThePapersSettings) {
  if (!can_verify()) GTEST_SKIP() << "this build has no LibTorch";
  ASSERT_TRUE(succeeded(run(compare({"--preset", "lmt", "--smoothed", at.model, "--other", at.model, "--max", "3"}))));
  const std::string manifest = contents_of(out + "/smoothing.tsv.json");
  for (const char* words : {"\"sigma\": 0.1,", "\"n0\": 100,", "\"n\": 100000,", "\"alpha\": 0.001,"})
    EXPECT_NE(manifest.find(words), std::string::npos) << words << manifest;
  EXPECT_NE(contents_of(out + "/model.tsv.json").find("\"verifier\": \"lipschitz\""), std::string::npos);
  // Three channels' preprocessing on a model of one: each preset puts in its own.
  for (const auto& [preset, mean] : {std::pair{"wong", "0.485"}, std::pair{"crown", "0.5"}}) {
    const Outcome outcome = run({"compare", at.images, "--out", at.folder / preset, "--preset", preset, "--smoothed", at.model, "--other",
                                 at.model, "--max", "1", "--quiet"});
    EXPECT_TRUE(complained(outcome, 2, "smoothing: ")) << mean;
  }
}

TEST_F(Compare, RefusesBeforeAnythingIsWritten) {
  const std::string good = entry("good", "certify", "--sigma 0.25 --n 1000");
  const auto refuses = [&](const Arguments& more, const std::string& words) { return refused(at.folder, compare(more), words); };
  EXPECT_TRUE(refuses({}, "nothing to compare"));
  EXPECT_TRUE(refuses({"--entry", "certify x"}, "NAME=certify MODEL OPTIONS"));
  EXPECT_TRUE(refuses({"--entry", "x=predict model.onnx"}, "certify or verify and then the model"));
  EXPECT_TRUE(refuses({"--entry", "x=certify --sigma 1"}, "certify or verify and then the model"));
  EXPECT_TRUE(refuses({"--entry", good, "--entry", good}, "two entries are called good"));
  EXPECT_TRUE(refuses({"--entry", entry("a/b", "certify", "--sigma 1")}, "cannot hold a slash"));
  EXPECT_TRUE(refuses({"--entry", good, "--entry", entry("bad", "certify", "--sigmas 1")}, "bad: "));
  EXPECT_TRUE(refuses({"--preset", "wong"}, "needs --smoothed MODEL and --other MODEL"));
  EXPECT_TRUE(refuses({"--preset", "paper"}, "--preset"));
  EXPECT_TRUE(refuses({"--entry", good, "--smoothed", at.model}, "go with --preset"));
}

TEST_F(Compare, SaysWhichEntryCannotWorkAfterOneImageOfEach) {
  const std::string good = entry("good", "certify", "--sigma 0.25 --n 1000");
  EXPECT_TRUE(complained(run(compare({"--entry", good, "--entry", "gone=certify nowhere.onnx --sigma 1"})), 2, "gone: "));
  EXPECT_EQ(rows_of(out + "/good.tsv").size(), 2u);
  const std::string l1 = entry("l1", "certify", "--noise uniform --lambda 0.5 --n 1000");
  EXPECT_TRUE(complained(run(compare({"--entry", good, "--entry", l1, "--max", "2"})), 2, "another norm than good"));
}

}  // namespace
}  // namespace ballast::cli::testing::compare_test
