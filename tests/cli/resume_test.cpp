// SPDX-License-Identifier: Apache-2.0
//
// Runs that are cut off, and continued by the same command.

#include <random>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::resume_test {
namespace {

using Clock = std::chrono::steady_clock;

void append(const std::string& file, const std::string& text) { write_file(file, contents_of(file) + text); }

// The log's first so many lines.
std::string first_lines(const std::string& log, std::size_t count) {
  const std::string text = contents_of(log);
  std::size_t end = 0;
  for (std::size_t i = 0; i < count; ++i) end = text.find('\n', end) + 1;
  return text.substr(0, end);
}

class Resume : public ::testing::Test {
 protected:
  Resume() {
    EXPECT_TRUE(succeeded(run(at.certify(at.folder / "whole"))));
    expected = rows_of(at.folder / "whole");
  }
  // Begins a run and keeps the first so many rows of its log.
  void begin(std::size_t rows) {
    ASSERT_TRUE(succeeded(run(at.certify(at.log))));
    write_file(at.log, first_lines(at.log, rows + 1));
  }
  void continues() {
    EXPECT_TRUE(succeeded(run(at.certify(at.log))));
    EXPECT_EQ(rows_of(at.log), expected);
  }

  Fixture at;
  std::vector<Cells> expected;
};

// Where the number of rows may depend on what they say, so may a bound on the test set.
TEST_F(Resume, KeepsTheFirstPlanForWhatIsConcluded) {
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--max", "4"}))));
  const Outcome complete = run({"summary", at.log});
  EXPECT_NE(complete.out.find("with probability 0.999 at least"), std::string::npos) << complete.out;
  EXPECT_EQ(complete.out.find("incomplete"), std::string::npos) << complete.out;
  write_file(at.log, first_lines(at.log, 3));
  const Outcome incomplete = run({"summary", at.log});
  EXPECT_NE(incomplete.out.find("2 images, "), std::string::npos) << incomplete.out;
  EXPECT_NE(incomplete.out.find("; incomplete: 2 of 4 rows"), std::string::npos) << incomplete.out;
  EXPECT_NE(incomplete.out.find("of the 4 images planned, those without a row being failures"), std::string::npos) << incomplete.out;
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--max", "8"}))));
  const Outcome extended = run({"summary", at.log});
  EXPECT_NE(extended.out.find("; extended: 8 rows, of which 4 were planned at first"), std::string::npos) << extended.out;
  EXPECT_EQ(extended.out.find("with probability"), std::string::npos) << extended.out;
  EXPECT_NE(extended.out.find("no bounds: "), std::string::npos) << extended.out;
  EXPECT_TRUE(succeeded(run({"audit", at.log})));
}

TEST(KillAndResume, GivesTheRowsOfAnUninterruptedRunTwentyTimesOfTwenty) {
  const Fixture at;
  const auto arguments = [&](const std::string& log) { return with(at.certify(log), "--n", "20000"); };
  const auto start = Clock::now();
  ASSERT_TRUE(succeeded(run(arguments(at.folder / "whole"))));
  const std::chrono::duration<double> whole = Clock::now() - start;
  const auto expected = rows_of(at.folder / "whole");
  ASSERT_EQ(expected.size(), SampleImages::count + 1);

  std::mt19937 random(20190425);
  std::uniform_real_distribution<double> moment(0, whole.count());
  std::size_t cut_in_the_middle = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const std::string log = at.folder / ("log" + std::to_string(attempt));
    Process process(arguments(log));
    std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
    process.send(SIGKILL);
    process.wait();
    const std::size_t lines = table_of(log).size();
    cut_in_the_middle += lines > 1 && lines < expected.size();
    ASSERT_TRUE(succeeded(run(arguments(log)))) << "attempt " << attempt;
    ASSERT_EQ(rows_of(log), expected) << "attempt " << attempt;
  }
  EXPECT_GE(cut_in_the_middle, 3u) << "the kills did not fall into the runs";
}

