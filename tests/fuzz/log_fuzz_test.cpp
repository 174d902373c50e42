// SPDX-License-Identifier: Apache-2.0
//
// Mutated logs: each is read, or refused with InputError; nothing else happens.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "ballast/log/log_writer.hpp"
#include "readers.hpp"

namespace ballast::log::log_fuzz_test {
namespace {

std::string valid_log() {
  std::string text = header_line(Kind::certify) + "\n";
  for (std::uint64_t i = 0; i < 5; ++i) {
    Record record;
    record.index = i;
    record.label = static_cast<Label>(i);
    record.predict = 2;
    record.radius = 0.25;
    record.samples = 100;
    record.count = 99;
    record.selection = {0, 1, 9, 0};
    record.counts = {0, 1, 99, 0};
    text += to_line(record, Kind::certify) + "\n";
  }
  return text;
}

TEST(LogReader, ReadsOrRefusesWhateverItIsGiven) {
  const auto file = std::filesystem::temp_directory_path() / ("ballast_log_fuzz_" + std::to_string(getpid()));
  const std::string valid = valid_log(), pieces = "\t\n\r:,-+.eE0123456789naix\xff";
  std::mt19937_64 random(2026);
  int read = 0, refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = valid;
    for (std::uint64_t change = random() % 4 + 1; change > 0; --change) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = pieces[random() % pieces.size()]; break;
        case 1: text.insert(at, 1, pieces[random() % pieces.size()]); break;
        case 2: text.erase(at, random() % 20); break;
        default: text.resize(at + 1); break;
      }
      if (text.empty()) text = "\n";
    }
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    ++(fuzz::is_read([&] { read_log(file); }) ? read : refused);
  }
  std::filesystem::remove(file);
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace ballast::log::log_fuzz_test
