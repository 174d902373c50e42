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

// The rows from one image on, and before another.
LogFile part(std::size_t from, std::size_t to) {
  const std::vector<Record> rows = rows_of(settings, to);
  Manifest manifest = manifest_of(settings, to - from);
  for (auto& entry : manifest.entries) {
    if (entry.name == "start") entry.json = std::to_string(from);
  }
  return LogFile(kind_of(settings), manifest, std::vector<Record>(rows.begin() + static_cast<std::ptrdiff_t>(from), rows.end()));
}

TEST(Merge, PutsRangesThatFollowEachOtherInOrder) {
  const LogFile first = part(0, 3), second = part(3, 7), whole = part(0, 7);
  const Merged merged = merge(std::vector{second.file(), first.file()});
  EXPECT_EQ(merged.rows, 7u);
  EXPECT_EQ(merged.text, text_of(whole.file()));
  EXPECT_EQ(merged.manifest.number("start"), 0u);
  EXPECT_EQ(merged.manifest.number("rows"), 7u);
}

TEST(Merge, RefusesAnImageThatIsMissing) {
  const LogFile first = part(0, 3), second = part(4, 7);
  try {
    merge(std::vector{first.file(), second.file()});
    FAIL() << "merged";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("image 3 is missing"), std::string::npos) << error.what();
  }
}

TEST(Merge, RefusesAnImageThatIsInTwoParts) {
  const LogFile first = part(0, 4), second = part(3, 7);
  try {
    merge(std::vector{first.file(), second.file()});
    FAIL() << "merged";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("image 3 is in both"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace ballast::log::merge_test