TEST_F(Resume, KeepsTheRowsThatAreThere) {
  begin(25);
  const std::string before = contents_of(at.log);
  continues();
  EXPECT_TRUE(contents_of(at.log).starts_with(before));
}

TEST_F(Resume, DropsATornLastLine) {
  begin(25);
  append(at.log, "25\t1\t1\t0.12");
  continues();
}

TEST_F(Resume, DropsALastLineThatLacksOnlyItsNewline) {
  begin(25);
  std::string text = contents_of(at.log);
  text.pop_back();
  write_file(at.log, text);
  continues();
}

TEST_F(Resume, BeginsAgainWhereOnlyTheHeaderIsThere) {
  begin(0);
  continues();
}

TEST_F(Resume, BeginsAgainWhereTheHeaderIsTorn) {
  begin(0);
  write_file(at.log, contents_of(at.log).substr(0, 20));
  continues();
}

TEST_F(Resume, BeginsAgainWhereTheFileIsEmpty) {
  begin(0);
  write_file(at.log, "");
  continues();
}

TEST_F(Resume, BeginsAgainWhereTheHeaderHasNoManifestYet) {
  begin(0);
  std::filesystem::remove(at.log + ".json");
  continues();
  EXPECT_TRUE(std::filesystem::exists(at.log + ".json"));
}

TEST_F(Resume, DoesNothingWhereAllRowsAreThere) {
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  const auto before = at.folder.snapshot();
  EXPECT_TRUE(succeeded(run(at.certify(at.log))));
  EXPECT_EQ(at.folder.snapshot(), before);
}

TEST_F(Resume, ContinuesWithALargerMax) {
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--max", "7"}))));
  EXPECT_EQ(rows_of(at.log).size(), 8u);
  const std::string before = contents_of(at.log);
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--max", "12"}))));
  EXPECT_EQ(rows_of(at.log).size(), 13u);
  EXPECT_TRUE(contents_of(at.log).starts_with(before));
  continues();
}

TEST_F(Resume, LeavesTheRowsWithASmallerMax) {
  begin(9);
  const auto before = at.folder.snapshot();
  EXPECT_TRUE(succeeded(run(at.certify(at.log, {"--max", "4"}))));
  EXPECT_EQ(at.folder.snapshot(), before);
}

TEST_F(Resume, MayUseAnotherNumberOfThreads) {
  begin(11);
  EXPECT_TRUE(succeeded(run(at.certify(at.log, {"--threads", "3"}))));
  EXPECT_EQ(rows_of(at.log), expected);
}

TEST_F(Resume, RefusesRowsItCannotRead) {
  begin(5);
  append(at.log, "what is this\n");
  EXPECT_TRUE(refused(at.folder, at.certify(at.log), "line 7"));
}

TEST_F(Resume, RefusesALogWithoutItsManifest) {
  begin(5);
  std::filesystem::remove(at.log + ".json");
  EXPECT_TRUE(refused(at.folder, at.certify(at.log), "log.tsv.json"));
}

TEST_F(Resume, RefusesAManifestItCannotRead) {
  begin(5);
  for (const std::string text : {"", "{", "[1, 2]", "\xff\xfe"}) {
    write_file(at.log + ".json", text);
    EXPECT_TRUE(refused(at.folder, at.certify(at.log), "not a manifest")) << text;
  }
}

TEST_F(Resume, RefusesAFileThatIsNoLog) {
  write_file(at.log, "my notes\n");
  EXPECT_TRUE(refused(at.folder, at.certify(at.log), "not a log"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.model), "not a log"));
}

TEST_F(Resume, RefusesALogOfPredict) {
  ASSERT_TRUE(succeeded(run({"predict", at.model, at.images, at.log, "--sigma", "0.25", "--n", "500", "--quiet"})));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log), "not a log that this command continues"));
}

