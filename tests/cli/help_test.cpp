// SPDX-License-Identifier: Apache-2.0

#include <regex>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::help_test {
namespace {

constexpr const char* commands[] = {"certify", "predict", "plan",   "recertify", "merge",    "audit",  "evaluate",
                                    "attack",  "summary", "report", "compare",   "gallery",  "figure", "train",
                                    "compose", "inspect", "bench",  "serve",     "selftest", "bounds", "document"};

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

// No line of help is wrapped by a terminal.
TEST(Help, FitsIntoEightyColumns) {
  std::vector<Arguments> all{{"--help"}, {"compose", "ensemble", "--help"}, {"compose", "half", "--help"}, {"compose", "int8", "--help"}};
  for (const char* command : commands) all.push_back({command, "--help"});
  for (const Arguments& arguments : all) {
    for (const std::string& line : lines_of(run(arguments).out)) EXPECT_LT(line.size(), 80u) << arguments.front() << ": " << line;
  }
}

TEST(Help, OfCertifyIsInGroups) {
  const std::string text = run({"certify", "--help"}).out;
  std::size_t at = 0;
  for (const char* heading : {"usage: ballast certify MODEL DATA [LOG] [OPTIONS]\n", "\nModel\n", "\nData\n", "\nNoise\n", "\nStatistics\n",
                              "\nRange\n", "\nRunning\n", "\nExamples\n"}) {
    const std::size_t found = text.find(heading, at);
    ASSERT_NE(found, std::string::npos) << heading << "\n" << text;
    at = found;
  }
  for (const std::string& line : lines_of(text)) EXPECT_FALSE(line == "Options" || line == "Optionals") << text;
}

TEST(MissingArgument, IsSaidWithTheUsage) {
  EXPECT_TRUE(complained(run({"certify", "--sigma", "0.25"}), 2, "MODEL is required; usage: ballast certify MODEL DATA [LOG] [OPTIONS]"));
  EXPECT_TRUE(complained(run({"report", "log.tsv"}), 2, "--out is required; usage: ballast report LOG... --out "));
  EXPECT_TRUE(complained(run({"compose", "half", "a.onnx"}), 2, "OUT is required; usage: ballast compose half MODEL OUT [OPTIONS]"));
}

TEST(Version, IsOneLineOfNumbers) {
  const Outcome outcome = run({"--version"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_TRUE(std::regex_match(outcome.out, std::regex("\\d+\\.\\d+\\.\\d+\n"))) << outcome.out;
}

}  // namespace
}  // namespace ballast::cli::testing::help_test
