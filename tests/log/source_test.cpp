// SPDX-License-Identifier: Apache-2.0
//
// The one way in which logs are read, and the plan that they keep.

#include "ballast/log/source.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::source_test {
namespace {

Settings settings() {
  Settings made;
  made.scale = 0.25;
  made.method = FixedSamples{100, 10'000};
  return made;
}

Manifest planned(std::uint64_t rows, std::uint64_t skip = 1) {
  Manifest made;
  made.add("ballast", "0.1.0");
  add_to(made, settings());
  made.add("images", std::uint64_t{10});
  made.add("start", std::uint64_t{0});
  made.add("skip", skip);
  made.add("rows", rows);
  made.add("first_plan", rows);
  return made;
}

std::filesystem::path write(const TemporaryFolder& folder, const Manifest& manifest, const std::vector<std::uint64_t>& images) {
  const auto file = folder / "log.tsv";
  std::string text = header_line(Kind::certify) + "\n";
  for (const std::uint64_t image : images) text += to_line(row(image), Kind::certify) + "\n";
  std::ofstream(file) << text;
  write_manifest(manifest, manifest_path(file));
  return file;
}

std::string refusal_of(const std::filesystem::path& file) {
  try {
    read_source(file);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Source, IsRefusedWhereAnImageWouldCountTwiceOrNotAtAll) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal_of(write(folder, planned(4), {0, 1, 2, 3})), "");
  EXPECT_NE(refusal_of(write(folder, planned(4), {0, 1, 1, 2})).find("line 4: image 1 is there already, in line 3"), std::string::npos);
  EXPECT_NE(refusal_of(write(folder, planned(4), {0, 2, 1, 3})).find("line 4: image 1 is out of order"), std::string::npos);
  EXPECT_NE(refusal_of(write(folder, planned(4, 2), {0, 3})).find("line 3: image 3 is not one of every 2 from 0 on"), std::string::npos);
  EXPECT_NE(refusal_of(write(folder, planned(4), {0, 1, 12})).find("line 4: image 12 is not one of 10"), std::string::npos);
  EXPECT_EQ(refusal_of(write(folder, planned(4), {0, 1})), "");  // incomplete, and said by its plan
}

TEST(Source, WithoutAManifestMayLieInAnyOrderButNotTwice) {
  const TemporaryFolder folder;
  const auto without = [&](const std::vector<std::uint64_t>& images) {
    const auto file = write(folder, planned(4), images);
    std::filesystem::remove(manifest_path(file));
    return file;
  };
  EXPECT_EQ(refusal_of(without({0, 20, 10})), "");
  EXPECT_NE(refusal_of(without({0, 20, 0})).find("image 0 is there already"), std::string::npos);
  EXPECT_EQ(first_plan(read_source(without({0, 20}))), std::nullopt);
}

TEST(Source, HasTheProblemsOfItsRowsInTheirOrder) {
  const TemporaryFolder folder;
  const auto file = write(folder, planned(6), {0, 2, 1, 1});
  const auto problems = row_problems(read_log(file), read_manifest(manifest_path(file)));
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_EQ(problems[0].kind, RowProblem::Kind::missing);
  EXPECT_EQ(problems[1].kind, RowProblem::Kind::misplaced);
  EXPECT_EQ(problems[2].kind, RowProblem::Kind::repeated);
  EXPECT_EQ(problems[3].line, 0u);  // the end
}

TEST(FirstPlan, StaysWhateverALaterRunPlans) {
  const TemporaryFolder folder;
  const auto file = folder / "log.tsv";
  { LogWriter(file, Kind::certify, planned(4)).append(row(0)); }
  EXPECT_EQ(first_plan(read_source(file)), 4u);
  { LogWriter(file, Kind::certify, planned(8)).append(row(1)); }
  EXPECT_EQ(read_source(file).manifest->number("rows"), 8u);
  EXPECT_EQ(first_plan(read_source(file)), 4u);
  { LogWriter(file, Kind::certify, planned(3)).append(row(2)); }
  EXPECT_EQ(first_plan(read_source(file)), 4u);
  { LogWriter(file, Kind::certify, planned(2)).append(row(3)); }  // which the program does not: two rows were there
  EXPECT_THROW(read_source(file), InputError);
}

// A log of a version that did not write it: the plan that it has is taken for the first.
TEST(FirstPlan, OfAnOlderLogIsTheOneThatItHas) {
  const TemporaryFolder folder;
  const auto file = folder / "log.tsv";
  Manifest older = planned(4);
  older.entries.pop_back();
  { LogWriter(file, Kind::certify, older).append(row(0)); }
  EXPECT_EQ(first_plan(read_source(file)), 4u);
  { LogWriter(file, Kind::certify, planned(8)).append(row(1)); }
  EXPECT_EQ(first_plan(read_source(file)), 4u);
}

TEST(LogWriter, DoesNotTakeUpALogThatWasConcludedOtherwise) {
  const TemporaryFolder folder;
  const auto file = folder / "log.tsv";
  Manifest scaled = planned(4);
  scaled.add("illustration", "counts were scaled down");
  { LogWriter(file, Kind::certify, scaled).append(row(0)); }
  EXPECT_THROW(LogWriter(file, Kind::certify, planned(4)), InputError);
  EXPECT_NE(read_manifest(manifest_path(file)).find("illustration"), nullptr);
}

TEST(LogWriter, NoticesThatItsFileIsGoneOrAnother) {
  const auto failure = [](auto&& meddle) {
    const TemporaryFolder folder;
    LogWriter log(folder / "log.tsv", Kind::certify, planned(4));
    log.append(row(0));
    meddle(folder / "log.tsv");
    try {
      log.append(row(1));
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  using Path = std::filesystem::path;
  EXPECT_NE(failure([](const Path& file) { std::filesystem::remove(file); }).find("was removed, moved or replaced"), std::string::npos);
  EXPECT_NE(failure([](const Path& file) {
              std::filesystem::rename(file, file.string() + ".old"), std::ofstream(file) << "other";
            }).find("was removed, moved or replaced"),
            std::string::npos);
  EXPECT_NE(failure([](const Path& file) { std::ofstream(file, std::ios::trunc); }).find("was changed by somebody else"),
            std::string::npos);
  EXPECT_NE(failure([](const Path& file) { std::ofstream(file, std::ios::app) << "0"; }).find("was changed by somebody else"),
            std::string::npos);
  EXPECT_EQ(failure([](const Path&) {}), "");
}

}  // namespace
}  // namespace ballast::log::source_test
