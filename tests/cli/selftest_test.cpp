// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::selftest_test {
namespace {

TEST(SelfTest, HoldsHereAndSaysWhatItFound) {
  const Outcome outcome = run({"selftest", "--quick"});
  EXPECT_TRUE(succeeded(outcome)) << outcome.out;
  for (const char* part : {"CERTIFY --radii, grid noise, image inside", "PREDICT", "split noise", "by level", "onednn fp32", "checks hold",
                           "probability at most"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in\n" << outcome.out;
  }
  EXPECT_EQ(outcome.out.find("FAILS"), std::string::npos) << outcome.out;
}

TEST(SelfTest, IsJsonForPrograms) {
  const Outcome outcome = run({"selftest", "--quick", "--seed", "5", "--json"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.out;
  const auto result = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(result["holds"], true);
  EXPECT_EQ(result["seed"], 5);
  EXPECT_LE(result["false_alarm"], 1e-9);
  ASSERT_GT(result["findings"].size(), 50u);
  for (const auto& finding : result["findings"]) {
    for (const char* key : {"group", "what", "verdict", "found", "allowed"}) EXPECT_TRUE(finding.contains(key)) << key;
    EXPECT_NE(finding["verdict"], "FAILS");
  }
}

TEST(SelfTest, RefusesWhatIsNoSeed) {
  EXPECT_EQ(run({"selftest", "--seed", "-1"}).status, 2);
  EXPECT_EQ(run({"selftest", "--threads", "-1"}).status, 2);
}

}  // namespace
}  // namespace ballast::cli::testing::selftest_test
