// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/log_writer.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::log_writer_test {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(LogWriter, WritesRowsAndManifestAndContinues) {
  const TemporaryFolder folder;
  {
    LogWriter log(folder / "log.tsv", Kind::certify, manifest());
    log.append(row(0));
    log.append(row(1));
  }
  LogWriter again(folder / "log.tsv", Kind::certify, manifest());
  ASSERT_EQ(again.existing().size(), 2u);
  EXPECT_EQ(again.existing()[1].index, 1u);
  again.append(row(2));
  EXPECT_EQ(text_of(folder / "log.tsv"), header_line(Kind::certify) + "\n" + to_line(row(0), Kind::certify) + "\n" +
                                             to_line(row(1), Kind::certify) + "\n" + to_line(row(2), Kind::certify) + "\n");
  EXPECT_EQ(read_manifest(folder / "log.tsv.json").find("seed")->json, "18446744073709551615");
}

// Cut at every byte: what was written whole is kept, the rest is dropped, and the log can be continued.
TEST(LogWriter, ContinuesALogCutAtAnyByte) {
  const TemporaryFolder folder;
  {
    LogWriter log(folder / "log.tsv", Kind::certify, manifest());
    log.append(row(0));
    log.append(row(1));
  }
  const std::string whole = text_of(folder / "log.tsv");
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    std::ofstream(folder / "log.tsv", std::ios::binary | std::ios::trunc) << whole.substr(0, length);
    LogWriter log(folder / "log.tsv", Kind::certify, manifest());
    for (std::uint64_t next = log.existing().size(); next < 2; ++next) log.append(row(next));
    ASSERT_EQ(text_of(folder / "log.tsv"), whole) << "cut at " << length;
  }
}

TEST(LogWriter, BeginsAgainWhereOnlyTheHeaderWasWritten) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.tsv") << header_line(Kind::certify) << "\n";
  LogWriter log(folder / "log.tsv", Kind::certify, manifest());
  EXPECT_TRUE(std::filesystem::exists(folder / "log.tsv.json"));
}

TEST(LogWriter, RefusesAnotherRunsLogAndShowsTheDifference) {
  const TemporaryFolder folder;
  { LogWriter(folder / "log.tsv", Kind::certify, manifest()).append(row(0)); }
  const std::string before = text_of(folder / "log.tsv");
  const std::string message = message_of([&] { LogWriter(folder / "log.tsv", Kind::certify, manifest(0.01)); });
  EXPECT_NE(message.find("alpha: 0.001 there, 0.01 here"), std::string::npos) << message;
  Manifest other_command = manifest();
  other_command.entries[1].json = "\"another command\"";
  EXPECT_NO_THROW(LogWriter(folder / "log.tsv", Kind::certify, other_command));
  EXPECT_THROW(LogWriter(folder / "log.tsv", Kind::predict, manifest()), InputError);
  EXPECT_EQ(text_of(folder / "log.tsv"), before);
}

TEST(LogWriter, RefusesWhatIsNoLog) {
  const TemporaryFolder folder;
  std::ofstream(folder / "thesis.txt") << "All my work\n";
  EXPECT_THROW(LogWriter(folder / "thesis.txt", Kind::certify, manifest()), InputError);
  EXPECT_EQ(text_of(folder / "thesis.txt"), "All my work\n");
  std::ofstream(folder / "no_newline.txt") << "All my work";
  EXPECT_THROW(LogWriter(folder / "no_newline.txt", Kind::certify, manifest()), InputError);
  EXPECT_EQ(text_of(folder / "no_newline.txt"), "All my work");
  EXPECT_THROW(LogWriter(folder / "", Kind::certify, manifest()), InputError);
  EXPECT_THROW(LogWriter(folder / "absent/log.tsv", Kind::certify, manifest()), InputError);
}

TEST(LogWriter, WritesNoManifestOverAnotherFile) {
  const TemporaryFolder folder;
  for (const char* text : {"{\"precious\": 1}", "[\"names\"]", "idx\tlabel\n", ""}) {
    std::ofstream(folder / "log.tsv.json") << text;
    const std::string message = message_of([&] { LogWriter(folder / "log.tsv", Kind::certify, manifest()); });
    EXPECT_NE(message.find("is no log's manifest"), std::string::npos) << message;
    EXPECT_EQ(text_of(folder / "log.tsv.json"), text);
    EXPECT_FALSE(std::filesystem::exists(folder / "log.tsv"));
  }
  std::filesystem::remove(folder / "log.tsv.json");
  { LogWriter(folder / "log.tsv", Kind::certify, manifest()).append(row(0)); }
  std::filesystem::remove(folder / "log.tsv");  // its manifest is left, and is in nobody's way
  EXPECT_NO_THROW(LogWriter(folder / "log.tsv", Kind::certify, manifest()));
}

