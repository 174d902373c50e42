// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

namespace ballast::run {
namespace {

constexpr std::chrono::milliseconds terminal_interval{100}, plain_interval{10'000};

}  // namespace

ProgressLine::ProgressLine(bool quiet, std::FILE* out)
    : out_(out),
      quiet_(quiet),
      terminal_(isatty(fileno(out)) != 0),
      last_(std::chrono::steady_clock::now() - (terminal_ ? plain_interval : plain_interval / 2)) {}

ProgressLine::~ProgressLine() {
  if (open_) std::fputc('\n', out_);
}

bool ProgressLine::is_due(bool finished) const {
  return !quiet_ && (finished || std::chrono::steady_clock::now() - last_ >= (terminal_ ? terminal_interval : plain_interval));
}

void ProgressLine::show(const std::string& text, bool finished) {
  if (!is_due(finished)) return;
  last_ = std::chrono::steady_clock::now();
  if (terminal_) {
    const std::string blank(last_width_ > text.size() ? last_width_ - text.size() : 0, ' ');
    std::fputs(fmt::format("\r{}{}", text, blank).c_str(), out_);  // a stream that cannot be written to never ends a run
    last_width_ = text.size();
    open_ = true;
  } else {
    std::fputs((text + "\n").c_str(), out_);
  }
  std::fflush(out_);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  if (whole >= 60) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

}  // namespace ballast::run
