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

#include "answers.hpp"

namespace ballast::remote {

// In a process group of its own, so that Ctrl-C does not reach it before the row under way is done. Its stderr is ours.
class Process : public Answers {
 public:
  // "exec:" and the beginning of the command, for messages.
  static std::string short_name(const std::string& command);

  // By /bin/sh -c. Throws std::runtime_error where it cannot be started.
  explicit Process(const std::string& command);
  ~Process() override;  // closes its input, waits a moment, then kills its group
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // What is to be written, while what comes meanwhile is kept. Throws std::runtime_error where the process ends, closes its output
  // or is not ready by the deadline, as the waiting for answers does.
  void write(std::string_view head, std::span<const std::uint8_t> body, Clock::time_point deadline);

 private:
  void wait_for_more(Clock::time_point deadline) override;
  bool exchange(std::string_view& to_write, Clock::time_point deadline);
  [[noreturn]] void complain_of_end();

  pid_t pid_ = -1;
  int input_ = -1, from_ = -1;
};

}  // namespace ballast::remote
