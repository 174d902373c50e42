// SPDX-License-Identifier: Apache-2.0
//
// Logs of every method that version 0.1.0 made, before methods and noises were told apart as they are now, are
// still read, audited and continued.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::old_logs_test {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Their command, whose model, images and log are the fixture's.
struct OldLog {
  std::string name;
  Arguments command;  // without these three

  std::string file() const { return std::string(BALLAST_OLD_LOGS) + "/" + name + ".tsv"; }
  bool needs_torch() const { return command[0] == "verify" || command[0] == "attack"; }
};

const std::vector<OldLog> logs{
    {"certify", {"certify", "--sigma", "0.25", "--n", "1000"}},
    {"pb", {"certify", "--sigma", "0.25", "--n", "1000", "--bound", "pb"}},
    {"family_wise", {"certify", "--sigma", "0.25", "--n", "1000", "--family-wise", "--selection", "none"}},
    {"uniform", {"certify", "--noise", "uniform", "--lambda", "0.5", "--n", "1000"}},
    {"splitting", {"certify", "--noise", "split", "--lambda", "0.5"}},
    {"radii", {"certify", "--sigma", "0.25", "--n", "1000", "--radii", "0,0.1,0.3"}},
    {"tolerance", {"certify", "--sigma", "0.25", "--n", "1000", "--tolerance", "0.2", "--target", "predicted"}},
    {"predict", {"predict", "--sigma", "0.25", "--n", "1000"}},
    {"verify", {"verify", "--method", "crown"}},
    {"attack", {"attack", "--radius", "0.3", "--sigma", "0.25", "--n", "200", "--steps", "3", "--copies", "4"}},
};

class OldLogs : public ::testing::TestWithParam<OldLog> {
 protected:
  Arguments command(const std::string& log, const std::string& most) const {
    const Arguments& old = GetParam().command;
    Arguments arguments{old[0], at.model, at.images, log};
    arguments.insert(arguments.end(), old.begin() + 1, old.end());
    arguments.insert(arguments.end(), {"--precision", "fp32", "--max", most, "--quiet"});
    return arguments;
  }

  // The old log as this machine would have made it: with its engine and processor, which rows may depend on.
  void put(const std::string& log, const std::string& fresh) const {
    std::filesystem::copy_file(GetParam().file(), log);
    OrderedJson manifest = OrderedJson::parse(contents_of(GetParam().file() + ".json"));
    const OrderedJson here = OrderedJson::parse(contents_of(fresh + ".json"));
    for (const char* name : {"engine", "instruction_set"}) manifest[name] = here[name];
    write_file(log + ".json", manifest.dump(2));
  }

  Fixture at;
};

TEST_P(OldLogs, AreContinuedAndAudited) {
  if (GetParam().needs_torch() && run({GetParam().command[0], "--help"}).out.find("--quiet") == std::string::npos)
    GTEST_SKIP() << "this build has no LibTorch";
  constexpr std::size_t old_rows = 6, rows = 9;
  const std::string fresh = at.folder / "fresh.tsv", old = at.folder / "old.tsv";
  ASSERT_TRUE(succeeded(run(command(fresh, std::to_string(rows)))));
  put(old, fresh);
  const auto before = rows_of(old);
  ASSERT_EQ(before.size(), 1 + old_rows);
  const bool seen = GetParam().name == "attack";  // an attack's last digits may be another processor's
  const auto now = rows_of(fresh);
  if (!seen) EXPECT_EQ(before, std::vector<Cells>(now.begin(), now.begin() + 1 + old_rows));

  Arguments audit{"audit", old};
  if (!seen) audit.insert(audit.end(), {"--model", at.model, "--data", at.images, "--rows", "6", "--quiet", "--precision", "fp32"});
  const Outcome audited = run(audit);
  EXPECT_EQ(audited.status, 0) << audited.out;
  EXPECT_NE(audited.out.find("checks passed"), std::string::npos) << audited.out;

  ASSERT_TRUE(succeeded(run(command(old, std::to_string(rows)))));
  const auto after = rows_of(old);
  ASSERT_EQ(after.size(), 1 + rows);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
  EXPECT_TRUE(std::equal(now.begin() + 1 + old_rows, now.end(), after.begin() + 1 + old_rows));
}

// The family's size decides each image's alpha, so a log of six is not one of nine.
std::vector<OldLog> continued() {
  std::vector<OldLog> result;
  for (const OldLog& log : logs) {
    if (log.name != "family_wise") result.push_back(log);
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(OfEachMethod, OldLogs, ::testing::ValuesIn(continued()), [](const auto& one) { return one.param.name; });

TEST(OldLog, OfAFamilyIsReadWithItsShareOfAlpha) {
  const Folder folder;
  const OldLog& log = *std::find_if(logs.begin(), logs.end(), [](const OldLog& one) { return one.name == "family_wise"; });
  std::filesystem::copy_file(log.file(), folder / "log.tsv");
  std::filesystem::copy_file(log.file() + ".json", folder / "log.tsv.json");
  const Outcome audited = run({"audit", folder / "log.tsv"});
  EXPECT_EQ(audited.status, 0) << audited.out;
  EXPECT_NE(run({"summary", folder / "log.tsv"}).out.find("family-wise over 6 images"), std::string::npos);
}

}  // namespace
}  // namespace ballast::cli::testing::old_logs_test