TEST_F(Resume, RefusesTheLogOfAnotherRunShowingTheDifference) {
  begin(5);
  const Arguments base = at.certify(at.log);
  const std::string options[][3] = {{"--alpha", "0.01", "alpha: 0.001 there, 0.01 here"},
                                    {"--sigma", "0.5", "sigma: 0.25 there, 0.5 here"},
                                    {"--n", "2000", "n: 1000 there, 2000 here"},
                                    {"--n0", "50", "n0: 100 there, 50 here"},
                                    {"--seed", "3", "seed: "},
                                    {"--noise", "gaussian", "noise: \"grid\" there, \"gaussian\" here"},
                                    {"--split", "train", "split: \"test\" there"},
                                    {"--start", "1", "start: 0 there, 1 here"},
                                    {"--skip", "2", "skip: 1 there, 2 here"},
                                    {"--input-scale", "2", "input_scale_0: 1.0 there, 2.0 here"}};
  for (const auto& [option, value, difference] : options) EXPECT_TRUE(refused(at.folder, with(base, option, value), difference)) << option;
}

TEST_F(Resume, RefusesTheLogOfAnotherModelOrOtherData) {
  begin(5);
  write_file(at.model, convolution_model({1, 8, 8}, 3));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log), "model_sha256"));
  write_file(at.model, band_model());
  SampleImages other = sample_images();
  other.pixels.back() ^= 1;
  write_file(at.images, idx_images(other));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log), "data_sha256"));
}

// Runs whose rows take long enough to be met on the way.
class Running : public ::testing::Test {
 protected:
  static constexpr std::size_t images = 10;
  Arguments slow(const std::string& log) const {
    return with(at.certify(log, {"--start", "30", "--max", std::to_string(images), "--threads", "1"}), "--n", samples);
  }
  std::size_t rows() const { return std::max<std::size_t>(table_of(at.log).size(), 1) - 1; }

  Fixture at;
  std::string samples = "300000";
};

TEST_F(Running, FinishesItsRowOnCtrlCAndSaysHowToContinue) {
  ASSERT_TRUE(succeeded(run(slow(at.folder / "whole"))));
  for (const int signal : {SIGINT, SIGTERM}) {
    at.log = at.folder / ("log" + std::to_string(signal));
    Process process(slow(at.log));
    ASSERT_TRUE(eventually([&] { return rows() >= 2; }));
    process.send(signal);
    const Outcome outcome = process.wait();
    ASSERT_LT(rows(), images) << "the run was too quick to be stopped";
    EXPECT_TRUE(complained(outcome, 1, "the same command continues"));
    EXPECT_NE(outcome.err.find("stopped after " + std::to_string(rows()) + " of 10 images"), std::string::npos) << outcome.err;
    EXPECT_EQ(contents_of(at.log).back(), '\n');
    EXPECT_TRUE(succeeded(run(slow(at.log))));
    EXPECT_EQ(rows_of(at.log), rows_of(at.folder / "whole"));
  }
}

TEST_F(Running, EndsAtOnceOnASecondCtrlC) {
  samples = "4000000000";
  Process process(slow(at.log));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(at.log + ".json"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // then the first image is under way
  process.send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  process.send(SIGINT);
  EXPECT_EQ(process.wait().signal, SIGINT);
  EXPECT_EQ(rows(), 0u);
}

TEST_F(Running, KeepsItsLogFromASecondProcess) {
  samples = "4000000000";
  Process process(slow(at.log));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(at.log + ".json"); }));
  EXPECT_TRUE(refused(at.folder, slow(at.log), "another process is writing to it"));
  process.send(SIGKILL);
  process.wait();
  samples = "1000";
  std::filesystem::remove(at.log);
  EXPECT_TRUE(succeeded(run(slow(at.log))));
}

}  // namespace
}  // namespace ballast::cli::testing::resume_test
