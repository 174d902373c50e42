// SPDX-License-Identifier: Apache-2.0
//
// A command that is talked to over its standard input and output.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::remote {

using Clock = std::chrono::steady_clock;

// In a process group of its own, so that Ctrl-C does not reach it before the row under way is done. Its stderr is ours.
class Process {
 public:
  // "exec:" and the beginning of the command, for messages.
  static std::string short_name(const std::string& command);

  // By /bin/sh -c. Throws std::runtime_error where it cannot be started.
  explicit Process(const std::string& command);
  ~Process();  // closes its input, waits a moment, then kills its group
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // What is to be written, while what comes meanwhile is kept for take(). Both throw std::runtime_error where the
  // process ends, closes its output or is not ready by the deadline.
  void write(std::string_view head, std::span<const std::uint8_t> body, Clock::time_point deadline);

  // The next bytes of its output, waiting for so many.
  std::vector<std::uint8_t> take(std::size_t count, Clock::time_point deadline);
  std::uint8_t peek(Clock::time_point deadline);
  std::string take_line(std::size_t longest, Clock::time_point deadline);  // without its newline

  // Bytes of its output that nobody has asked for.
  bool has_more() const { return !output_.empty(); }

 private:
  bool exchange(std::string_view& to_write, Clock::time_point deadline);
  void wait_for(std::size_t count, Clock::time_point deadline);
  [[noreturn]] void complain_of_end();

  std::string who_;
  pid_t pid_ = -1;
  int input_ = -1, from_ = -1;
  std::vector<std::uint8_t> output_;
};

}  // namespace ballast::remote
