// SPDX-License-Identifier: Apache-2.0
//
// Shows a person how far a long run is.

#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace ballast::run {

// One line that renews itself on a terminal, a plain line every ten seconds
// elsewhere, nothing at all where quiet. Ends its line when it goes.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet, std::FILE* out = stderr);
  ~ProgressLine();

  // Whether show would show anything now: ask before preparing a text that costs time.
  bool is_due(bool finished) const;

  // finished: shown whatever was shown before.
  void show(const std::string& text, bool finished);

 private:
  std::FILE* out_;
  bool quiet_, terminal_;
  bool open_ = false;
  std::size_t last_width_ = 0;
  std::chrono::steady_clock::time_point last_{};
};

// "1:02:03", "2:05" or "12 s".
std::string duration_text(double seconds);

}  // namespace ballast::run