TEST(LogWriter, RefusesALogThatAnotherIsWriting) {
  const TemporaryFolder folder;
  const LogWriter log(folder / "log.tsv", Kind::certify, manifest());
  EXPECT_THROW(LogWriter(folder / "log.tsv", Kind::certify, manifest()), InputError);
}

TEST(LogWriter, TakesBackARowThatTheDiskHasNoRoomFor) {
  const TemporaryFolder folder;
  LogWriter log(folder / "log.tsv", Kind::certify, manifest());
  log.append(row(0));
  const std::string before = text_of(folder / "log.tsv");
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{before.size() + 20, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_THROW(log.append(row(1)), std::runtime_error);
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(text_of(folder / "log.tsv"), before);
  EXPECT_NO_THROW(log.append(row(1)));
}

TEST(LogWriter, RefusesWhatIsNoFileAndLeavesNothingBesideIt) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / "log.tsv");
  EXPECT_THROW(LogWriter(folder / "log.tsv", Kind::certify, manifest()), InputError);
  EXPECT_FALSE(std::filesystem::exists(folder / "log.tsv.json"));
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

TEST(ReadLog, NamesFileAndLineOfWhatIsWrong) {
  const TemporaryFolder folder;
  std::ofstream(folder / "bad.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t1\t1\t0.5\t1\t0:00:01\n1\t1\t1\tx\t1\t0:00:01\n";
  const std::string message = message_of([&] { read_log(folder / "bad.tsv"); });
  EXPECT_NE(message.find("bad.tsv, line 3"), std::string::npos) << message;
  EXPECT_THROW(read_log(folder / "absent.tsv"), InputError);
  std::ofstream(folder / "empty.tsv") << "";
  EXPECT_THROW(read_log(folder / "empty.tsv"), InputError);
}

TEST(ReadLog, ReadsThePublishedLogs) {
  const std::filesystem::path logs = std::filesystem::path(BALLAST_SHARED) / "logs";
  if (!std::filesystem::exists(logs)) GTEST_SKIP() << "the shared folder with published logs is absent";
  int read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(logs)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".tsv") continue;
    EXPECT_GT(read_log(entry.path()).rows.size(), 400u) << entry.path();
    ++read;
  }
  EXPECT_EQ(read, 14);
}

TEST(Manifest, ThatIsNoneIsRefused) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.json") << "[1, 2";
  EXPECT_THROW(read_manifest(folder / "a.json"), InputError);
  EXPECT_THROW(read_manifest(folder / "absent.json"), InputError);
}

TEST(Manifest, NestedBeyondAllUseEndsInOneLineOrNothing) {
  const auto file = std::filesystem::temp_directory_path() / ("ballast_deep_manifest_" + std::to_string(getpid()));
  std::ofstream(file) << "{\"a\": " << std::string(1'000'000, '[') << std::string(1'000'000, ']') << ", \"b\": 1}";
  try {
    EXPECT_NE(read_manifest(file).find("b"), nullptr);
  } catch (const InputError&) {
  }
  std::filesystem::remove(file);
}

// "12" cut to "1" can be read, and is another claim.
TEST(TornLine, IsLeftOutOfEveryLogOfOurs) {
  for (const Kind kind : {Kind::certify, Kind::staged, Kind::predict, Kind::verify, Kind::cascade, Kind::attack}) {
    const TemporaryFolder folder;
    const auto file = folder / "log.tsv";
    Record record;
    record.certified_by = 12;
    record.counts = {12, 0};
    {
      LogWriter log(file, kind, manifest());
      log.append(record);
      log.append(record);
    }
    const std::string whole = text_of(file);
    for (std::size_t cut = 1; cut < 4; ++cut) {
      std::ofstream(file, std::ios::binary) << whole.substr(0, whole.size() - cut);
      EXPECT_EQ(read_log(file).rows.size(), 1u) << static_cast<int>(kind) << " " << cut;
    }
  }
}

}  // namespace
}  // namespace ballast::log::log_writer_test
