// SPDX-License-Identifier: Apache-2.0
//
// `ballast summary` on logs written by hand as the reference implementation writes them.

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::summary_test {
namespace {

constexpr const char* header = "idx\tlabel\tpredict\tradius\tcorrect\ttime\n";

// Radii 0.5 and 0.25 are met exactly; row 4 is wrong; the rows of label -1 and of predict -1 abstain.
constexpr const char* rows =
    "0\t3\t3\t0.5\t1\t0:00:01.5\n"
    "1\t2\t2\t0.25\t1\t0:00:02\n"
    "2\t2\t2\t0.249\t1\t0:00:02.000001\n"
    "3\t1\t1\t1.1\t1\t1 day, 2:03:04.5\n"
    "4\t1\t7\t2.5\t0\t0:00:01\n"
    "5\t4\t-1\t0.0\t0\t0:00:01\n"
    "6\t-1\t-1\t0.0\t1\t0:00:01\n"
    "7\t8\t8\t0.0\t1\t0:00:01\n";

class Summary : public ::testing::Test {
 protected:
  std::string log(const std::string& text) const {
    write_file(folder / "log", text);
    return folder / "log";
  }
  Folder folder;
};

TEST_F(Summary, CountsRadiiThatAreMetExactlyAndNeverAnAbstention) {
  const std::string file = log(std::string(header) + rows);
  const Outcome outcome = run({"summary", file, "--radii", "0,0.25,0.5,1.1,2"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.out, file +
                             ": 8 images\n"
                             "radius                    0    0.25     0.5     1.1       2\n"
                             "certified accuracy   0.6250  0.3750  0.2500  0.1250  0.0000\n"
                             "average certified radius 0.2623\n");  // 0.2624 as a double lies below it, and what is shown is never more
}

TEST_F(Summary, ExplainsItsLinesWhereItIsAsked) {
  const std::string file = log(std::string(header) + rows);
  const Outcome plain = run({"summary", file}), explained = run({"summary", file, "--explain"});
  EXPECT_TRUE(explained.out.starts_with(plain.out));
  for (const char* line :
       {"certified accuracy  share of images", "appendix D", "inverted", "all radii", "population", "average certified radius:"})
    EXPECT_NE(explained.out.find(line, plain.out.size()), std::string::npos) << line;
}

TEST_F(Summary, TakesQuarterStepsUpToTheLargestRadius) {
  const Outcome outcome = run({"summary", log(std::string(header) + rows)});
  EXPECT_NE(outcome.out.find("radius                    0    0.25     0.5    0.75       1\n"), std::string::npos) << outcome.out;
}

TEST_F(Summary, ReadsLinesThatEndAsOnWindows) {
  std::string text = std::string(header) + rows, windows;
  for (const char c : text) windows += c == '\n' ? "\r\n" : std::string(1, c);
  const std::string expected = run({"summary", log(text)}).out;
  EXPECT_EQ(run({"summary", log(windows)}).out, expected);
}

TEST_F(Summary, CountsNoImageTwice) {
  const std::string file = log(std::string(header) + rows + "3\t1\t1\t0.5\t1\t0:00:01\n");
  EXPECT_TRUE(refused(folder, {"summary", file}, "line 10: image 3 is there already, in line 5"));
  EXPECT_TRUE(refused(folder, {"report", file, "--out", folder / "report"}, "image 3 is there already"));
}

TEST_F(Summary, LeavesOutATornLastRow) {
  const std::string expected = run({"summary", log(std::string(header) + rows)}).out;
  EXPECT_EQ(run({"summary", log(std::string(header) + rows + "8\t1\t1\t0.")}).out, expected);
}

TEST_F(Summary, ReadsALogOfPredict) {
  const Outcome outcome = run({"summary", log("idx\tlabel\tpredict\tcorrect\ttime\n"
                                              "0\t3\t3\t1\t0:00:01\n1\t2\t3\t0\t0:00:01\n2\t1\t-1\t0\t0:00:01\n3\t1\t1\t1\t0:00:01\n")});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.out.find("correct 0.5000, wrong 0.2500, abstained 0.2500"), std::string::npos) << outcome.out;
}

TEST_F(Summary, ReadsSeveralLogs) {
  const std::string one = folder / "one", two = folder / "two";
  write_file(one, std::string(header) + rows);
  write_file(two, std::string(header) + "0\t3\t3\t0.5\t1\t0:00:01\n");
  const Outcome outcome = run({"summary", one, two});
  EXPECT_NE(outcome.out.find(one + ": 8 images\n"), std::string::npos);
  EXPECT_NE(outcome.out.find(two + ": 1 image\n"), std::string::npos);
}

TEST_F(Summary, ReadsTheLogsOfThisProgram) {
  const Fixture at;
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  Arguments loud = at.certify(at.log);
  loud.pop_back();
  const std::string table = run(loud).out, summary = run({"summary", at.log}).out;
  EXPECT_NE(summary.find(table.substr(table.find('\n') + 1)), std::string::npos) << table << summary;
}

TEST_F(Summary, RefusesMalformedLogsNamingTheLine) {
  const std::string good = std::string(header) + "0\t3\t3\t0.5\t1\t0:00:01\n";
  const std::string bad_rows[] = {"1\t2\t2\t0.25\t1\n",          "1\t2\t2\t0.25\t1\t0:00:01\t9\n",
                                  "x\t2\t2\t0.25\t1\t0:00:01\n", "1\t2\t-2\t0.25\t1\t0:00:01\n",
                                  "1\t2\t2\tnan\t1\t0:00:01\n",  "1\t2\t2\t-0.1\t1\t0:00:01\n",
                                  "1\t2\t2\tinf\t1\t0:00:01\n",  "1\t2\t2\t0.25\t2\t0:00:01\n",
                                  "1\t2\t2\t0.25\t1\tsoon\n",    std::string("1\t2\t2\t0.2\0005\t1\t0:00:01\n", 22)};
  for (const std::string& row : bad_rows) EXPECT_TRUE(refused(folder, {"summary", log(good + row)}, "log, line 3: ")) << row;
}

TEST_F(Summary, RefusesWhatIsNoLog) {
  EXPECT_TRUE(refused(folder, {"summary", log("")}, "log: the file is empty"));
  EXPECT_TRUE(refused(folder, {"summary", log("hello\n")}, "log, line 1: "));
  EXPECT_TRUE(refused(folder, {"summary", log(header)}, "has no rows yet"));
  EXPECT_TRUE(refused(folder, {"summary", folder / "nothing"}, "nothing: no such log"));
  EXPECT_TRUE(refused(folder, {"summary", folder.path()}, "no such log"));
  EXPECT_TRUE(refused(folder, {"summary"}, "LOG is required"));
  EXPECT_TRUE(refused(folder, {"summary", log(std::string(header) + rows), "--radii", "0,-1"}, "--radii"));
}

}  // namespace
}  // namespace ballast::cli::testing::summary_test
