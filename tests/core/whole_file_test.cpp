// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/whole_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::whole_file_test {
namespace {

namespace fs = std::filesystem;

class WholeFile : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t entries() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  fs::path folder_ = fs::temp_directory_path() / ("ballast_whole_file_test_" + std::to_string(getpid()));
};

TEST_F(WholeFile, ReplacesWhatIsThereAndLeavesNothingBesideIt) {
  for (const char* bytes : {"first", "second"}) {
    write_whole(folder_ / "file", bytes);
    EXPECT_EQ(bytes_of(folder_ / "file"), bytes);
  }
  EXPECT_EQ(entries(), 1U);
  EXPECT_THROW(write_whole(folder_ / "absent/file", "x"), InputError);
}

TEST_F(WholeFile, LeavesALinkAndWritesWhatItLeadsTo) {
  fs::create_directories(folder_ / "other");
  write_whole(folder_ / "other/file", "before");
  fs::create_symlink("other/file", folder_ / "link");
  write_whole(folder_ / "link", "after");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(bytes_of(folder_ / "other/file"), "after");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(WholeFile, ReplacesALinkThatLeadsNowhere) {
  fs::create_symlink("nowhere", folder_ / "link");
  write_whole(folder_ / "link", "there");
  EXPECT_EQ(bytes_of(folder_ / "link"), "there");
}

TEST_F(WholeFile, WritesToWhatIsNoFile) {
  fs::create_symlink("/dev/null", folder_ / "link");
  write_whole(folder_ / "link", "gone");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace ballast::whole_file_test
