// SPDX-License-Identifier: Apache-2.0
//
// One run shared out among several processes, and put together again.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::shard_test {
namespace {

class Shards : public ::testing::Test {
 protected:
  // The command's shards, each in a log of its own.
  Arguments shards(const Arguments& command, int count) {
    Arguments logs;
    for (int i = 1; i <= count; ++i) {
      Arguments one = command;
      one[3] = at.folder / ("shard" + std::to_string(i) + ".tsv");
      one.insert(one.end(), {"--shard", std::to_string(i) + "/" + std::to_string(count)});
      EXPECT_TRUE(succeeded(run(one)));
      logs.push_back(one[3]);
    }
    return logs;
  }

  Arguments merge(Arguments logs) const {
    logs.insert(logs.begin(), "merge");
    logs.insert(logs.end(), {"--out", merged});
    return logs;
  }

  static nlohmann::json manifest_of(const std::string& log) {
    auto manifest = nlohmann::json::parse(contents_of(log + ".json"));
    manifest.erase("command");
    return manifest;
  }

  Fixture at;
  std::string merged = at.folder / "merged.tsv";
};

TEST_F(Shards, TogetherAreTheLogOfOneProcess) {
  const std::vector<Arguments> commands{
      at.certify(at.log),
      at.certify(at.log, {"--family-wise"}),
      at.certify(at.log, {"--radii", "0,0.1,0.3"}),
      {"predict", at.model, at.images, at.log, "--sigma", "0.25", "--n", "100", "--start", "3", "--skip", "2", "--max", "11", "--quiet"}};
  for (const Arguments& command : commands) {
    ASSERT_TRUE(succeeded(run(command)));
    const Outcome outcome = run(merge(shards(command, 3)));
    ASSERT_TRUE(succeeded(outcome));
    EXPECT_EQ(rows_of(merged), rows_of(at.log));
    EXPECT_EQ(manifest_of(merged), manifest_of(at.log));
    EXPECT_TRUE(succeeded(run({"audit", merged, "--quiet"})));
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(merged).parent_path())) {
      if (entry.path().string().find(".tsv") != std::string::npos) std::filesystem::remove(entry.path());
    }
  }
}

TEST_F(Shards, OfVerifyAreMergedToo) {
  if (run({"verify", "--help"}).out.find("not in this build") != std::string::npos) GTEST_SKIP() << "this build has no LibTorch";
  const Arguments command{"verify", at.model, at.images, at.log, "--method", "lipschitz", "--quiet"};
  ASSERT_TRUE(succeeded(run(command)));
  ASSERT_TRUE(succeeded(run(merge(shards(command, 4)))));
  EXPECT_EQ(rows_of(merged), rows_of(at.log));
  EXPECT_EQ(manifest_of(merged), manifest_of(at.log));
}

TEST_F(Shards, OnceMergedGoOnAsOneRun) {
  ASSERT_TRUE(succeeded(run(merge(shards(at.certify(at.log, {"--max", "9"}), 2)))));
  ASSERT_TRUE(succeeded(run(at.certify(merged, {"--max", "12"}))));
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--max", "12"}))));
  EXPECT_EQ(rows_of(merged), rows_of(at.log));
}

TEST_F(Shards, AreAuditedEachByItself) {
  for (const std::string& log : shards(at.certify(at.log), 3)) {
    const Outcome outcome = run({"audit", log, "--model", at.model, "--data", at.images, "--quiet"});
    EXPECT_TRUE(succeeded(outcome));
    EXPECT_NE(outcome.out.find("checks passed"), std::string::npos) << outcome.out;
  }
}

TEST_F(Shards, OrRangesThatFollowEachOtherAreMerged) {
  const std::string first = at.folder / "first.tsv", second = at.folder / "second.tsv";
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  ASSERT_TRUE(succeeded(run(at.certify(first, {"--max", "15"}))));
  ASSERT_TRUE(succeeded(run(at.certify(second, {"--start", "15"}))));
  ASSERT_TRUE(succeeded(run(merge({second, first}))));
  EXPECT_EQ(rows_of(merged), rows_of(at.log));
  auto together = manifest_of(merged), whole = manifest_of(at.log);
  EXPECT_EQ(together["first_plan"], 15);  // the second may have been begun when the first was seen
  together.erase("first_plan"), whole.erase("first_plan");
  EXPECT_EQ(together, whole);
}

TEST_F(Shards, ThatDoNotFitTogetherAreRefused) {
  const auto refuses = [&](const Arguments& logs, const std::string& words) { return refused(at.folder, merge(logs), words); };
  const Arguments logs = shards(at.certify(at.log), 3);
  const std::string other = at.folder / "other.tsv", part = at.folder / "part.tsv", late = at.folder / "late.tsv";
  ASSERT_TRUE(succeeded(run(with(at.certify(other, {"--shard", "2/3"}), "--sigma", "0.5"))));
  ASSERT_TRUE(succeeded(run(at.certify(part, {"--max", "15"}))));
  ASSERT_TRUE(succeeded(run(at.certify(late, {"--start", "17"}))));
  EXPECT_TRUE(refuses({logs[0], logs[2]}, "shard 2/3 is missing"));
  EXPECT_TRUE(refuses({logs[0], logs[2]}, logs[1] + " was not named"));
  EXPECT_TRUE(refuses({logs[1]}, "shards 1/3, 3/3 are missing; " + logs[0] + ", " + logs[2] + " were not named"));
  EXPECT_TRUE(refuses({logs[0], at.folder / "a", at.folder / "b"}, "a, " + (at.folder / "b") + ": no such files"));
  EXPECT_TRUE(refuses({logs[0], logs[1], logs[1], logs[2]}, "shard 2/3 is in both"));
  EXPECT_TRUE(refuses({logs[0], other, logs[2]}, "different runs: sigma is 0.25 in the one, 0.5 in the other"));
  EXPECT_TRUE(refuses({logs[0], part}, "share out the images in different ways"));
  EXPECT_TRUE(refuses({part, late}, "image 15 is missing"));
  EXPECT_TRUE(refuses({part, part}, "image 0 is in both"));
  const auto lines = lines_of(contents_of(logs[1]));
  write_file(logs[1], lines[0] + "\n" + lines[1] + "\n");
  EXPECT_TRUE(refuses(logs, "has 1 of 13 rows"));
  std::filesystem::remove(logs[2] + ".json");
  EXPECT_TRUE(refuses({logs[0], logs[2]}, "has no manifest"));
}

TEST_F(Shards, ThatAreMissingAreNamedByTheLastNumberOfTheOthersNames) {
  const std::filesystem::path folder = std::string(at.folder / "run1of3");
  std::filesystem::create_directory(folder);
  const std::string first = folder / "shard1.tsv", second = folder / "shard2.tsv", third = folder / "shard3.tsv";
  ASSERT_TRUE(succeeded(run(at.certify(first, {"--shard", "1/3"}))));
  EXPECT_TRUE(refused(at.folder, merge({first}), second + ", " + third + " were not named"));
}

TEST_F(Shards, AreNamedFromOneToTheirNumber) {
  for (const char* shard : {"0/3", "4/3", "1/0", "-1/3", "2", "/3", "1/", "a/b", "1/3/2", "1/2000000"}) {
    EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"--shard", shard}), "shard")) << shard;
  }
  EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"--shard", "41/50"}), "there are only 40 images"));
}

}  // namespace
}  // namespace ballast::cli::testing::shard_test
