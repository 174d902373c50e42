// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace ballast::run {
namespace {

constexpr std::chrono::milliseconds terminal_interval{100}, plain_interval{10'000};
constexpr std::size_t usual_columns = 80;
constexpr double telling_seconds = 0.5;  // of a run, from which on its pace means something

std::size_t columns_of(std::FILE* terminal) {
  winsize size{};
  return ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_columns;
}

std::uint64_t drawn_of_image(const Standing& s) {
  const std::uint64_t finished = (s.done - s.resumed) * s.samples_of_image;
  return s.drawn > finished ? std::min(s.drawn - finished, s.samples_of_image) : 0;
}

bool shows_inside(const Standing& s) { return s.samples_of_image > 0 && s.one_by_one; }

std::optional<double> rate_of(const Standing& s) {
  if (s.drawn == 0 || s.seconds < telling_seconds) return {};
  return static_cast<double>(s.drawn) / s.seconds;
}

std::string images_text(const Standing& s) {
  std::string text = fmt::format("{}/{} image{}", s.done, s.total, s.total == 1 ? "" : "s");
  if (s.stopping) text += ", stopping";
  else if (const auto left = seconds_left(s)) text += fmt::format(", {} left", duration_text(*left));
  else if (s.done == s.resumed) text += fmt::format(", {} so far", duration_text(s.seconds));
  return text;
}

std::string inside_text(const Standing& s) {
  const std::uint64_t drawn = drawn_of_image(s);
  const auto rate = rate_of(s);
  const std::string left = rate ? fmt::format(" ({} left)", duration_text(static_cast<double>(s.samples_of_image - drawn) / *rate)) : "";
  return fmt::format("{}/{} samples{}", grouped(drawn), grouped(s.samples_of_image), left);
}

std::string finished_text(const Standing& s) {
  const auto here = static_cast<double>(s.done - s.resumed);
  std::string text = fmt::format("{}/{} image{}", s.done, s.total, s.total == 1 ? "" : "s");
  if (here > 0) text += fmt::format(", {}  {:.2f} s an image", duration_text(s.seconds), s.seconds / here);
  return text;
}

}  // namespace

ProgressLine::ProgressLine(bool quiet, std::FILE* out)
    : out_(out),
      quiet_(quiet),
      terminal_(isatty(fileno(out)) != 0),
      last_(std::chrono::steady_clock::now() - (terminal_ ? plain_interval : plain_interval / 2)) {}

ProgressLine::~ProgressLine() { end(); }

void ProgressLine::end() {
  if (open_) std::fputc('\n', out_);
  open_ = false;
  last_width_ = 0;
}

bool ProgressLine::is_due(bool finished) const {
  return !quiet_ && (finished || std::chrono::steady_clock::now() - last_ >= (terminal_ ? terminal_interval : plain_interval));
}

void ProgressLine::show(const std::string& text, bool finished) {
  if (!is_due(finished)) return;
  last_ = std::chrono::steady_clock::now();
  if (terminal_) {
    const std::size_t columns = columns_of(out_) - 1;  // a full line would wrap
    const std::string shown = fitted(text, columns);
    const std::size_t blanks = std::min(last_width_, columns) - std::min(last_width_, std::min(shown.size(), columns));
    std::fputs(fmt::format("\r{}{}", shown, std::string(blanks, ' ')).c_str(),
               out_);  // a stream that cannot be written to never ends a run
    last_width_ = shown.size();
    open_ = true;
  } else {
    std::fputs((text + "\n").c_str(), out_);
  }
  std::fflush(out_);
}

void ProgressLine::say(const std::string& text) {
  clear();
  std::fputs((text + "\n").c_str(), out_);
  std::fflush(out_);
}

void ProgressLine::clear() {
  if (!terminal_ || last_width_ == 0) return;
  constexpr std::size_t typed = 2;  // "^C", which the terminal has put behind it
  const std::size_t width = std::min(last_width_ + typed, columns_of(out_) - 1);
  std::fputs(fmt::format("\r{}\r", std::string(width, ' ')).c_str(), out_);
  last_width_ = 0;
  open_ = false;
}

std::string fitted(const std::string& text, std::size_t columns) {
  if (text.size() <= columns) return text;
  const std::size_t between = text.rfind("  ", columns);
  return text.substr(0, between == std::string::npos || between == 0 ? columns : between);
}

std::optional<double> seconds_left(const Standing& s) {
  const auto images = static_cast<double>(s.total - s.done);
  if (const auto rate = rate_of(s); rate && s.samples_of_image > 0) {
    const double inside = s.one_by_one ? static_cast<double>(drawn_of_image(s)) : 0;
    return std::max(0.0, (images * static_cast<double>(s.samples_of_image) - inside) / *rate);
  }
  if (s.done == s.resumed) return {};
  return s.seconds / static_cast<double>(s.done - s.resumed) * images;
}

std::string progress_text(const Standing& s) {
  if (s.done == s.total) return fmt::format("{}{}{}", finished_text(s), s.so_far.empty() ? "" : "  ", s.so_far);
  std::string text = images_text(s);
  if (shows_inside(s)) text += "  " + inside_text(s);
  else if (s.drawn > 0) text += "  " + counted(s.drawn, "sample");
  if (const auto rate = rate_of(s)) text += fmt::format("  {}/s", grouped(static_cast<std::uint64_t>(std::llround(*rate))));
  if (!s.so_far.empty()) text += "  " + s.so_far;
  return text;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  if (whole >= 60) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

std::string grouped(std::uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, ",");
  return text;
}

std::string counted(std::uint64_t count, const std::string& one) {
  return fmt::format("{} {}{}", grouped(count), one, count == 1 ? "" : "s");
}

}  // namespace ballast::run
