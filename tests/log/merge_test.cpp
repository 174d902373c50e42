// SPDX-License-Identifier: Apache-2.0
//
// Logs of ranges put together: nothing missing, nothing twice.

#include "ballast/log/merge.hpp"

#include <gtest/gtest.h>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::log::merge_test {
namespace {

const Settings settings = settings_of(of_fixed_samples);

// Every `skip`-th row from one image on, and before another; of the shard, if it is named.
LogFile part(std::size_t from, std::size_t to, std::size_t skip = 1, const std::string& shard = "") {
  const std::vector<Record> all = rows_of(settings, to);
  std::vector<Record> rows;
  for (std::size_t i = from; i < to; i += skip) rows.push_back(all[i]);
  Manifest manifest = manifest_of(settings, rows.size());
  for (auto& entry : manifest.entries) {
    if (entry.name == "start") entry.json = std::to_string(from);
    if (entry.name == "skip") entry.json = std::to_string(skip);
  }
  if (!shard.empty()) manifest.add("shard", shard);
  return LogFile(kind_of(settings), manifest, rows);
}

void expect_refused(const std::vector<std::filesystem::path>& parts, const std::string& words) {
  try {
    merge(parts);
    FAIL() << "merged, and not: " << words;
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Merge, PutsRangesThatFollowEachOtherInOrder) {
  const LogFile first = part(0, 3), second = part(3, 7), whole = part(0, 7);
  const Merged merged = merge(std::vector{second.file(), first.file()});
  EXPECT_EQ(merged.rows, 7u);
  EXPECT_EQ(merged.text, text_of(whole.file()));
  EXPECT_EQ(merged.manifest.number("start"), 0u);
  EXPECT_EQ(merged.manifest.number("rows"), 7u);
}

TEST(Merge, PutsShardsTogether) {
  const LogFile first = part(0, 7, 3, "1/3"), second = part(1, 7, 3, "2/3"), third = part(2, 7, 3, "3/3"), whole = part(0, 7);
  const Merged merged = merge(std::vector{third.file(), first.file(), second.file()});
  EXPECT_EQ(merged.text, text_of(whole.file()));
  EXPECT_EQ(merged.manifest.number("skip"), 1u);
  EXPECT_FALSE(merged.manifest.text("shard"));
}

void set_first_plan(const LogFile& log, std::uint64_t rows) {
  Manifest manifest = read_manifest(manifest_path(log.file()));
  manifest.set("first_plan", rows);
  write_manifest(manifest, manifest_path(log.file()));
}

// Bounds on a test set need a number of images that nobody chose by their results.
TEST(Merge, HidesNoShardThatWasExtended) {
  const LogFile first = part(0, 20, 2, "1/2"), second = part(1, 20, 2, "2/2");
  const auto planned = [&] { return merge(std::vector{first.file(), second.file()}).manifest.number("first_plan"); };
  for (const LogFile* shard : {&first, &second}) set_first_plan(*shard, 10);
  EXPECT_EQ(planned(), 20U);
  set_first_plan(first, 15);  // stopped early
  EXPECT_EQ(planned(), 25U);
  set_first_plan(second, 1);  // extended by nine
  EXPECT_EQ(planned(), 11U);
}

TEST(Merge, SharesNoAlphaAmongMoreImagesThanItWasSharedAmong) {
  const auto family = [](std::size_t from, std::size_t to) {
    Settings shared = settings;
    shared.alpha /= 6;
    shared.family_size = 6;
    Manifest manifest = manifest_of(shared, to - from);
    for (auto& entry : manifest.entries)
      if (entry.name == "start") entry.json = std::to_string(from);
    const std::vector<Record> rows = rows_of(shared, to);
    return LogFile(kind_of(shared), manifest, {rows.begin() + static_cast<std::ptrdiff_t>(from), rows.end()});
  };
  const LogFile first = family(0, 3), second = family(3, 6), third = family(6, 7);
  EXPECT_EQ(merge(std::vector{first.file(), second.file()}).rows, 6U);
  expect_refused({first.file(), second.file(), third.file()}, "have 7 rows, and alpha was shared among 6");
}

TEST(Merge, RefusesWhatIsMissingOrThereTwice) {
  expect_refused({part(0, 3).file() / "nothing"}, "no such file");
  const LogFile low = part(0, 3), from_3 = part(3, 7), from_4 = part(4, 7), from_2 = part(2, 7);
  expect_refused({low.file(), from_4.file()}, "image 3 is missing");
  expect_refused({low.file(), from_2.file()}, "image 2 is in both");
  const LogFile first = part(0, 7, 3, "1/3"), second = part(1, 7, 3, "2/3"), third = part(2, 7, 3, "3/3");
  expect_refused({first.file(), third.file()}, "shard 2/3 is missing");
  expect_refused({second.file()}, "shards 1/3, 3/3 are missing");
  expect_refused({first.file(), second.file(), second.file(), third.file()}, "shard 2/3 is in both");
  expect_refused({first.file(), low.file()}, "share out the images in different ways");
  std::filesystem::remove(manifest_path(from_3.file()));
  expect_refused({low.file(), from_3.file()}, "has no manifest");
}

TEST(Merge, RefusesManifestsThatSayWhatCannotBe) {
  for (const auto& [skip, shard] : {std::pair{3u, "0/3"}, {3u, "4/3"}, {3u, "1"}, {3u, "a/b"}, {2u, "1/3"}}) {
    const LogFile log = part(0, 7, skip, shard);
    expect_refused({log.file()}, "the manifest's");
  }
}

TEST(Merge, RefusesPartsOfDifferentRuns) {
  const LogFile first = part(0, 3);
  Settings other = settings;
  other.alpha = 0.01;
  Manifest manifest = manifest_of(other, 2);
  const std::vector<Record> rows = rows_of(other, 5);
  const LogFile second(kind_of(other), manifest, {rows[3], rows[4]});
  expect_refused({first.file(), second.file()}, "different runs: alpha is 0.001 in the one, 0.01 in the other");
}

}  // namespace
}  // namespace ballast::log::merge_test
