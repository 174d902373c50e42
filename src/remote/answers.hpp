// SPDX-License-Identifier: Apache-2.0
//
// Bytes that a command answers with, and the labels in them: a line of them, or an .npy file of labels (images) or scores
// (images x classes).

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::remote {

using Clock = std::chrono::steady_clock;

// Who answers is not trusted. All throw std::runtime_error, starting with who it is.
class Answers {
 public:
  explicit Answers(std::string who) : who_(std::move(who)) {}
  virtual ~Answers() = default;

  // Labels of so many images, and nothing behind them.
  void read_labels(std::span<Label> labels, int classes, Clock::time_point deadline);

 protected:
  // Adds at least one byte to output_, or throws.
  virtual void wait_for_more(Clock::time_point deadline) = 0;

  std::string who_;
  std::vector<std::uint8_t> output_;  // what has come, and nobody has asked for yet

 private:
  // The next bytes, waiting for so many.
  std::vector<std::uint8_t> take(std::size_t count, Clock::time_point deadline);
  std::string take_line(std::size_t longest, Clock::time_point deadline);  // without its newline
  void wait_for(std::size_t count, Clock::time_point deadline);

  void read_line(std::span<Label> labels, int classes, Clock::time_point deadline);
  void read_array(std::span<Label> labels, int classes, Clock::time_point deadline);
};

}  // namespace ballast::remote
