// SPDX-License-Identifier: Apache-2.0

#include <regex>

#include "cli/program.hpp"

namespace ballast::cli::testing {
namespace {

constexpr const char* commands[] = {"certify", "predict", "plan",   "recertify", "merge",   "audit",   "evaluate",
                                    "attack",  "summary", "report", "compare",   "gallery", "figure",  "train",
                                    "compose", "inspect", "bench",  "serve",     "bounds",  "document"};

TEST(Help, ListsEveryCommand) {
  const Outcome outcome = run({"--help"});
  EXPECT_TRUE(succeeded(outcome));
  for (const char* command : commands) {
    EXPECT_NE(outcome.out.find(command), std::string::npos) << command;
  }
}

TEST(Help, IsThereForEveryCommand) {
  for (const char* command : commands) {
    for (const char* option : {"-h", "--help"}) {
      const Outcome outcome = run({command, option});
      EXPECT_TRUE(succeeded(outcome)) << command;
      EXPECT_NE(outcome.out.find(command), std::string::npos) << command;
      EXPECT_EQ(outcome.err, "") << command;
    }
  }
}

TEST(Version, IsOneLineOfNumbers) {
  const Outcome outcome = run({"--version"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_TRUE(std::regex_match(outcome.out, std::regex("\\d+\\.\\d+\\.\\d+\n"))) << outcome.out;
}

}  // namespace
}  // namespace ballast::cli::testing
