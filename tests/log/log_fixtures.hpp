// SPDX-License-Identifier: Apache-2.0
//
// Rows, and a folder that goes with the test.

#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "ballast/log/log_writer.hpp"
#include "ballast/log/settings.hpp"

namespace ballast::log {

using procedure::Anytime, procedure::Attack, procedure::FixedSamples, procedure::NamedRadii, procedure::Prediction, procedure::Sequential,
    procedure::Splitting, procedure::Tolerance, procedure::Verification;
using procedure::is, procedure::name_of;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() / ("ballast_log_test_" + std::to_string(getpid()) + "_" + std::to_string(number++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline Record row(std::uint64_t index) {
  Record record;
  record.index = index;
  record.label = 3;
  if (index % 3 != 0) record.predict = 3;
  record.radius = record.predict ? 0.123456789 * static_cast<double>(index) : 0;
  record.correct = record.predict == record.label;
  record.seconds = 3661.25;
  record.p_lower = 0.9990770386693393;
  record.samples = 10'000;
  record.count = 9'990;
  record.runner_up = 1;
  record.runner_up_count = 7;
  record.selection = {0, 0, 0, 100, 0};
  record.counts = {1, 7, 0, 9'990, 2};
  return record;
}

inline Manifest manifest(double alpha = 0.001) {
  Manifest made;
  made.add("ballast", "0.1.0");
  made.add("command", "ballast certify");
  made.add("alpha", alpha);
  made.add("seed", std::uint64_t{18446744073709551615u});
  return made;
}

}  // namespace ballast::log
