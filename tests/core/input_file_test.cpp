// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/input_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "../bounded.hpp"
#include "ballast/core/sha256.hpp"

namespace ballast::input_file_test {
namespace {

namespace fs = std::filesystem;

class InputFileTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }

  const fs::path folder_ = fs::temp_directory_path() / ("ballast_core_" + std::to_string(getpid()));
};

TEST_F(InputFileTest, GivesAllBytesUpToTheLimit) {
  const std::string bytes = std::string(200'000, 'x') + '\0' + "\n", file = write("a", bytes);
  EXPECT_EQ(read_whole(file, bytes.size()), bytes);
  EXPECT_EQ(read_whole_bytes(file, 1 << 20).size(), bytes.size());
  EXPECT_EQ(read_start(file, 3), (std::vector<std::uint8_t>{'x', 'x', 'x'}));
  EXPECT_EQ(read_start(file, 1 << 20).size(), bytes.size());
  EXPECT_EQ(read_whole(write("b", ""), 0), "");
  EXPECT_EQ(testing::refusal_of([&] { read_whole(file, bytes.size() - 1); }), file + ": is 200002 bytes long; at most 200001 are allowed");
}

TEST_F(InputFileTest, KnowsNothingOfTheSizeOfFilesThatTheSystemMakesUp) { EXPECT_NE(read_whole("/proc/self/status", 1 << 20), ""); }

TEST_F(InputFileTest, ReadsUnnamedPipesUpToTheLimit) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "some bytes", 10), 10);
  close(ends[1]);
  const std::string name = "/dev/fd/" + std::to_string(ends[0]);
  EXPECT_EQ(read_whole(name, 10), "some bytes");
  close(ends[0]);

  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "some bytes", 10), 10);
  close(ends[1]);
  const std::string other = "/dev/fd/" + std::to_string(ends[0]);
  EXPECT_EQ(testing::refusal_of([&] { read_whole(other, 9); }), other + ": is longer than the 9 bytes that are allowed");
  close(ends[0]);
}

TEST_F(InputFileTest, RefusesWhatDoesNotBeginOrDoesNotEnd) {
  const std::string pipe = (folder_ / "pipe").string(), large = write("large", "x");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  fs::resize_file(large, std::uintmax_t{10} << 30);
  const auto refused = [](const std::string& file, const std::string& words) {
    EXPECT_TRUE(testing::is_refused_within_bounds([&] { read_whole(file, 1 << 20); }, file + ": " + words));
    EXPECT_TRUE(testing::is_refused_within_bounds([&] { read_whole_bytes(file, 1 << 20); }, file + ": " + words));
  };
  refused(pipe, "is a named pipe; a file is needed");
  refused("/dev/zero", "is a device; a file is needed");
  refused("/dev/null", "is a device; a file is needed");
  refused(large, "is 10737418240 bytes long; at most 1048576 are allowed");
  refused(folder_.string(), "cannot be read");
  refused((folder_ / "none").string(), "cannot be read");
  EXPECT_TRUE(testing::is_refused_within_bounds([&] { sha256_of_file(pipe); }, "named pipe"));
  EXPECT_TRUE(testing::is_refused_within_bounds([] { sha256_of_file("/dev/zero"); }, "device"));
}

}  // namespace
}  // namespace ballast::input_file_test
