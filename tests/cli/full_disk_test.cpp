// SPDX-License-Identifier: Apache-2.0
//
// A disk that is full from the beginning, or fills up in the middle of a row.

#include <algorithm>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::full_disk_test {
namespace {

constexpr const char* full = "/dev/full";

TEST(FullDisk, IsNotWhatALogCanBe) {
  const Fixture at;
  for (const char* device : {full, "/dev/null", "/dev/stdout"}) {
    std::filesystem::remove(at.log);
    std::filesystem::create_symlink(device, at.log);
    const auto before = at.folder.snapshot();
    EXPECT_TRUE(complained(run(at.certify(at.log)), 2, "is no file; a log is one")) << device;
    EXPECT_EQ(at.folder.snapshot(), before);
    EXPECT_FALSE(std::filesystem::exists(std::string(device) + ".json"));
  }
}

TEST(FullDisk, LeavesWholeRowsWhereverItFillsUp) {
  const Fixture at;
  const std::string whole_log = at.folder / "whole";
  ASSERT_TRUE(succeeded(run(at.certify(whole_log))));
  const std::string whole = contents_of(whole_log);
  const auto manifest_size = std::filesystem::file_size(whole_log + ".json") + 64;
  const std::size_t row = whole.size() - whole.rfind('\n', whole.size() - 2) - 1;
  ASSERT_GT(whole.size(), manifest_size + 3 * row);

  const std::size_t middle = manifest_size + (whole.size() - manifest_size) / 2;
  for (std::size_t limit = middle; limit < middle + row; limit += 17) {
    std::filesystem::remove(at.log);
    std::filesystem::remove(at.log + ".json");
    EXPECT_TRUE(complained(run(at.certify(at.log), {.largest_file = limit}), 1, "could not be written")) << limit;
    const auto rows = rows_of(at.log), all = rows_of(whole_log);
    EXPECT_LE(std::filesystem::file_size(at.log), limit);
    EXPECT_EQ(contents_of(at.log).back(), '\n') << limit;
    ASSERT_LT(rows.size(), all.size());
    EXPECT_TRUE(std::equal(rows.begin(), rows.end(), all.begin())) << limit;

    EXPECT_TRUE(succeeded(run(at.certify(at.log))));
    EXPECT_EQ(rows_of(at.log), all) << limit;
  }
}

TEST(FullDisk, LeavesNothingThatCannotBeContinuedWhereEvenTheManifestHasNoRoom) {
  const Fixture at;
  for (const rlim_t limit : {0, 40, 200}) {
    const Outcome outcome = run(at.certify(at.log), {.largest_file = limit});
    EXPECT_EQ(outcome.status, 1) << limit;
    EXPECT_EQ(outcome.error_lines(), 1u) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(at.log + ".json"));
    EXPECT_LE(rows_of(at.log).size(), 1u);
  }
  EXPECT_TRUE(succeeded(run(at.certify(at.log))));
  EXPECT_EQ(rows_of(at.log).size(), SampleImages::count + 1);
}

TEST(FullDisk, EndsAPrintingCommandWithStatusOne) {
  const Fixture at;
  for (const Arguments& arguments : {Arguments{"bounds", "--count", "9", "--n", "10", "--alpha", "0.1", "--json"},
                                     Arguments{"inspect", at.model}, Arguments{"evaluate", at.model, at.images, "--quiet"}}) {
    const Outcome outcome = run(arguments, {.output = full});
    EXPECT_EQ(outcome.status, 1) << arguments[0];
    EXPECT_EQ(outcome.error_lines(), 1u) << outcome.err;
  }
}

TEST(FullDisk, BehindStderrChangesNeitherRunNorStatus) {
  const Fixture at;
  Arguments talkative = at.certify(at.log);
  talkative.pop_back();  // --quiet
  EXPECT_EQ(run(talkative, {.errors = full}).status, 0);
  EXPECT_EQ(rows_of(at.log).size(), SampleImages::count + 1);
  EXPECT_EQ(run({"inspect", at.folder / "nothing.onnx"}, {.errors = full}).status, 2);
}

TEST(ClosedStreams, LetNothingButRowsIntoTheLog) {
  const Fixture at;
  for (const int closed : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const std::string log = at.folder / ("log" + std::to_string(closed));
    Arguments talkative = at.certify(log);
    talkative.pop_back();  // --quiet
    run(talkative, {.closed = closed});
    ASSERT_TRUE(succeeded(run(at.certify(at.folder / "whole"))));
    EXPECT_EQ(rows_of(log), rows_of(at.folder / "whole")) << "descriptor " << closed << " was closed";
  }
}

TEST(FullDisk, IsSaidWhereItIsHelpThatGoesThere) {
  for (const Arguments& arguments : {Arguments{"--help"}, Arguments{"certify", "--help"}, Arguments{"--version"}})
    EXPECT_TRUE(complained(run(arguments, {.output = full}), 1, "could not be written")) << arguments[0];
}

TEST(FullDisk, LeavesNoTornLogits) {
  const Fixture at;
  const auto before = at.folder.snapshot();
  EXPECT_TRUE(complained(run({"evaluate", at.model, at.images, "--quiet", "--logits", at.folder / "logits.npy"}, {.largest_file = 300}), 1,
                         "logits.npy"));
  EXPECT_EQ(at.folder.snapshot(), before);
}

}  // namespace
}  // namespace ballast::cli::testing::full_disk_test
