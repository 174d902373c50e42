// SPDX-License-Identifier: Apache-2.0
//
// What rows depend on, and what not.

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::determinism_test {
namespace {

nlohmann::json manifest_of(const std::string& log) { return nlohmann::json::parse(contents_of(log + ".json")); }

class Certify : public ::testing::Test {
 protected:
  std::vector<Cells> rows(const std::string& name, const Arguments& more) {
    EXPECT_TRUE(succeeded(run(at.certify(at.folder / name, more))));
    return rows_of(at.folder / name);
  }
  Fixture at;
};

TEST_F(Certify, GivesTheSameRowsForOneTwoAndThreeThreads) {
  const auto one = rows("one", {"--threads", "1"});
  EXPECT_EQ(one.size(), SampleImages::count + 1);
  EXPECT_EQ(rows("two", {"--threads", "2"}), one);
  EXPECT_EQ(rows("three", {"--threads", "3"}), one);
}

TEST_F(Certify, GivesTheSameRowsAgainWithItsDefaultSeed) {
  EXPECT_EQ(rows("first", {}), rows("second", {}));
  EXPECT_EQ(manifest_of(at.folder / "first")["seed"], manifest_of(at.folder / "second")["seed"]);
}

TEST_F(Certify, GivesAnImageTheSameRowWhicheverOthersAreChosen) {
  const auto all = rows("all", {"--seed", "5"}), some = rows("some", {"--seed", "5", "--start", "4", "--skip", "9", "--max", "3"});
  ASSERT_EQ(some.size(), 4u);
  for (std::size_t i = 1; i < some.size(); ++i) EXPECT_EQ(some[i], all[4 + 9 * (i - 1) + 1]);
}

TEST_F(Certify, DrawsOtherNoiseForAnotherSeed) { EXPECT_NE(rows("one", {"--seed", "1"}), rows("two", {"--seed", "2"})); }

// What is concluded from the votes does not change the draws.
TEST_F(Certify, DerivesTheSeedFromModelDataAndNoise) {
  const std::string others[][2] = {{"--sigma", "0.26"}, {"--noise", "gaussian"}, {"--split", "train"}};
  const std::string same[][2] = {{"--n", "1001"}, {"--n0", "101"}, {"--alpha", "0.002"}, {"--radii", "0,0.1"}, {"--bound", "pb"}};
  rows("log", {"--max", "1"});
  const auto seed = manifest_of(at.folder / "log")["seed"];
  const auto seed_with = [&](const std::string& option, const std::string& value) {
    const std::string log = at.folder / ("log" + option);
    EXPECT_TRUE(succeeded(run(with(at.certify(log, {"--max", "1"}), option, value)))) << option;
    return manifest_of(log)["seed"];
  };
  for (const auto& [option, value] : others) EXPECT_NE(seed_with(option, value), seed) << option;
  for (const auto& [option, value] : same) EXPECT_EQ(seed_with(option, value), seed) << option;
}

TEST_F(Certify, RecordsItsSeedWhichThenGivesTheSameRows) {
  const auto derived = rows("derived", {});
  const std::string seed = manifest_of(at.folder / "derived")["seed"].dump();
  EXPECT_EQ(rows("named", {"--seed", seed}), derived);
  rows("largest", {"--seed", "18446744073709551615", "--max", "1"});
  EXPECT_EQ(manifest_of(at.folder / "largest")["seed"].dump(), "18446744073709551615");
}

TEST_F(Certify, WritesAManifestOfEverythingItsRowsDependOn) {
  rows("log", {"--max", "2", "--noise", "gaussian", "--precision", "fp32"});
  const auto manifest = manifest_of(at.folder / "log");
  for (const char* name : {"ballast", "command", "model", "model_sha256", "data", "data_sha256", "instruction_set", "seed"}) {
    EXPECT_TRUE(manifest.contains(name)) << name;
  }
  EXPECT_EQ(manifest["method"], "certify");
  EXPECT_EQ(manifest["sigma"], 0.25);
  EXPECT_EQ(manifest["alpha"], 0.001);
  EXPECT_EQ(manifest["n0"], 100);
  EXPECT_EQ(manifest["n"], 1000);
  EXPECT_EQ(manifest["noise"], "gaussian");
  EXPECT_EQ(manifest["precision"], "fp32");
  EXPECT_EQ(manifest["split"], "test");
  EXPECT_EQ(manifest["model_sha256"].get<std::string>().size(), 64u);
}

}  // namespace
}  // namespace ballast::cli::testing::determinism_test
